--- @include queue
-- Where visitors stand. A poll is a sign of life of those who wait.
--
-- ARGV 2 door: 'socket' or 'poll' · then members
-- -> as `findAll` says | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local members = { unpack(ARGV, 3) }
local found = findAll(members)
if ARGV[2] == 'poll' then
  local waiting = {}
  for i, member in ipairs(members) do
    if found[4 * i - 2] == 'W' then waiting[#waiting + 1] = member end
  end
  arrive(waiting, 'poll')
end
return found
