--- @include queue
--- @include run
-- Lets in as many as tokens, cap and seats allow, in order. Leaderless: any node may call at any time. Never makes the
-- active exceed the cap, nor the admissions of any time T exceed rate x T + burst.
--
-- ARGV 2 at most so many, 500 or less
-- -> {'OK', admitted, parked, ms since the last call where the clock jumped, else 0} | {'EARLY'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local EVERY_MS, REFILL_MS, PACE_MS, LEAVING_MS = 250, 2000, 60000, 300000
local ROUNDS, ROUND = 4, 500
-- Two polls of those who ask seldom; and how long a payment may wait for the provider's rate.
local POLL_CLAIM_MS, PAY_HORIZON_S = 45000, 60

-- Both ways: else an hour forward would throw everybody out, and an hour back keep the doors shut for one.
local function moveSlots(by)
  for _, key in ipairs({ act, since }) do
    local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for from = 1, #all, 2 * ROUND do
      local moved = {}
      for i = from, math.min(from + 2 * ROUND, #all) - 1, 2 do
        moved[#moved + 1] = tonumber(all[i + 1]) + by
        moved[#moved + 1] = all[i]
      end
      redis.call('ZADD', key, unpack(moved))
    end
  end
end

local kept = redis.call('HMGET', bucket, 'tokens', 'at', 'frontier', 'pace', 'weight', 'left', 'waited')
local gap = kept[2] and now - tonumber(kept[2]) or EVERY_MS
if gap >= 0 and gap < EVERY_MS then return { 'EARLY' } end
if doubtsItself() then return { 'NOGEN' } end

local set = redis.call('HMGET', cfg, 'rate', 'cap', 'burst', 'factor', 'claim', 'payRate', 'draw', 'drawnTo', 'soldOut',
  'pass')
local rate, cap, burst, factor, wait, payRate = tonumber(set[1]), tonumber(set[2]), tonumber(set[3]), tonumber(set[4]),
  math.min(tonumber(set[5]), tonumber(set[10])), tonumber(set[6])
local state = stateNow()
local moves = (state == 'open' or state == 'closing') and set[7] ~= 'due' and rate > 0 and not isRecovering()

-- Time that nobody saw, as the clock jumped or no node was there, gives no tokens and ends no slot.
local jumped = math.abs(gap) > JUMP_MS
local elapsed = jumped and 0 or math.max(0, math.min(gap, REFILL_MS))
local tokens = math.min(burst, tonumber(kept[1] or '0') + rate * elapsed / 1000)
if jumped then moveSlots(gap) else expireSlots() end

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
local members, scores, parking = {}, {}, {}
local function admit(member, score)
  members[#members + 1] = member
  scores[#scores + 1] = score
end

if want > 0 then
  local back = redis.call('ZPOPMIN', returned, want)
  for i = 1, #back, 2 do admit(back[i], back[i + 1]) end
end

local drawnTo = set[7] == 'filling' and tonumber(set[8])

-- Closed tabs at the front are set aside without a token, some 1,500 a call.
local function round(size)
  local front = redis.call('ZRANGE', line, 0, size - 1, 'WITHSCORES')
  if #front == 0 then return false end
  local names = {}
  for i = 1, #front, 2 do names[#names + 1] = front[i] end
  local left, doubted = scoresIn(away, names), scoresIn(asked, names)
  local passed = 0
  for i, name in ipairs(names) do
    -- While a draw is still being filled in, those it has not reached yet stand in no order.
    if #members >= want or (drawnTo and tonumber(front[2 * i]) > drawnTo) then break end
    passed = i
    if left[i] or doubted[i] then
      parking[#parking + 1] = front[2 * i]
      parking[#parking + 1] = name
    else
      admit(name, front[2 * i])
    end
  end
  if passed == 0 then return false end
  frontier = front[2 * passed]
  redis.call('ZREMRANGEBYRANK', line, 0, passed - 1)
  return passed == size
end
for turn = 1, ROUNDS do
  local left = want - #members
  if left <= 0 or not round(turn == 1 and left or math.max(left, ROUND)) then break end
end

if #members > 0 then
  local polling, polled = scoresIn(polls, members), {}
  local slots, scored = {}, {}
  local slot, pollSlot = digits(now + wait), digits(now + math.max(wait, POLL_CLAIM_MS))
  for i, member in ipairs(members) do
    slots[2 * i - 1] = polling[i] and pollSlot or slot
    slots[2 * i] = member
    scored[2 * i - 1] = member
    scored[2 * i] = scores[i]
    if polling[i] then polled[#polled + 1] = member end
  end
  redis.call('ZADD', act, unpack(slots))
  redis.call('HSET', called, unpack(scored))
  if #polled > 0 then redis.call('ZREM', polls, unpack(polled)) end
end
if #members > 0 then redis.call('HINCRBY', bucket, 'admitted', #members) end
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
if moves and (#members > 0 or standing > 0) then
  local decay = math.exp(-elapsed / PACE_MS)
  pace = pace * decay + #members
  weight = weight * decay + elapsed / 1000
end
local forget = math.exp(-elapsed / LEAVING_MS)
local ended = tonumber(kept[6] or '0') * forget + #parking / 2
local waited = tonumber(kept[7] or '0') * forget + standing * elapsed / 1000

local function exactly(number)
  return string.format('%.17g', number)
end
redis.call('HSET', bucket, 'tokens', exactly(tokens - #members), 'at', digits(now), 'frontier', frontier, 'pace', exactly(pace),
  'weight', exactly(weight), 'left', exactly(ended), 'waited', exactly(waited), 'bound', bound)
publish('admitted', members, ',"frontier":' .. frontier)
return { 'OK', #members, #parking / 2, jumped and gap or 0 }
