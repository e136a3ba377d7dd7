--- @include queue
--- @include knots
-- What everyone in the line is told: scores at the first of the chosen ranks, and the numbers beside them. Kept for 0.9 s, so
-- that any number of nodes costs one reading of the front. What stands further behind is read by tail.lua, more seldom.
--
-- -> {'OK', JSON: generation, state, draw, waiting, active, frontier, pace, weight, rate, left, waited, bound, soldOut, now, scores
--     at the first of the chosen ranks, end (rank of the last of them where the line ends there, else null), tail (the score at
--     which the tail that is kept begins and its rank now, or null)} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local KEPT_MS = 900
local kept = redis.call('GET', sketch)
if kept then return { 'OK', kept } end

local size = redis.call('ZCARD', line)
local scores, last = {}, 'null'
if isOrdered then
  scores, last = scoresFrom(0, FRONT, size)
end
-- How far those behind have moved up since they were looked at.
local begins, drawThen = unpack(redis.call('HMGET', tail, 'begins', 'draw'))
local moved = 'null'
if begins and drawThen == draw then
  moved = '[' .. begins .. ',' .. digits(redis.call('ZCOUNT', line, '-inf', '(' .. begins)) .. ']'
end

local rate = redis.call('HGET', cfg, 'rate')
local measured = redis.call('HMGET', bucket, 'frontier', 'pace', 'weight', 'soldOut', 'left', 'waited', 'bound')
local parts = {
  '{"generation":', ARGV[1],
  ',"state":"', isRecovering() and 'recovering' or stateNow(),
  '","draw":"', draw,
  '","waiting":', digits(size + redis.call('ZCARD', returned)),
  ',"active":', digits(redis.call('ZCARD', act)),
  ',"frontier":', measured[1] or NO_FRONTIER,
  ',"pace":', measured[2] or '0',
  ',"weight":', measured[3] or '0',
  ',"rate":', rate,
  ',"left":', measured[5] or '0',
  ',"waited":', measured[6] or '0',
  ',"bound":"', measured[7] or 'none',
  '","soldOut":', measured[4] == '1' and 'true' or 'false',
  ',"now":', digits(now),
  ',"end":', last,
  ',"tail":', moved,
  ',"scores":[', table.concat(scores, ','), ']}',
}
local text = table.concat(parts)
redis.call('SET', sketch, text, 'PX', KEPT_MS)
return { 'OK', text }
