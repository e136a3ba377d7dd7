--- @include queue
--- @include knots
-- The line behind the front, at the chosen ranks: some 390 readings for ten million places. Kept for 5 s; sketch.lua says
-- each beat how far it has moved up since.
--
-- -> {'OK', JSON: generation, draw, begins (the first score's rank), end as in sketch.lua, scores} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local KEPT_MS = 5000
local kept, drawThen = unpack(redis.call('HMGET', tail, 'text', 'draw'))
if kept and drawThen == draw then return { 'OK', kept } end

local begins = 0
while begins < FRONT do begins = rankAfter(begins) end
local size = redis.call('ZCARD', line)
local scores, last = {}, 'null'
if isOrdered and size > begins then scores, last = scoresFrom(begins, size, size) end
local text = table.concat({
  '{"generation":', ARGV[1], ',"draw":"', draw, '","begins":', digits(begins), ',"end":', last,
  ',"scores":[', table.concat(scores, ','), ']}',
})
redis.call('DEL', tail)
if #scores > 0 then
  redis.call('HSET', tail, 'text', text, 'draw', draw, 'begins', scores[1])
  redis.call('PEXPIRE', tail, KEPT_MS)
end
return { 'OK', text }
