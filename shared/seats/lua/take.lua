--- @include change
--- @include visitor
-- Takes every wanted seat with SET NX PX, and so many units of each area; all or none.
--
-- KEYS 6 queue cfg · 7 queue act · 8 hold · 9 the visitor's holds · 10 the call under way · then a key a seat · then a list of
--      free units an area
-- ARGV 1 generation · 2 booking · 3 ttl ms · 4 member of act, or '' where no pass is asked · 5 visitor, or '' · 6 the most
--      the visitor may hold at once, 0 where nobody counts · 7 whether the call has a name · 8 n · n seat indices · m
--      · m times: area, quantity · k · k times: area position, unit index (units wanted by index, for late money)
-- -> {'OK', now, until, what the visitor holds beside it with commas, unit indices ...} | {'NOGEN'} | {'FLIGHT'} | {'NOPASS'}
--    | {'LIMIT', held} | {'TAKEN', seat indices ...} | {'SHORT', area, left}
if wrongGeneration() then return { 'NOGEN' } end
local booking, ttl, member = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local queueCfg, act, hold, visitorHolds, flight = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local visitor, limit, isNamed = ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'

if isNamed and redis.call('EXISTS', flight) == 1 then return { 'FLIGHT' } end

if member ~= '' then
  local queue = redis.call('HGET', queueCfg, 'state')
  if queue and queue ~= 'off' then
    local slotEnd = redis.call('ZSCORE', act, member)
    if not slotEnd or tonumber(slotEnd) <= now then return { 'NOPASS' } end
  end
end

local seats = tonumber(ARGV[8])
local cursor = 9 + seats
local wantedAreas = tonumber(ARGV[cursor])
local named = cursor + 2 * wantedAreas + 1
local wantedUnits = tonumber(ARGV[named])

-- Most who fight for seats lose, so that is looked at first, and many seats at a time.
local AT_ONCE = 500
local taken = {}
for first = 1, seats, AT_ONCE do
  local last = math.min(first + AT_ONCE - 1, seats)
  local ask, names = { state }, {}
  for i = first, last do
    local n = #ask
    ask[n + 1], ask[n + 2], ask[n + 3] = 'GET', 'u2', '#' .. ARGV[8 + i]
    names[#names + 1] = KEYS[10 + i]
  end
  local statuses, holders = redis.call('BITFIELD', unpack(ask)), redis.call('MGET', unpack(names))
  for i = first, last do
    -- A held bit whose key has ended is a hold the sweeper has not come to: the seat is free.
    if statuses[i - first + 1] > HELD or holders[i - first + 1] then taken[#taken + 1] = ARGV[8 + i] end
  end
end
if #taken > 0 then return { 'TAKEN', unpack(taken) } end

local beside = {}
if visitor ~= '' then
  local lists, held = holdsBeside(visitorHolds, booking)
  beside = lists
  local wanted = seats + wantedUnits
  for a = 1, wantedAreas do wanted = wanted + tonumber(ARGV[cursor + 2 * a]) end
  if limit > 0 and held + wanted > limit then return { 'LIMIT', held } end
end

for a = 1, wantedAreas do
  local quantity = tonumber(ARGV[cursor + 2 * a])
  local left = redis.call('LLEN', KEYS[10 + seats + a])
  if left < quantity then return { 'SHORT', ARGV[cursor + 2 * a - 1], left } end
end

for u = 1, wantedUnits do
  local index = ARGV[named + 2 * u]
  if statusOf(index) ~= AVAILABLE then taken[#taken + 1] = index end
end
if #taken > 0 then return { 'TAKEN', unpack(taken) } end

local till = now + ttl
local held, units = {}, {}
for i = 1, seats do
  redis.call('SET', KEYS[10 + i], booking, 'NX', 'PX', ttl)
  held[i] = ARGV[8 + i]
  setSeat(ARGV[8 + i], HELD)
end

local answer = { 'OK', now, till, table.concat(beside, ',') }
local all = { unpack(held) }
local function takeUnit(area, index)
  set(index, HELD)
  units[#units + 1] = area .. ':' .. index
  all[#all + 1] = index
  answer[#answer + 1] = index
end
for a = 1, wantedAreas do
  local area, quantity = ARGV[cursor + 2 * a - 1], tonumber(ARGV[cursor + 2 * a])
  local freeUnits = KEYS[10 + seats + a]
  for _ = 1, quantity do takeUnit(area, redis.call('RPOP', freeUnits)) end
  areaChanged(tonumber(area), freeUnits)
end
local listOf = {}
for u = 1, wantedUnits do
  local area, index = ARGV[named + 2 * u - 1], ARGV[named + 2 * u]
  local freeUnits = KEYS[10 + seats + wantedAreas + u]
  redis.call('LREM', freeUnits, 1, index)
  takeUnit(area, index)
  listOf[area] = freeUnits
end
for area, freeUnits in pairs(listOf) do areaChanged(tonumber(area), freeUnits) end

redis.call('HSET', hold, 'seats', table.concat(held, ','), 'units', table.concat(units, ','), 'until', till,
  'visitor', visitor)
if visitor ~= '' then holdsNow(visitorHolds, booking, till, table.concat(all, ',')) end
redis.call('ZADD', expiries, till, booking)
-- Whoever dies on the way leaves seats and call free at the same time.
if isNamed then redis.call('SET', flight, booking, 'PX', ttl) end
announce()
return answer
