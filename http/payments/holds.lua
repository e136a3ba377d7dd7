--- Counts holds and those that were late, for all nodes: what was counted a second ago is worth half.
--- KEYS hash
--- ARGV 1 how many more · 2 how many of them late · 3 how many tell something · 4 what share of them is late · 5 for how long payments
---   are slow at most, ms: that is used up while holds are late, and comes back as fast while they are in time
--- Returns 1 where payments have to be slow, else 0
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local longest = tonumber(ARGV[5])
local kept = redis.call('HMGET', KEYS[1], 'at', 'all', 'late', 'used')
local gap = math.max(0, now - tonumber(kept[1] or now))
local worth = 0.5 ^ (gap / 1000)
local all, late = worth * (kept[2] or 0) + ARGV[1], worth * (kept[3] or 0) + ARGV[2]
local isLate = all >= tonumber(ARGV[3]) and late >= ARGV[4] * all
local used = tonumber(kept[4] or 0)
if isLate then used = math.min(longest, used + gap) else used = math.max(0, used - gap) end
if tonumber(ARGV[1]) > 0 then
  redis.call('HSET', KEYS[1], 'at', string.format('%d', now), 'all', tostring(all), 'late', tostring(late), 'used', string.format('%d', used))
  redis.call('PEXPIRE', KEYS[1], longest)
end
return isLate and used < longest and 1 or 0
