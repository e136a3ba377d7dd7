--- @include change
--- @include free
-- Frees what a booking holds. What somebody else holds by now, or what is sold or blocked, stays as it is.
--
-- KEYS 6 hold · 7 the visitor's holds · then a key a seat · then a list of free units a unit
-- ARGV 1 generation · 2 booking · 3 'due' (only where its time is over) or 'now' · 4 n · n seat indices
--      · m · m times: area, unit index
-- -> {'OK'} | {'NOGEN'} | {'NOTDUE'}
if wrongGeneration() then return { 'NOGEN' } end
local booking, hold = ARGV[2], KEYS[6]

local ends = redis.call('ZSCORE', expiries, booking)
if not ends then return { 'OK' } end
if ARGV[3] == 'due' and tonumber(ends) > now then return { 'NOTDUE' } end

freeHeld(booking, 8, 4)
redis.call('ZREM', expiries, booking)
redis.call('DEL', hold)
redis.call('HDEL', KEYS[7], booking)
announce()
return { 'OK' }
