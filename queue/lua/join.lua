--- @include queue
-- Gives each visitor a place, or finds the one they have. A repeated, concurrent or redelivered join changes nothing.
--
-- ARGV 2 door: 'socket' or 'poll' · 3 members, one after the other · then, of those who have either, three each: index from 1 ·
-- score of a receipt of an older generation, or '' · network, or ''
-- -> as `findAll` says; 'R', why, '', '' where newcomers are refused: 'state' or 'network' | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local door = ARGV[2]

local set = redis.call('HMGET', cfg, 'joins', 'soldOut', 'perNetwork')
local state, perNetwork = stateNow(), tonumber(set[3])
local takes = set[1] == '1' and (state == 'pre_queue' or state == 'open' or state == 'paused') and
  not (set[2] == 'dissolve' and redis.call('HGET', bucket, 'soldOut') == '1')
local frontier = tonumber(redis.call('HGET', bucket, 'frontier') or NO_FRONTIER)
local restoring = isRestoring()
local score = latestScore()

local members, receipts, named = {}, {}, {}
for at = 1, #ARGV[3], MEMBER_BYTES do members[#members + 1] = ARGV[3]:sub(at, at + MEMBER_BYTES - 1) end
for k = 4, #ARGV, 3 do
  local i = tonumber(ARGV[k])
  receipts[i], named[i] = ARGV[k + 1], ARGV[k + 2]
end
local found, stale = findAll(members)
local spentAt = restoring and redis.call('ZMSCORE', spent, unpack(members)) or {}

-- Why a newcomer is refused; nil where not. A hard limit counts the places that a network was ever given in this line.
local function refusal(network)
  if not takes then return 'state' end
  if not perNetwork or (network or '') == '' then return nil end
  if redis.call('HINCRBY', networks, network, 1) > perNetwork then
    redis.call('HINCRBY', networks, network, -1)
    return 'network'
  end
  return nil
end

-- What a receipt brings back: a place admits once, also when Redis has forgotten it.
local function restored(i, member)
  local own = restoring and receipts[i] or ''
  if own ~= '' and spentAt[i] and tonumber(own) <= tonumber(spentAt[i]) then return '' end
  return own
end

local known, better, comers, toLine, toReturned = {}, {}, {}, {}, {}
-- Whom the frontier has passed is called next: into the line would push back those who wait there.
local function bring(member, own)
  local to = tonumber(own) <= frontier and toReturned or toLine
  to[#to + 1] = own
  to[#to + 1] = member
end
-- One visitor may be in a batch twice: the second time it is found where the first put it.
local first, again = {}, {}
for i, member in ipairs(members) do
  local at = 4 * i - 2
  if first[member] then
    again[#again + 1] = i
  else
    first[member] = i
    local own = restored(i, member)
    if found[at] == 'W' then
      known[#known + 1] = member
      -- Who came in anew before the receipt was shown keeps the better of both places.
      if own ~= '' and tonumber(own) < tonumber(found[at + 1]) and redis.call('ZREM', line, member) == 1 then
        bring(member, own)
        found[at + 1], better[#better + 1] = own, i
      end
    elseif found[at] == 'N' then
      local why = own == '' and refusal(named[i])
      if why then
        found[at], found[at + 1] = 'R', why
      else
        comers[#comers + 1] = i
        if own ~= '' then bring(member, own) end
        found[at + 1] = own
      end
    end
  end
end

arrive(known, door)

-- Restored places stand before newcomers are counted, as they stand ahead of them.
if #toLine > 0 then redis.call('ZADD', line, unpack(toLine)) end
if #toReturned > 0 then redis.call('ZADD', returned, unpack(toReturned)) end
for _, i in ipairs(better) do found[4 * i] = redis.call('ZRANK', line, members[i]) or 0 end

local ahead, phase = redis.call('ZCARD', line), phaseNow()
local names, arrivals = {}, {}
for k, i in ipairs(comers) do
  local member, at = members[i], 4 * i - 2
  names[k] = member
  if found[at + 1] == '' then
    score = math.max(score + 1, nowUs)
    found[at + 1], found[at + 2] = score, ahead
    ahead = ahead + 1
    arrivals[#arrivals + 1] = digits(score)
    arrivals[#arrivals + 1] = member
  else
    found[at + 2] = redis.call('ZRANK', line, member) or 0
  end
  found[at], found[at + 3] = 'W', phase
end
if #arrivals > 0 then
  redis.call('ZADD', line, unpack(arrivals))
  redis.call('SET', last, digits(score))
  redis.call('HINCRBY', bucket, 'joined', #arrivals / 2)
end

-- A slot that is over but not yet swept is over: whoever had it has come anew.
if #stale > 0 then endSlots(stale) end
if #names > 0 and door == 'poll' then
  local due, till = {}, digits(graceEnd())
  for k, member in ipairs(names) do due[2 * k - 1], due[2 * k] = till, member end
  redis.call('ZADD', polls, unpack(due))
elseif #names > 0 then
  enrol(names)
end
for _, i in ipairs(again) do
  local at, from = 4 * i - 2, 4 * first[members[i]] - 2
  for k = 0, 3 do found[at + k] = found[from + k] end
end
return found
