-- Prelude of every verb of the queue. All verbs take the same keys, in keys.ts's words:
--   1 cfg · 2 line · 3 act · 4 called · 5 parked · 6 returned · 7 away · 8 polls · 9 asked · 10 bucket · 11 last
--   12 channel · 13 sketch · 14 nodes · 15 roster of the caller's node · 16 seats' meta · 17 seats' expiries
--   18 since · 19 spent · 20 restoring · 21 paying · 22 networks · 23 tail
-- and the generation as their first argument; they answer {'NOGEN'} and change nothing where Redis has another or none.
-- A list of members is never longer than 1,000: unpack() fails above some 7,900.
local cfg, line, act, called, parked, returned, away, polls, asked = unpack(KEYS, 1, 9)
local bucket, last, channel, sketch, nodes, roster, seatsMeta, seatsExpiries = unpack(KEYS, 10, 17)
local since, spent, restoring, paying, networks, tail = unpack(KEYS, 18, 23)

-- Redis 7.0 moves TIME inside a script: read it once. Microseconds order arrivals, milliseconds end things.
local clock = redis.call('TIME')
local nowUs = clock[1] * 1000000 + clock[2]
local now = math.floor(nowUs / 1000)

-- Further between two calls than this, the clock has jumped or nobody was there to call: nothing is ended by that call.
local JUMP_MS = 5000
local RECOVERY_AT_MOST_MS = 60000
local MEMBER_BYTES = 14
-- Below every score, of arrival or drawn; and a number that JSON knows.
local NO_FRONTIER = '-9007199254740992'

local function wrongGeneration()
  return redis.call('HGET', cfg, 'generation') ~= ARGV[1]
end

-- Of a whole number: tostring() loses digits of a score, and %.0f prints by way of a float.
local function digits(number)
  return string.format('%d', number)
end

-- Their scores in this sorted set, none of them where it is empty: asking costs most where a thousand come at once.
local NOBODY = {}
local function scoresIn(key, members)
  if redis.call('EXISTS', key) == 0 then return NOBODY end
  return redis.call('ZMSCORE', key, unpack(members))
end

-- News as news.ts reads it. cjson would lose digits of a frontier, so it is written by hand; `rest` is what else it says.
local function publish(kind, members, rest)
  if #members == 0 then return end
  redis.call('PUBLISH', channel, '{"kind":"' .. kind .. '"' .. rest .. '}\n' .. table.concat(members))
end

local function graceEnd()
  return now + tonumber(redis.call('HGET', cfg, 'grace'))
end

-- Redis's clock and a node's may be so far apart.
local AGREED_MS = 5000
local function clocksAgree(theirs)
  return math.abs(now - theirs) <= AGREED_MS
end

-- What a schedule goes by: it moves on with this clock only as far as a node's has agreed with it, so that one that jumps ahead
-- opens no doors, and one that goes back closes none.
local function agreedTime()
  local agreed = tonumber(redis.call('HGET', cfg, 'agreedAt') or '0')
  return now - agreed <= AGREED_MS and math.max(now, agreed) or agreed
end

-- The state at this moment. A schedule moves on by the clock alone, so nobody has to be there at its second; where a draw
-- is due the doors wait for it.
local function stateNow()
  local set = redis.call('HMGET', cfg, 'state', 'preQueueAt', 'opensAt', 'draw')
  local state, forms, opens = set[1], tonumber(set[2]), tonumber(set[3])
  if state == 'scheduled' or state == 'pre_queue' then
    local sure = agreedTime()
    if opens > 0 and sure >= opens then
      state = 'open'
    elseif forms > 0 and sure >= forms then
      state = 'pre_queue'
    end
  end
  if state == 'open' and set[4] == 'due' then return 'pre_queue' end
  return state
end

-- A draw's entries end so many ms before planned doors, else when an operator opens.
local function entriesAreOver(before)
  local set = redis.call('HMGET', cfg, 'state', 'opensAt')
  local state, opens = set[1], tonumber(set[2])
  local planned = (state == 'scheduled' or state == 'pre_queue') and opens > 0 and agreedTime() >= opens - before
  return planned or state == 'open' or state == 'closing'
end

-- After a loss doors wait for a while, and on for the nodes that are still bringing places back.
local function isRecovering()
  local ends = tonumber(redis.call('HGET', cfg, 'recoverUntil'))
  -- Further off than ever set: the clock has gone back since.
  if now < ends - RECOVERY_AT_MOST_MS then return false end
  if now < ends then return true end
  return now < ends + RECOVERY_AT_MOST_MS and redis.call('ZCOUNT', restoring, now, '+inf') > 0
end

-- Many visitors of a node that died are back on another: until those have had time to say so nobody behind them is let in.
local ANSWER_MS = 1000
local function areAsked()
  local ends = tonumber(redis.call('HGET', cfg, 'askedUntil') or '0')
  return now < ends and ends <= now + ANSWER_MS
end

-- For a grace longer places may come back, by receipts and from the nodes' memory.
local function isRestoring()
  local ends = tonumber(redis.call('HGET', cfg, 'restoreUntil') or '0')
  return now < ends and ends <= graceEnd() + RECOVERY_AT_MOST_MS
end

-- All that is kept of these visitors' slots. -> how many had one
local function endSlots(members)
  redis.call('HDEL', called, unpack(members))
  redis.call('ZREM', since, unpack(members))
  return redis.call('ZREM', act, unpack(members))
end

-- The clock has jumped, and not all slots have been brought to it yet: see clock.lua.
local function slotsMove()
  return redis.call('HEXISTS', bucket, 'moveBy') == 1
end

