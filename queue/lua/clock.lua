-- Prelude of admit.lua: brings slots to a clock that has jumped. Both ways: else an hour forward would throw everybody out,
-- and an hour back keep the doors shut for one. A thousand a call, beginning at the end towards which they move, so that none
-- is met twice; until all are moved nobody is let in, and queue.lua ends and renews none.
local MOVED_AT_MOST = 1000

-- A jump while an earlier one is still being followed waits for its turn.
local function beginMove(by)
  if slotsMove() then
    redis.call('HINCRBY', bucket, 'moveNext', digits(by))
  else
    redis.call('HSET', bucket, 'moveBy', digits(by), 'moveFrom', by > 0 and '+inf' or '-inf', 'moveAt', digits(now))
  end
end

-- -> whether all have been moved
local function moveSome()
  local by, from, began, after = unpack(redis.call('HMGET', bucket, 'moveBy', 'moveFrom', 'moveAt', 'moveNext'))
  by, began = tonumber(by), tonumber(began)
  local way, to = 'ZRANGEBYSCORE', '+inf'
  if by > 0 then way, to = 'ZREVRANGEBYSCORE', '-inf' end
  local some = redis.call(way, act, from, to, 'WITHSCORES', 'LIMIT', 0, MOVED_AT_MOST)
  local names = {}
  for i = 1, #some, 2 do names[#names + 1] = some[i] end
  local claimed = #names > 0 and scoresIn(since, names) or NOBODY
  local slots, claims = {}, {}
  for i, name in ipairs(names) do
    local came = tonumber(claimed[i] or nil)
    -- Whoever has come since has a slot by the clock as it is now.
    if not (came and came >= began and came <= now) then
      slots[#slots + 1], slots[#slots + 2] = digits(tonumber(some[2 * i]) + by), name
      if came then claims[#claims + 1], claims[#claims + 2] = digits(came + by), name end
    end
  end
  if #slots > 0 then redis.call('ZADD', act, unpack(slots)) end
  if #claims > 0 then redis.call('ZADD', since, unpack(claims)) end

  if #names == MOVED_AT_MOST then
    -- Of one moment some may be left, unless none of these was to be moved.
    redis.call('HSET', bucket, 'moveFrom', (#slots > 0 and '' or '(') .. some[#some])
    return false
  end
  redis.call('HDEL', bucket, 'moveBy', 'moveFrom', 'moveAt', 'moveNext')
  if not after or after == '0' then return true end
  beginMove(tonumber(after))
  return false
end
