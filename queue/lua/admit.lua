--- @include queue
--- @include run
--- @include clock
-- Lets in as many as tokens, cap and seats allow, in order. Leaderless: any node may call at any time. Never makes the
-- active exceed the cap, nor the admissions of any time T exceed rate x T + burst.
--
-- ARGV 2 at most so many, 500 or less · 3 payments a second that the provider takes, where the operator has named none
-- -> {'OK', admitted, parked, ms since the last call where the clock jumped, else 0} | {'MOVING', 0, 0, the same} where slots are
--    still to be brought to a clock that has jumped: to be called again at once | {'EARLY'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local EVERY_MS, REFILL_MS, PACE_MS, LEAVING_MS = 250, 2000, 60000, 300000
local ROUNDS, ROUND = 4, 500
-- Two polls of those who ask seldom; and how long a payment may wait for the provider's rate.
local POLL_CLAIM_MS, PAY_HORIZON_S = 45000, 60

local kept = redis.call('HMGET', bucket, 'tokens', 'at', 'frontier', 'pace', 'weight', 'left', 'waited')
local gap = kept[2] and now - tonumber(kept[2]) or EVERY_MS
-- Time that nobody saw, as the clock jumped or no node was there, gives no tokens and ends no slot.
local jumped = math.abs(gap) > JUMP_MS
local unseen = jumped or slotsMove()
if not unseen and gap >= 0 and gap < EVERY_MS then return { 'EARLY' } end
if doubtsItself() then return { 'NOGEN' } end
if jumped then beginMove(gap) end
if unseen and not moveSome() then
  redis.call('HSET', bucket, 'at', digits(now))
  return { 'MOVING', 0, 0, jumped and gap or 0 }
end

local set = redis.call('HMGET', cfg, 'rate', 'cap', 'burst', 'factor', 'claim', 'payRate', 'draw', 'drawnTo', 'soldOut',
  'pass')
local rate, cap, burst, factor, wait, payRate = tonumber(set[1]), tonumber(set[2]), tonumber(set[3]), tonumber(set[4]),
  math.min(tonumber(set[5]), tonumber(set[10])), tonumber(set[6]) or tonumber(ARGV[3] or '')
local state = stateNow()
local moves = (state == 'open' or state == 'closing') and set[7] ~= 'due' and rate > 0 and not (isRecovering() or areAsked())

local elapsed = unseen and 0 or math.max(0, math.min(gap, REFILL_MS))
local tokens = math.min(burst, tonumber(kept[1] or '0') + rate * elapsed / 1000)
-- Where more are over at once the sweeps end them: here they would come on top of five hundred let in.
if not unseen then expireSlots(200) end

-- Slots that are over but not yet swept still count: the cap is safe, and the work bounded.
local active = redis.call('ZCARD', act)
local want, bound = math.min(math.floor(tokens), tonumber(ARGV[2])), 'rate'
-- What leaves less room than the operator's rate is what those who wait are told of.
local function boundBy(name, room)
  if room < want or (room < 1 and bound == 'rate') then bound = name end
  want = math.min(want, room)
end
boundBy('cap', cap - active)
local free = redis.call('HGET', seatsMeta, 'free')
if free then
  -- Who holds seats has found theirs: the free ones are for the others.
  local holders = math.min(active, redis.call('ZCARD', seatsExpiries))
  boundBy('seats', math.floor(factor * tonumber(free)) - (active - holders))
end
if payRate then
  redis.call('ZREMRANGEBYSCORE', paying, '-inf', now)
  boundBy('payments', math.floor(payRate * PAY_HORIZON_S) - redis.call('ZCARD', paying))
end
if not moves then want = 0 end

-- Nothing left and nothing held: nobody is told to hope. What a hold or a refund brings back ends it.
local gone = free and tonumber(free) == 0 and redis.call('ZCARD', seatsExpiries) == 0 and '1' or '0'
if (redis.call('HGET', bucket, 'soldOut') or '0') ~= gone then
  redis.call('HSET', bucket, 'soldOut', gone)
  redis.call('DEL', sketch)
end
if gone == '1' and set[9] == 'dissolve' and moves and redis.call('EXISTS', line, parked, returned) > 0 then
  redis.call('UNLINK', line, parked, returned, away, polls, asked)
  redis.call('PUBLISH', channel, '{"kind":"dissolved","reason":"sold_out"}')
end

local frontier = kept[3] or NO_FRONTIER
-- Of those who are let in, member and score by turns, so that both go to Redis as they came; of those set aside, score and
-- member.
local turns, parking = {}, {}
if want > 0 then turns = redis.call('ZPOPMIN', returned, want) end

local drawnTo = set[7] == 'filling' and tonumber(set[8])

-- Of the first `size` those who are here are let in, while there are turns. Closed tabs are set aside without a token.
-- -> whether the line may go on behind them
local function round(size)
  local front = redis.call('ZRANGE', line, 0, size - 1, 'WITHSCORES')
  if #front == 0 then return false end
  local names = {}
  for i = 1, #front, 2 do names[#names + 1] = front[i] end
  local left, doubted = scoresIn(away, names), scoresIn(asked, names)
  local passed, taken = 0, #turns
  for i = 1, #names do
    local score = front[2 * i]
    -- While a draw is still being filled in, those it has not reached yet stand in no order.
    if taken >= 2 * want or (drawnTo and tonumber(score) > drawnTo) then break end
    passed = i
    if left[i] or doubted[i] then
      parking[#parking + 1], parking[#parking + 2] = score, names[i]
    else
      turns[taken + 1], turns[taken + 2] = names[i], score
      taken = taken + 2
    end
  end
  if passed == 0 then return false end
  frontier = front[2 * passed]
  redis.call('ZREMRANGEBYRANK', line, 0, passed - 1)
  return passed == size
end

-- What a round takes too few of, as some were away, the next looks for where as many are: so it seldom reads past the last. Past
-- a round that was for nothing it looks as far as it may: some 1,500 closed tabs a call.
local size = want - #turns / 2
for _ = 1, ROUNDS do
  local before = #turns
  if size <= 0 or not round(size) then break end
  local got, left = (#turns - before) / 2, want - #turns / 2
  size = math.min(ROUND, got > 0 and math.ceil(1.1 * left * size / got) or ROUND)
  if left <= 0 then break end
end

local admitted, members = #turns / 2, {}
if admitted > 0 then
  redis.call('HSET', called, unpack(turns))
  local slot = digits(now + wait)
  for i = 1, admitted do
    members[i] = turns[2 * i - 1]
    turns[2 * i] = slot
  end
  local polling, longer, polled = scoresIn(polls, members), digits(now + math.max(wait, POLL_CLAIM_MS)), {}
  -- A slot stands before its member, so each ends the pair before.
  if polling ~= NOBODY then
    for i = 1, admitted do
      if polling[i] then
        turns[2 * i - 2], polled[#polled + 1] = longer, members[i]
      end
    end
  end
  redis.call('ZADD', act, polling[1] and longer or slot, unpack(turns, 1, 2 * admitted - 1))
  if #polled > 0 then redis.call('ZREM', polls, unpack(polled)) end
  redis.call('HINCRBY', bucket, 'admitted', admitted)
end
if #parking > 0 then redis.call('ZADD', parked, unpack(parking)) end

local standing = redis.call('ZCARD', line)
if gone == '1' then
  bound = 'sold_out'
elseif state == 'paused' then
  bound = 'paused'
elseif standing == 0 or not (moves or rate == 0) then
  bound = 'none'
end

-- The measured rate, over the last minute or so of seconds in which somebody was waiting; and over the last five how many places
-- ended without an admission (end.lua and sweep.lua count them too), in how many seconds of all places together.
local pace, weight = tonumber(kept[4] or '0'), tonumber(kept[5] or '0')
if moves and (admitted > 0 or standing > 0) then
  local decay = math.exp(-elapsed / PACE_MS)
  pace = pace * decay + admitted
  weight = weight * decay + elapsed / 1000
end
local forget = math.exp(-elapsed / LEAVING_MS)
local ended = tonumber(kept[6] or '0') * forget + #parking / 2
local waited = tonumber(kept[7] or '0') * forget + standing * elapsed / 1000

local function exactly(number)
  return string.format('%.17g', number)
end
redis.call('HSET', bucket, 'tokens', exactly(tokens - admitted), 'at', digits(now), 'frontier', frontier, 'pace', exactly(pace),
  'weight', exactly(weight), 'left', exactly(ended), 'waited', exactly(waited), 'bound', bound)
publish('admitted', members, ',"frontier":' .. frontier)
return { 'OK', admitted, #parking / 2, jumped and gap or 0 }
