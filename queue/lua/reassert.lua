--- @include queue
-- After a loss: what a node remembers of its visitors' places, in batches, in their order. Says nothing of those who have
-- been admitted since, nor of places that have admitted before.
--
-- ARGV 2 node · 3 '1' where it is the last batch · then pairs: member · score
-- -> {'OK', places that came back, ms of this call} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
if ARGV[3] == '1' then
  redis.call('ZREM', restoring, ARGV[2])
else
  redis.call('ZADD', restoring, now + LEASE_MS, ARGV[2])
end
if not isRestoring() then return { 'OK', 0 } end

local members = {}
for i = 4, #ARGV, 2 do members[#members + 1] = ARGV[i] end
if #members == 0 then return { 'OK', 0 } end
local frontier = tonumber(redis.call('HGET', bucket, 'frontier') or NO_FRONTIER)
local spentAt = scoresIn(spent, members)
local slots = scoresIn(act, members)
local puts, backs = scoresIn(parked, members), scoresIn(returned, members)
local toLine, toReturned, here = {}, {}, {}
for i, member in ipairs(members) do
  local score = ARGV[2 * i + 3]
  local over = spentAt[i] and tonumber(score) <= tonumber(spentAt[i])
  -- Who stands elsewhere has their place there: in two of them it would admit twice.
  if not over and not slots[i] and not puts[i] and not backs[i] then
    local to = tonumber(score) <= frontier and toReturned or toLine
    to[#to + 1] = score
    to[#to + 1] = member
    here[#here + 1] = member
  end
end
-- Whoever came in meanwhile, by a receipt or anew, keeps the better of both places.
local back = 0
if #toLine > 0 then back = redis.call('ZADD', line, 'LT', unpack(toLine)) end
if #toReturned > 0 then
  redis.call('ZADD', returned, unpack(toReturned))
  local names = {}
  for i = 2, #toReturned, 2 do names[#names + 1] = toReturned[i] end
  redis.call('ZREM', line, unpack(names))
  back = back + #names
end
if #here > 0 then
  redis.call('ZREM', away, unpack(here))
  enrol(here)
end
redis.call('DEL', sketch, tail)
return { 'OK', back }
