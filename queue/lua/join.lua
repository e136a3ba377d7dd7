--- @include queue
-- Gives each visitor a place, or finds the one they have. A repeated, concurrent or redelivered join changes nothing.
--
-- ARGV 2 door: 'socket' or 'poll' · then three a visitor: member · score of a receipt of an older generation, or '' · its
-- network, or ''
-- -> {'OK', then as `findAll` says, four texts a member; 'R', why, '', '' where newcomers are refused: 'state' or 'network'}
--    | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local door = ARGV[2]

local set = redis.call('HMGET', cfg, 'joins', 'soldOut', 'perNetwork')
local state, perNetwork = stateNow(), tonumber(set[3])
local takes = set[1] == '1' and (state == 'pre_queue' or state == 'open' or state == 'paused') and
  not (set[2] == 'dissolve' and redis.call('HGET', bucket, 'soldOut') == '1')
local frontier = tonumber(redis.call('HGET', bucket, 'frontier') or NO_FRONTIER)
local restoring = isRestoring()
local score = latestScore()

local members = {}
for i = 3, #ARGV, 3 do members[#members + 1] = ARGV[i] end
local found = findAll(members)
local spentAt = restoring and redis.call('ZMSCORE', spent, unpack(members)) or {}

-- Why a newcomer is refused; nil where not. A hard limit counts the places that a network was ever given in this line.
local function refusal(network)
  if not takes then return 'state' end
  if not perNetwork or network == '' then return nil end
  if redis.call('HINCRBY', networks, network, 1) > perNetwork then
    redis.call('HINCRBY', networks, network, -1)
    return 'network'
  end
  return nil
end

-- What a receipt brings back: a place admits once, also when Redis has forgotten it.
local function restored(i, member)
  local own = restoring and ARGV[3 * i + 1] or ''
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
local first = {}
for i, member in ipairs(members) do
  if first[member] then
    found[i] = first[member]
  else
    first[member] = found[i]
    local own = restored(i, member)
    if found[i][1] == 'W' then
      known[#known + 1] = member
      -- Who came in anew before the receipt was shown keeps the better of both places.
      if own ~= '' and tonumber(own) < tonumber(found[i][2]) and redis.call('ZREM', line, member) == 1 then
        bring(member, own)
        found[i][2], better[#better + 1] = own, i
      end
    end
    if found[i][1] == 'N' then
      local why = own == '' and refusal(ARGV[3 * i + 2])
      if why then
        first[member][1], first[member][2] = 'R', why
      else
        comers[#comers + 1] = member
        if own ~= '' then bring(member, own) end
        found[i][2] = own
      end
    end
  end
end

arrive(known, door)

-- Restored places stand before newcomers are counted, as they stand ahead of them.
if #toLine > 0 then redis.call('ZADD', line, unpack(toLine)) end
if #toReturned > 0 then redis.call('ZADD', returned, unpack(toReturned)) end
for _, i in ipairs(better) do found[i][3] = digits(redis.call('ZRANK', line, members[i]) or 0) end

local ahead, phase = redis.call('ZCARD', line), phaseNow()
local arrivals = {}
for _, member in ipairs(comers) do
  local one = first[member]
  if one[2] == '' then
    score = math.max(score + 1, nowUs)
    one[2], one[3] = digits(score), digits(ahead)
    ahead = ahead + 1
    arrivals[#arrivals + 1] = one[2]
    arrivals[#arrivals + 1] = member
  else
    one[3] = digits(redis.call('ZRANK', line, member) or 0)
  end
  one[1], one[4] = 'W', phase
end
if #arrivals > 0 then
  redis.call('ZADD', line, unpack(arrivals))
  redis.call('SET', last, digits(score))
  redis.call('HINCRBY', bucket, 'joined', #arrivals / 2)
end

if #comers > 0 then
  -- A slot that is over but not yet swept is over: whoever had it has come anew.
  for _, key in ipairs({ act, called, since, unclaimed }) do redis.call('ZREM', key, unpack(comers)) end
  if door == 'poll' then
    local due, till = {}, graceEnd()
    for _, member in ipairs(comers) do
      due[#due + 1] = till
      due[#due + 1] = member
    end
    redis.call('ZADD', polls, unpack(due))
  else
    redis.call('APPEND', roster, table.concat(comers))
  end
end
return answerWith(found)
