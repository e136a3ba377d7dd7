--- @include change
--- @include visitor
-- Gives a hold a new end, if its booking still owns every seat of it. No status changes, so nothing is announced.
--
-- KEYS 6 hold · 7 the visitor's holds · 8 the call that ends with it, see take.lua · then a key a seat
-- ARGV 1 generation · 2 booking · 3 ttl ms · 4 every index held, with commas; '' where nobody counts them · 5 whether a call ends
-- -> {'OK', now, until} | {'NOGEN'} | {'LOST'}
if wrongGeneration() then return { 'NOGEN' } end
local booking, ttl, hold = ARGV[2], tonumber(ARGV[3]), KEYS[6]

local ends = redis.call('ZSCORE', expiries, booking)
if not ends or tonumber(ends) <= now then return { 'LOST' } end
for i = 9, #KEYS do
  if redis.call('GET', KEYS[i]) ~= booking then return { 'LOST' } end
end

local till = now + ttl
for i = 9, #KEYS do redis.call('PEXPIRE', KEYS[i], ttl) end
redis.call('ZADD', expiries, till, booking)
redis.call('HSET', hold, 'until', till)
if ARGV[4] ~= '' then holdsNow(KEYS[7], booking, till, ARGV[4]) end
if ARGV[5] == '1' then redis.call('DEL', KEYS[8]) end
return { 'OK', now, till }
