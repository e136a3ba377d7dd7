--- @include queue
-- Once a second from every node: its lease, slots whose time is over, places whose grace is over. A place is given up in
-- two steps: the nodes are asked, and only if none has a live socket of the visitor it goes.
--
-- ARGV 2 node, or '' of a process without sockets · 3 version of the settings the caller knows
-- -> {'OK', now in us, last score, places given up, a node whose lease is over or ''} | {'NOGEN'} | {'STALE'}
if wrongGeneration() then return { 'NOGEN' } end
if tonumber(redis.call('HGET', cfg, 'version')) < tonumber(ARGV[3]) then return { 'STALE' } end
local LEASE_MS, BURIAL_MS, ASK_MS, AT_MOST = 3000, 10000, 2000, 500

if ARGV[2] ~= '' then redis.call('ZADD', nodes, now + LEASE_MS, ARGV[2]) end
local before = tonumber(redis.call('HGET', bucket, 'swept') or now)
redis.call('HSET', bucket, 'swept', digits(now))
local latest = redis.call('GET', last) or '0'
if math.abs(now - before) > JUMP_MS then return { 'OK', digits(nowUs), latest, 0, '' } end

expireSlots()

local lost = redis.call('ZRANGEBYSCORE', asked, '-inf', now, 'LIMIT', 0, AT_MOST)
if #lost > 0 then
  for _, key in ipairs({ asked, line, parked, returned, away, polls }) do redis.call('ZREM', key, unpack(lost)) end
end

local due = redis.call('ZRANGEBYSCORE', away, '-inf', now, 'LIMIT', 0, AT_MOST)
if #due > 0 then redis.call('ZREM', away, unpack(due)) end
local silent = redis.call('ZRANGEBYSCORE', polls, '-inf', now, 'LIMIT', 0, AT_MOST)
if #silent > 0 then redis.call('ZREM', polls, unpack(silent)) end
for _, member in ipairs(silent) do due[#due + 1] = member end
if #due > 0 then
  local asks = {}
  for _, member in ipairs(due) do
    asks[#asks + 1] = now + ASK_MS
    asks[#asks + 1] = member
  end
  redis.call('ZADD', asked, unpack(asks))
  publish('asked', due, '')
end

-- Whoever finds a dead node buries it; its lease is lent to them, so that nobody else does meanwhile.
local dead = redis.call('ZRANGEBYSCORE', nodes, '-inf', now, 'LIMIT', 0, 1)[1] or ''
if dead ~= '' then redis.call('ZADD', nodes, now + BURIAL_MS, dead) end
return { 'OK', digits(nowUs), latest, #lost, dead }
