--- Counts one call of one network against a limit per minute (GCRA): a minute's worth may come at once, then one
--- every 60 s / limit.
--- KEYS 1 string: when the network's debt is paid, microseconds
--- ARGV 1 calls per minute · 2 how many this one counts for: 0 asks only whether one more might pass
--- Returns 0 if the call may pass, else the milliseconds to wait, at least 1
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local each = 60000000 / tonumber(ARGV[1])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = paid + each - 60000000 - now
-- Half a microsecond absorbs the rounding of limits that do not divide a minute.
if wait > 0.5 then
  return math.max(1, math.ceil(wait / 1000))
end
local debt = paid + each * tonumber(ARGV[2]) - now
if debt > 0 then redis.call('SET', KEYS[1], string.format('%.3f', now + debt), 'PX', math.ceil(debt / 1000)) end
return 0
