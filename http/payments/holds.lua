--- Counts holds and those that were late, for all nodes: what was counted a second ago is worth half. And says how many payments a second
--- may go to the provider beside them.
--- KEYS hash
--- ARGV 1 how many more · 2 how many of them late · 3 how many tell something · 4 what share of them is late · 5 for how long payments
---   are slow at most, ms: that is used up while holds are late, and comes back as fast while they are in time · 6 payments a second
---   while holds are late · 7 the same after a calm · 8 1 where more were wanted just now: that counts for half a second, whoever asks
--- Returns payments a second: twice as many each second up to those after a calm, and each four seconds above them while more are wanted
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local longest, slow, first = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local kept = redis.call('HMGET', KEYS[1], 'at', 'all', 'late', 'used', 'pace', 'wanted')
local gap = math.max(0, now - tonumber(kept[1] or now))
local worth = 0.5 ^ (gap / 1000)
local all, late = worth * (kept[2] or 0) + ARGV[1], worth * (kept[3] or 0) + ARGV[2]
local isLate = all >= tonumber(ARGV[3]) and late >= ARGV[4] * all
local used = tonumber(kept[4] or 0)
if isLate then used = math.min(longest, used + gap) else used = math.max(0, used - gap) end
local pace = tonumber(kept[5] or first)
local wanted = ARGV[8] == '1' and now or tonumber(kept[6] or 0)
if isLate and used < longest then pace = slow
elseif pace < first then pace = math.min(first, pace * 2 ^ (gap / 1000))
elseif now - wanted < 500 then pace = math.min(1e6, pace * 2 ^ (math.min(gap, 1000) / 4000))
else pace = math.max(first, pace * 0.5 ^ (gap / 10000)) end
redis.call('HSET', KEYS[1], 'at', string.format('%d', now), 'all', tostring(all), 'late', tostring(late), 'used', string.format('%d', used),
  'pace', tostring(pace), 'wanted', string.format('%d', wanted))
redis.call('PEXPIRE', KEYS[1], longest)
return math.floor(pace)
