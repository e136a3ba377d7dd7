--- Counts a call that must fit every one of these rates (GCRA): it may be made after a wait, which is its own.
--- KEYS strings, one a rate: when its next call may be, microseconds
--- ARGV 1 the longest wait, ms: past it nothing is counted · 2 ms in which the first rate takes no call · then two a key:
---   microseconds between two calls, how many may come at once
--- Returns ms to wait, or -1 where it is too long
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local most, pause = tonumber(ARGV[1]) * 1000, tonumber(ARGV[2]) * 1000
local at, free = now, {}
for i, key in ipairs(KEYS) do
  local each, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  free[i] = math.max(tonumber(redis.call('GET', key) or 0), now - (burst - 1) * each)
  if i == 1 and pause > 0 then free[i] = math.max(free[i], now + pause) end
  at = math.max(at, free[i])
end
local fits = at - now <= most
for i, key in ipairs(KEYS) do
  local each = tonumber(ARGV[2 * i + 1])
  local after = fits and free[i] + each or free[i]
  -- Past it the rate is as whole as one that was never used.
  local ms = math.ceil((after - now + each * tonumber(ARGV[2 * i + 2])) / 1000)
  if ms > 0 then redis.call('SET', key, string.format('%.0f', after), 'PX', ms) end
end
return fits and math.ceil((at - now) / 1000) or -1