-- The clock has jumped and slots do not go by it yet: what looks over is not, until the next calls of admit have moved it.
local doubted
local function clockDoubted()
  if doubted == nil then
    local at = redis.call('HGET', bucket, 'at')
    doubted = slotsMove() or (at and math.abs(now - tonumber(at)) > JUMP_MS) or false
  end
  return doubted
end

local function isOver(slot)
  return tonumber(slot) <= now and not clockDoubted()
end

-- These were called, never came, and their turn is over: they are set aside like those who were away, as the turn is not lost.
-- `aside`: score and member by turns
local function setAside(members, aside)
  if #members == 0 then return end
  local doubt, till = {}, graceEnd()
  for i, member in ipairs(members) do doubt[2 * i - 1], doubt[2 * i] = till, member end
  redis.call('ZADD', parked, unpack(aside))
  redis.call('ZADD', away, 'NX', unpack(doubt))
end

-- Slots that are over. -> whether there may be more
local function expireSlots(most)
  if clockDoubted() then return false end
  local due = redis.call('ZRANGEBYSCORE', act, '-inf', now, 'LIMIT', 0, most)
  if #due == 0 then return false end
  local claimed, scores = scoresIn(since, due), redis.call('HMGET', called, unpack(due))
  local over, missed, aside = {}, {}, {}
  for i, member in ipairs(due) do
    if not claimed[i] and scores[i] then
      missed[#missed + 1] = member
      aside[#aside + 1], aside[#aside + 2] = scores[i], member
    else
      over[#over + 1] = member
    end
  end
  endSlots(due)
  setAside(missed, aside)
  publish('ended', over, ',"reason":"expired"')
  return #due == most
end

-- Every place that was ever given is at or below, every one still to come above: whatever the clocks say.
local function latestScore()
  local floor = tonumber(redis.call('HGET', cfg, 'floor') or '0')
  return math.max(tonumber(redis.call('GET', last) or '0'), floor - 1)
end

-- Whoever came through the caller's node stands in its roster. One that has not swept yet, and dies, is to be found too.
local LEASE_MS = 3000
local function enrol(members)
  local names = table.concat(members)
  if redis.call('APPEND', roster, names) == #names then
    redis.call('ZADD', nodes, 'NX', now + LEASE_MS, roster:match('}:roster:(.*)$'))
  end
end

-- These visitors, who have places, are here: through a 'socket', for as long as its node lives, or by a 'poll', for a
-- grace. Who was parked is called next. A visitor with a socket who polls besides changes nothing.
local function arrive(members, door)
  if #members == 0 then return end
  local gone, doubted = scoresIn(away, members), scoresIn(asked, members)
  local polling, put = scoresIn(polls, members), scoresIn(parked, members)
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
      enrol(changed)
    end
  end
  if #returning > 0 then
    redis.call('ZREM', parked, unpack(returning))
    redis.call('ZADD', returned, unpack(back))
  end
end

-- A turn is claimed by being there: from then on the slot has its whole length. -> its end, when it was claimed; nil where that
-- cannot be said yet
local function claim(member, slot)
  local claimed = redis.call('ZSCORE', since, member)
  if claimed then return slot, claimed end
  if tonumber(slot) <= now then return slot, nil end
  slot = digits(now + tonumber(redis.call('HGET', cfg, 'pass')))
  redis.call('ZADD', act, 'XX', slot, member)
  redis.call('ZADD', since, now, member)
  return slot, digits(now)
end

-- 'pre' while a draw is still to decide who stands where, else ''.
local function phaseNow()
  local draw = redis.call('HGET', cfg, 'draw')
  return (draw == 'due' or draw == 'filling') and 'pre' or ''
end

-- Where each member stands, four texts or numbers each behind an 'OK': 'W', score, places ahead, phase · 'A', score it was
-- called at, end of the slot, when it was claimed, in ms · 'N', '', '', ''. Parked and returned visitors have nobody ahead.
-- Whoever asks is here, so a turn that waited for them is claimed. One flat list, as a thousand small tables cost as much as
-- their places. -> the list, and the 'N' whose slot is over and not yet swept; whose turn is over unclaimed has the place again
local function findAll(members)
  local slots, backs, puts = scoresIn(act, members), scoresIn(returned, members), scoresIn(parked, members)
  local waits = scoresIn(line, members)
  local found, stale, phase, at = { 'OK' }, {}, phaseNow(), 2
  local missed, aside = {}, {}
  for i, member in ipairs(members) do
    local kind, score, place, more = 'N', '', '', ''
    if slots[i] and not isOver(slots[i]) then
      kind, score = 'A', redis.call('HGET', called, member) or '0'
      place, more = claim(member, slots[i])
      -- Who was called and comes while the clock is in doubt has the turn as soon as slots go by it.
      if not more then kind, place, more = 'W', 0, phase end
    elseif backs[i] or puts[i] then
      kind, score, place, more = 'W', backs[i] or puts[i], 0, phase
    elseif waits[i] then
      kind, score, place, more = 'W', waits[i], redis.call('ZRANK', line, member), phase
    elseif slots[i] then
      local calledAt = not redis.call('ZSCORE', since, member) and redis.call('HGET', called, member)
      if calledAt then
        kind, score, place, more = 'W', calledAt, 0, phase
        missed[#missed + 1] = member
        aside[#aside + 1], aside[#aside + 2] = calledAt, member
      else
        stale[#stale + 1] = member
      end
    end
    found[at], found[at + 1], found[at + 2], found[at + 3] = kind, score, place, more
    at = at + 4
  end
  if #missed > 0 then endSlots(missed) end
  setAside(missed, aside)
  return found, stale
end
