-- Prelude of every verb of the queue. All verbs take the same keys, in keys.ts's words:
--   1 cfg · 2 line · 3 act · 4 called · 5 parked · 6 returned · 7 away · 8 polls · 9 asked · 10 bucket · 11 last
--   12 channel · 13 sketch · 14 nodes · 15 roster of the caller's node · 16 seats' meta · 17 seats' expiries
-- and the generation as their first argument; they answer {'NOGEN'} and change nothing where Redis has another or none.
-- A list of members is never longer than 1,000: unpack() fails above some 7,900.
local cfg, line, act, called, parked, returned, away, polls, asked = unpack(KEYS, 1, 9)
local bucket, last, channel, sketch, nodes, roster, seatsMeta, seatsExpiries = unpack(KEYS, 10, 17)

-- Redis 7.0 moves TIME inside a script: read it once. Microseconds order arrivals, milliseconds end things.
local clock = redis.call('TIME')
local nowUs = clock[1] * 1000000 + clock[2]
local now = math.floor(nowUs / 1000)

-- Further between two calls than this, the clock has jumped or nobody was there to call: nothing is ended by that call.
local JUMP_MS = 5000
local SLOTS_EXPIRED_AT_MOST = 500

local function wrongGeneration()
  return redis.call('HGET', cfg, 'generation') ~= ARGV[1]
end

-- tostring() loses digits of a score.
local function digits(number)
  return string.format('%.0f', number)
end

local HEX = ('%02x'):rep(14)

-- cjson would lose digits of a frontier, so news is written by hand; `rest` holds its other members.
local function publish(kind, members, rest)
  if #members == 0 then return end
  local names = {}
  for i, member in ipairs(members) do names[i] = '"' .. HEX:format(member:byte(1, 14)) .. '"' end
  redis.call('PUBLISH', channel, '{"kind":"' .. kind .. '"' .. rest .. ',"members":[' .. table.concat(names, ',') .. ']}')
end

local function expireSlots()
  local due = redis.call('ZRANGEBYSCORE', act, '-inf', now, 'LIMIT', 0, SLOTS_EXPIRED_AT_MOST)
  if #due == 0 then return end
  redis.call('ZREM', act, unpack(due))
  redis.call('ZREM', called, unpack(due))
  publish('ended', due, ',"reason":"expired"')
end

local function graceEnd()
  return now + tonumber(redis.call('HGET', cfg, 'grace'))
end

-- Every place that was ever given is at or below, every one still to come above: whatever the clocks say.
local function latestScore()
  local floor = tonumber(redis.call('HGET', cfg, 'floor') or '0')
  return math.max(tonumber(redis.call('GET', last) or '0'), floor - 1)
end

-- These visitors, who have places, are here: through a 'socket', for as long as its node lives, or by a 'poll', for a
-- grace. Who was parked is called next. A visitor with a socket who polls besides changes nothing.
local function arrive(members, door)
  if #members == 0 then return end
  local gone = redis.call('ZMSCORE', away, unpack(members))
  local doubted = redis.call('ZMSCORE', asked, unpack(members))
  local polling = redis.call('ZMSCORE', polls, unpack(members))
  local put = redis.call('ZMSCORE', parked, unpack(members))
  local changed, due, returning, back = {}, {}, {}, {}
  local till = graceEnd()
  for i, member in ipairs(members) do
    if gone[i] or doubted[i] or polling[i] then
      changed[#changed + 1] = member
      due[#due + 1] = till
      due[#due + 1] = member
    end
    if put[i] then
      returning[#returning + 1] = member
      back[#back + 1] = put[i]
      back[#back + 1] = member
    end
  end
  if #changed > 0 then
    redis.call('ZREM', away, unpack(changed))
    redis.call('ZREM', asked, unpack(changed))
    if door == 'poll' then
      redis.call('ZADD', polls, unpack(due))
    else
      redis.call('ZREM', polls, unpack(changed))
      redis.call('APPEND', roster, table.concat(changed))
    end
  end
  if #returning > 0 then
    redis.call('ZREM', parked, unpack(returning))
    redis.call('ZADD', returned, unpack(back))
  end
end

-- Where each member stands, as three texts: 'W', score, places ahead · 'A', score it was called at, end of the slot in
-- ms · 'N', '', ''. Parked and returned visitors have nobody ahead.
local function findAll(members)
  local slots = redis.call('ZMSCORE', act, unpack(members))
  local backs = redis.call('ZMSCORE', returned, unpack(members))
  local puts = redis.call('ZMSCORE', parked, unpack(members))
  local waits = redis.call('ZMSCORE', line, unpack(members))
  local found = {}
  for i, member in ipairs(members) do
    if slots[i] and tonumber(slots[i]) > now then
      found[i] = { 'A', redis.call('ZSCORE', called, member) or '0', slots[i] }
    elseif backs[i] or puts[i] then
      found[i] = { 'W', backs[i] or puts[i], '0' }
    elseif waits[i] then
      found[i] = { 'W', waits[i], digits(redis.call('ZRANK', line, member)) }
    else
      found[i] = { 'N', '', '' }
    end
  end
  return found
end

local function answerWith(found)
  local answer = { 'OK' }
  for _, one in ipairs(found) do
    for k = 1, 3 do answer[#answer + 1] = one[k] end
  end
  return answer
end
