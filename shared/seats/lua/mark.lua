--- @include change
--- @include free
-- Shows what Postgres has decided, whatever stood here: sold, blocked, or available again.
--
-- KEYS 6 hold of the booking that ends with it (its name is used only where ARGV 2 is set) · 7 its visitor's holds · then a
--      key a seat · a list of free units a unit · and both for what else the booking held, which is freed
-- ARGV 1 generation · 2 booking or '' · 3 status · 4 the only status it may take the place of, or '' · 5 n · n seat
--      indices · m · m times: area, unit index · and both for what else the booking held
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local booking, status, only = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- Available again takes nothing from a live hold.
local function mayChange(before)
  if only then return before == only end
  return status ~= AVAILABLE or before ~= HELD
end

local seats = tonumber(ARGV[5])
for i = 1, seats do
  if mayChange(statusOf(ARGV[5 + i])) then
    redis.call('DEL', KEYS[7 + i])
    setSeat(ARGV[5 + i], status)
  end
end

local cursor = 6 + seats
local marked = tonumber(ARGV[cursor])
local listOf = {}
for u = 1, marked do
  local area, index = ARGV[cursor + 2 * u - 1], ARGV[cursor + 2 * u]
  local freeUnits = KEYS[7 + seats + u]
  local before = statusOf(index)
  if before ~= status and mayChange(before) then
    if before == AVAILABLE then redis.call('LREM', freeUnits, 1, index) end
    if status == AVAILABLE then redis.call('RPUSH', freeUnits, index) end
    set(index, status)
    listOf[area] = freeUnits
  end
end
for area, freeUnits in pairs(listOf) do areaChanged(tonumber(area), freeUnits) end

if booking ~= '' then
  freeHeld(booking, 8 + seats + marked, cursor + 2 * marked + 1)
  redis.call('HDEL', KEYS[7], booking)
  redis.call('ZREM', expiries, booking)
  redis.call('DEL', KEYS[6])
end
announce()
return { 'OK' }
