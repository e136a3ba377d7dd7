--- @include change
-- Frees what a booking holds. What somebody else holds by now, or what is sold or blocked, stays as it is.
--
-- KEYS 6 hold · then a key a seat · then a list of free units a unit
-- ARGV 1 generation · 2 booking · 3 'due' (only where its time is over) or 'now' · 4 n · n seat indices
--      · m · m times: area, unit index
-- -> {'OK'} | {'NOGEN'} | {'NOTDUE'}
if wrongGeneration() then return { 'NOGEN' } end
local booking, hold = ARGV[2], KEYS[6]

local ends = redis.call('ZSCORE', expiries, booking)
if not ends then return { 'OK' } end
if ARGV[3] == 'due' and tonumber(ends) > now then return { 'NOTDUE' } end

local seats = tonumber(ARGV[4])
for i = 1, seats do
  local owner = redis.call('GET', KEYS[6 + i])
  -- Without an owner the seat's key has ended: whoever held it last, it is free.
  if not owner or owner == booking then
    redis.call('DEL', KEYS[6 + i])
    if statusOf(ARGV[4 + i]) == HELD then setSeat(ARGV[4 + i], AVAILABLE) end
  end
end

local cursor = 5 + seats
local listOf = {}
for u = 1, tonumber(ARGV[cursor]) do
  local area, index = ARGV[cursor + 2 * u - 1], ARGV[cursor + 2 * u]
  local freeUnits = KEYS[6 + seats + u]
  if statusOf(index) == HELD then
    set(index, AVAILABLE)
    redis.call('RPUSH', freeUnits, index)
    listOf[area] = freeUnits
  end
end
for area, freeUnits in pairs(listOf) do areaChanged(tonumber(area), freeUnits) end

redis.call('ZREM', expiries, booking)
redis.call('DEL', hold)
announce()
return { 'OK' }
