--- @include queue
--- @include run
-- Once a second from every node: its lease, slots whose time is over, places whose grace is over. A place is given up in
-- two steps: the nodes are asked, and only if none has a live socket of the visitor it goes.
--
-- ARGV 2 node, or '' of a process without sockets · 3 version of the settings the caller knows · 4 the caller's clock, ms
-- -> {'OK', now in us, last score, '1' where more is due than one call does, a node whose lease is over or '', bytes of the
--    node's roster, '1' where both clocks agree} | {'NOGEN'} | {'STALE'}
if wrongGeneration() or doubtsItself() then return { 'NOGEN' } end
if tonumber(redis.call('HGET', cfg, 'version')) < tonumber(ARGV[3]) then return { 'STALE' } end
local BURIAL_MS, ASK_MS, AT_MOST = 10000, 2000, 1000

if ARGV[2] ~= '' then
  redis.call('ZADD', nodes, now + LEASE_MS, ARGV[2])
  redis.call('PERSIST', roster)
end
local agrees = clocksAgree(tonumber(ARGV[4]))
if agrees then
  local before = tonumber(redis.call('HGET', cfg, 'agreedAt') or '0')
  redis.call('HSET', cfg, 'agreedAt', digits(math.max(now, before)))
end
local swept, calm = unpack(redis.call('HMGET', bucket, 'swept', 'calmUntil'))
redis.call('HSET', bucket, 'swept', digits(now))
local latest = redis.call('GET', last) or '0'
local nothing = { 'OK', digits(nowUs), latest, '0', '', 0, agrees and '1' or '0' }
-- After a jump of the clock graces and leases that look over are not: each has a grace to be heard of again.
if math.abs(now - tonumber(swept or now)) > JUMP_MS then
  redis.call('HSET', bucket, 'calmUntil', digits(graceEnd()))
  return nothing
end

local isMore = expireSlots(500)
calm = tonumber(calm or '0')
if now < calm and calm <= graceEnd() then return nothing end

local lost = redis.call('ZRANGEBYSCORE', asked, '-inf', now, 'LIMIT', 0, AT_MOST)
if #lost > 0 then
  redis.call('HINCRBYFLOAT', bucket, 'left', redis.call('ZREM', line, unpack(lost)))
  for _, key in ipairs({ asked, parked, returned, away, polls }) do redis.call('ZREM', key, unpack(lost)) end
end

-- Asked shortly before the grace ends, so that the answers are there when it does.
local asks, due = {}, {}
isMore = isMore or #lost == AT_MOST
for _, key in ipairs({ away, polls }) do
  local ending = redis.call('ZRANGEBYSCORE', key, '-inf', now + ASK_MS, 'LIMIT', 0, AT_MOST / 2, 'WITHSCORES')
  local names = {}
  for i = 1, #ending, 2 do
    names[#names + 1] = ending[i]
    due[#due + 1] = ending[i]
    asks[#asks + 1] = math.max(tonumber(ending[i + 1]), now + ASK_MS / 2)
    asks[#asks + 1] = ending[i]
  end
  if #names > 0 then redis.call('ZREM', key, unpack(names)) end
  isMore = isMore or #names == AT_MOST / 2
end
if #due > 0 then
  redis.call('ZADD', asked, unpack(asks))
  publish('asked', due, '')
end

-- Whoever finds a dead node buries it; its lease is lent to them, so that nobody else does meanwhile.
local dead = redis.call('ZRANGEBYSCORE', nodes, '-inf', now, 'LIMIT', 0, 1)[1] or ''
if dead ~= '' then redis.call('ZADD', nodes, now + BURIAL_MS, dead) end
return { 'OK', digits(nowUs), latest, isMore and '1' or '0', dead, redis.call('STRLEN', roster), agrees and '1' or '0' }
