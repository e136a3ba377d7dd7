--- @include queue
-- Where visitors stand. A poll is a sign of life of those who wait.
--
-- ARGV 2 door: 'socket' or 'poll' · then members
-- -> {'OK', then as `find` says, three texts a member} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local answer, waiting = { 'OK' }, {}
for i = 3, #ARGV do
  local kind, score, place = find(ARGV[i])
  if kind == 'W' then waiting[#waiting + 1] = ARGV[i] end
  answer[#answer + 1] = kind
  answer[#answer + 1] = score
  answer[#answer + 1] = place
end
if ARGV[2] == 'poll' then arrive(waiting, 'poll') end
return answer
