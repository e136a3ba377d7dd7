--- @include queue
-- Visitors of the caller's node have come back or gone; or of a dead node, and then nobody knows.
--
-- ARGV 2 'back', 'away' or 'lost' · then members
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local way = ARGV[2]
local members = { unpack(ARGV, 3) }
if way == 'back' then
  arrive(members, 'socket')
  return { 'OK' }
end

local waits, puts, backs = scoresIn(line, members), scoresIn(parked, members), scoresIn(returned, members)
-- A poller, or one already asked for, is in better hands than a dead node's.
local polling, doubted = scoresIn(polls, members), scoresIn(asked, members)

local due, aside, names, till = {}, {}, {}, graceEnd()
for i, member in ipairs(members) do
  local spared = way == 'lost' and (polling[i] or doubted[i])
  if (waits[i] or puts[i] or backs[i]) and not spared then
    due[#due + 1] = till
    due[#due + 1] = member
    names[#names + 1] = member
    if backs[i] then
      aside[#aside + 1] = backs[i]
      aside[#aside + 1] = member
      redis.call('ZREM', returned, member)
    end
  end
end
if #due > 0 and way == 'away' then redis.call('ZADD', away, unpack(due)) end
if #due > 0 and way == 'lost' then redis.call('ZADD', away, 'NX', unpack(due)) end
if way == 'lost' and #due > 0 then redis.call('HSET', cfg, 'askedUntil', digits(now + ANSWER_MS)) end
if #aside > 0 then redis.call('ZADD', parked, unpack(aside)) end
-- A visitor with another tab on another node is here: it says so now, before a turn passes them over.
publish('asked', names, '')
return { 'OK' }
