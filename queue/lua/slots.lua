--- @include queue
-- Which of these visitors may be in: an admission lasts to its slot's end.
--
-- ARGV 2.. members
-- -> {'OK', then two texts a member: end of the slot in ms, score it was called at; '' where there is none} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local answer = { 'OK' }
for i = 2, #ARGV do
  local slot = redis.call('ZSCORE', act, ARGV[i])
  local live = slot and tonumber(slot) > now
  answer[#answer + 1] = live and slot or ''
  answer[#answer + 1] = live and (redis.call('ZSCORE', called, ARGV[i]) or '0') or ''
end
return answer
