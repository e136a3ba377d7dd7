--- Counts holds and those that were late, for all nodes: what was counted a second ago is worth half.
--- KEYS hash
--- ARGV 1 how many more · 2 how many of them late
--- Returns how many there were lately, and of them late, as texts
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local kept = redis.call('HMGET', KEYS[1], 'at', 'all', 'late')
local worth = kept[1] and 0.5 ^ (math.max(0, now - tonumber(kept[1])) / 1000) or 0
local all, late = worth * (kept[2] or 0) + ARGV[1], worth * (kept[3] or 0) + ARGV[2]
if tonumber(ARGV[1]) > 0 then
  redis.call('HSET', KEYS[1], 'at', string.format('%d', now), 'all', tostring(all), 'late', tostring(late))
  redis.call('PEXPIRE', KEYS[1], 10000)
end
return { tostring(all), tostring(late) }
