--- @include queue
-- What everyone in the line is told: scores at chosen ranks, 0-100 exactly and then 2 % apart, and the numbers beside
-- them. Kept for 0.9 s, so that any number of nodes costs one reading of the line.
--
-- -> {'OK', JSON: generation, state, waiting, active, frontier, pace, weight, rate, now, knots} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local EXACT, STEP, KEPT_MS = 100, 1.02, 900
local kept = redis.call('GET', sketch)
if kept then return { 'OK', kept } end

local size = redis.call('ZCARD', line)
local knots = {}
local front = redis.call('ZRANGE', line, 0, EXACT, 'WITHSCORES')
for i = 2, #front, 2 do
  knots[#knots + 1] = front[i]
  knots[#knots + 1] = i / 2 - 1
end
local rank = EXACT
while rank < size - 1 do
  rank = math.min(math.floor(rank * STEP), size - 1)
  knots[#knots + 1] = redis.call('ZRANGE', line, rank, rank, 'WITHSCORES')[2]
  knots[#knots + 1] = rank
end

local rate = redis.call('HGET', cfg, 'rate')
local measured = redis.call('HMGET', bucket, 'frontier', 'pace', 'weight', 'soldOut')
local parts = {
  '{"generation":', ARGV[1],
  ',"state":"', isRecovering() and 'recovering' or stateNow(),
  '","waiting":', digits(size + redis.call('ZCARD', returned)),
  ',"active":', digits(redis.call('ZCARD', act)),
  ',"frontier":', measured[1] or NO_FRONTIER,
  ',"pace":', measured[2] or '0',
  ',"weight":', measured[3] or '0',
  ',"rate":', rate,
  ',"soldOut":', measured[4] == '1' and 'true' or 'false',
  ',"now":', digits(now),
  ',"knots":[', table.concat(knots, ','), ']}',
}
local text = table.concat(parts)
redis.call('SET', sketch, text, 'PX', KEPT_MS)
return { 'OK', text }
