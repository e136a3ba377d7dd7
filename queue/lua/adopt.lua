--- @include queue
-- A visitor has logged in: of the places of who they were and who they are the better one stays, under who they are. A slot
-- counts before every place, and nobody ends up with two. A repeated call finds nothing to move.
--
-- ARGV 2 member before · 3 member now · 4 door: 'socket' or 'poll' · 5 ms before the doors at which a draw's entries close ·
-- 6 '1' where they are known to have closed, as an operator may have paused the queue since
-- -> {'OK', what the member before had: 'slot', 'place' or 'nothing', the latest score, the score up to which the member
--     before may not come back, or '', then of the slot that the member now has: its end, when it was claimed, in ms, the
--     score it was called at; '' where there is none} | {'OK', 'drawing'} where a draw has fixed its entrants and is not
--    done | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local before, member, door = ARGV[2], ARGV[3], ARGV[4]

-- Where one stands: a slot, or a place and the key that holds it.
local function standing(who)
  local slot, score, claimed = redis.call('ZSCORE', act, who), redis.call('HGET', called, who),
    redis.call('ZSCORE', since, who)
  if slot and not isOver(slot) then return { slot = slot, score = score or '0', claimed = claimed } end
  for _, key in ipairs({ returned, parked, line }) do
    local place = redis.call('ZSCORE', key, who)
    if place then return { key = key, score = place } end
  end
  -- Called, never came and not yet swept: the turn is not lost.
  if slot and score and not claimed then return { key = parked, score = score } end
  return nil
end

-- A draw names its entrants, so their places stand still until it is done.
local function isDrawing()
  local draw = redis.call('HGET', cfg, 'draw')
  return draw == 'filling' or (draw == 'due' and (ARGV[6] == '1' or entriesAreOver(tonumber(ARGV[5]))))
end

local function clear(who)
  endSlots({ who })
  for _, key in ipairs({ line, parked, returned, away, polls, asked }) do redis.call('ZREM', key, who) end
end

local old, own = standing(before), standing(member)
if old and old.key == line and not (own and own.slot) and isDrawing() then return { 'OK', 'drawing' } end

local function tellSlot(of)
  local slot = of and of.slot and of or {}
  return slot.slot or '', slot.claimed or '', slot.score or ''
end
-- A call before may have moved it and not been heard of: then it stands under the member now.
if not old then
  return { 'OK', 'nothing', digits(latestScore()), own and own.key and own.score or '', tellSlot(own) }
end

local stood = redis.call('ZCARD', line)
clear(before)
if old.slot and not (own and own.slot) then
  clear(member)
  redis.call('ZADD', act, old.slot, member)
  redis.call('HSET', called, member, old.score)
  if old.claimed then redis.call('ZADD', since, old.claimed, member) end
  own = old
  publish('admitted', { member }, ',"frontier":' .. (redis.call('HGET', bucket, 'frontier') or NO_FRONTIER))
elseif not (own and own.slot) then
  if not own or tonumber(old.score) < tonumber(own.score) then
    endSlots({ member })
    for _, key in ipairs({ line, parked, returned }) do redis.call('ZREM', key, member) end
    -- The visitor is here: whoever was set aside is called next.
    redis.call('ZADD', old.key == line and line or returned, old.score, member)
    if own then publish('moved', { member }, '') end
  end
  if own then
    arrive({ member }, door)
  elseif door == 'poll' then
    redis.call('ZADD', polls, digits(graceEnd()), member)
  else
    enrol({ member })
  end
end
local gone = stood - redis.call('ZCARD', line)
if gone > 0 then redis.call('HINCRBYFLOAT', bucket, 'left', gone) end
publish('ended', { before }, ',"reason":"left"')
return { 'OK', old.slot and 'slot' or 'place', digits(latestScore()), old.score, tellSlot(own) }
