--- @include queue
-- The next entrants of a draw, in order of arrival. No two arrivals have one score, so a score is where to go on.
--
-- ARGV 2 '-inf', or '(' and the score before · 3 the score at which entries closed · 4 how many
-- -> {'OK', members as hex digits, where to go on or '' at the end} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local count = tonumber(ARGV[4])

-- Of bytes: as three numbers, the most that a number holds, not as fourteen.
local function hexOf(member)
  return string.format('%012x%012x%04x', struct.unpack('>I6I6I2', member))
end

local some = redis.call('ZRANGEBYSCORE', line, ARGV[2], ARGV[3], 'WITHSCORES', 'LIMIT', 0, count)
local names = {}
for i = 1, #some, 2 do names[#names + 1] = hexOf(some[i]) end
return { 'OK', table.concat(names), #names == count and '(' .. some[#some] or '' }
