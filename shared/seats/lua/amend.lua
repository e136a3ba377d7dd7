--- @include change
--- @include free
--- @include visitor
-- Adds to what a booking holds, and frees some of it. What is added was taken under another id for some seconds, or
-- is free; all of it or none. The hold's end stays. The other id may be the booking's own.
--
-- KEYS 6 hold · 7 the visitor's holds · 8 hold of the other id · then a key a seat added · a list of free units a unit
--      added · a key a seat dropped · a list of free units a unit dropped
-- ARGV 1 generation · 2 booking · 3 the other id · 4 visitor, or '' · 5 n · n seats added · m · m times: area, unit
--      added · and both for what is dropped
-- -> {'OK', now, until} | {'NOGEN'} | {'LOST'} | {'TAKEN', indices ...}
if wrongGeneration() then return { 'NOGEN' } end
local booking, other, hold, otherHold = ARGV[2], ARGV[3], KEYS[6], KEYS[8]

local ends = redis.call('ZSCORE', expiries, booking)
if not ends or tonumber(ends) <= now then return { 'LOST' } end
local till = tonumber(ends)

-- A list with commas as a set, and back.
local function setOf(list)
  local found = {}
  for part in string.gmatch(list or '', '[^,]+') do found[part] = true end
  return found
end
local function listOf(found)
  local parts = {}
  for part in pairs(found) do parts[#parts + 1] = part end
  table.sort(parts)
  return parts
end

local seatsHeld = setOf(redis.call('HGET', hold, 'seats'))
local unitsHeld = setOf(redis.call('HGET', hold, 'units'))
local otherUnits = setOf(redis.call('HGET', otherHold, 'units'))

local seats = tonumber(ARGV[5])
local cursor = 6 + seats
local units = tonumber(ARGV[cursor])
local taken = {}
for i = 1, seats do
  local owner, status = redis.call('GET', KEYS[8 + i]), statusOf(ARGV[5 + i])
  if status > HELD or (owner and owner ~= booking and owner ~= other) then taken[#taken + 1] = ARGV[5 + i] end
end
for u = 1, units do
  local index = ARGV[cursor + 2 * u]
  local unit = ARGV[cursor + 2 * u - 1] .. ':' .. index
  if not unitsHeld[unit] and not otherUnits[unit] and statusOf(index) ~= AVAILABLE then
    taken[#taken + 1] = index
  end
end
if #taken > 0 then return { 'TAKEN', unpack(taken) } end

for i = 1, seats do
  redis.call('SET', KEYS[8 + i], booking, 'PXAT', till)
  setSeat(ARGV[5 + i], HELD)
  seatsHeld[ARGV[5 + i]] = true
end
local listsChanged = {}
for u = 1, units do
  local area, index = ARGV[cursor + 2 * u - 1], ARGV[cursor + 2 * u]
  if set(index, HELD) == AVAILABLE then
    redis.call('LREM', KEYS[8 + seats + u], 1, index)
    listsChanged[area] = KEYS[8 + seats + u]
  end
  unitsHeld[area .. ':' .. index] = true
end
for area, freeUnits in pairs(listsChanged) do areaChanged(tonumber(area), freeUnits) end
if other ~= booking then
  redis.call('DEL', otherHold)
  redis.call('ZREM', expiries, other)
end

local dropArg = cursor + 2 * units + 1
local drops = tonumber(ARGV[dropArg])
for i = 1, drops do seatsHeld[ARGV[dropArg + i]] = nil end
local dropUnits = dropArg + drops + 1
for u = 1, tonumber(ARGV[dropUnits]) do
  unitsHeld[ARGV[dropUnits + 2 * u - 1] .. ':' .. ARGV[dropUnits + 2 * u]] = nil
end
freeHeld(booking, 9 + seats + units, dropArg)

local seatList, unitList = listOf(seatsHeld), listOf(unitsHeld)
redis.call('HSET', hold, 'seats', table.concat(seatList, ','), 'units', table.concat(unitList, ','))
if ARGV[4] ~= '' then
  for _, unit in ipairs(unitList) do seatList[#seatList + 1] = string.match(unit, ':(%d+)$') end
  if other ~= booking then redis.call('HDEL', KEYS[7], other) end
  holdsNow(KEYS[7], booking, till, table.concat(seatList, ','))
end
announce()
return { 'OK', now, till }
