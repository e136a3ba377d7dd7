--- @include change
-- Shows what Postgres has decided, whatever stood here: sold, blocked, or available again.
--
-- KEYS 6 hold of the booking that ends with it (its name is used only where ARGV 2 is set) · then a key a seat
--      · then a list of free units a unit
-- ARGV 1 generation · 2 booking or '' · 3 status · 4 n · n seat indices · m · m times: area, unit index
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local booking, status = ARGV[2], tonumber(ARGV[3])

local seats = tonumber(ARGV[4])
for i = 1, seats do
  -- Available again takes nothing from a live hold.
  if status ~= AVAILABLE or statusOf(ARGV[4 + i]) ~= HELD then
    redis.call('DEL', KEYS[6 + i])
    setSeat(ARGV[4 + i], status)
  end
end

local cursor = 5 + seats
local listOf = {}
for u = 1, tonumber(ARGV[cursor]) do
  local area, index = ARGV[cursor + 2 * u - 1], ARGV[cursor + 2 * u]
  local freeUnits = KEYS[6 + seats + u]
  local before = statusOf(index)
  if before ~= status and (status ~= AVAILABLE or before ~= HELD) then
    if before == AVAILABLE then redis.call('LREM', freeUnits, 1, index) end
    if status == AVAILABLE then redis.call('RPUSH', freeUnits, index) end
    set(index, status)
    listOf[area] = freeUnits
  end
end
for area, freeUnits in pairs(listOf) do areaChanged(tonumber(area), freeUnits) end

if booking ~= '' then
  redis.call('ZREM', expiries, booking)
  redis.call('DEL', KEYS[6])
end
announce()
return { 'OK' }
