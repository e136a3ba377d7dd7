--- @include queue
-- Which of these visitors may be in: an admission lasts to its slot's end.
--
-- ARGV 2 'look'; 'claim' where they are here, so a turn that waited for them begins; 'renew' where they do something: the
-- slot is as long as a new one, up to the longest stay · then members
-- -> {'OK', then three texts a member: end of the slot, when it was claimed, in ms, score it was called at; '' where there
--     is none} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local way = ARGV[2]
local pass, stay = unpack(redis.call('HMGET', cfg, 'pass', 'stay'))
local answer, renewed = { 'OK' }, {}
for i = 3, #ARGV do
  local member = ARGV[i]
  local slot, claimed = redis.call('ZSCORE', act, member), false
  if slot and not isOver(slot) then
    if way == 'look' then
      claimed = redis.call('ZSCORE', since, member) or slot
    else
      slot, claimed = claim(member, slot)
    end
  end
  if claimed then
    local till = math.min(now + tonumber(pass), tonumber(claimed) + tonumber(stay))
    if way == 'renew' and till > tonumber(slot) and not slotsMove() then
      slot = digits(till)
      redis.call('ZADD', act, 'XX', slot, member)
      renewed[#renewed + 1] = member
    end
  else
    slot = false
  end
  answer[#answer + 1] = slot or ''
  answer[#answer + 1] = claimed or ''
  answer[#answer + 1] = slot and (redis.call('HGET', called, member) or '0') or ''
end
publish('renewed', renewed, '')
return answer
