--- @include queue
-- Gives the next of the drawn order their scores. Whoever has left, or has left and come anew, is passed over.
--
-- ARGV 2 the score at which entries closed · 3 the drawn score before these, or '' · 4 '1' where these are the last · then
-- pairs: drawn score · member, in their order
-- -> {'OK', 'filling', how many} | {'OK', 'done', how many} | {'OK', 'gap'} where those before were not filled in | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local draw, drawnTo = unpack(redis.call('HMGET', cfg, 'draw', 'drawnTo'))
if draw ~= 'due' and draw ~= 'filling' then return { 'OK', 'done', 0 } end
if ARGV[3] ~= '' and not (drawnTo and tonumber(drawnTo) >= tonumber(ARGV[3])) then return { 'OK', 'gap' } end

local closed, members, places = tonumber(ARGV[2]), {}, {}
for i = 6, #ARGV, 2 do members[#members + 1] = ARGV[i] end
if #members > 0 then
  for i, score in ipairs(redis.call('ZMSCORE', line, unpack(members))) do
    if score and tonumber(score) <= closed then
      places[#places + 1] = ARGV[2 * i + 3]
      places[#places + 1] = members[i]
    end
  end
  if #places > 0 then redis.call('ZADD', line, 'XX', unpack(places)) end
  local to = ARGV[#ARGV - 1]
  if not drawnTo or tonumber(to) > tonumber(drawnTo) then drawnTo = to end
  redis.call('HSET', cfg, 'draw', 'filling', 'drawnTo', drawnTo)
end
if ARGV[4] ~= '1' then return { 'OK', 'filling', #places / 2 } end
redis.call('HSET', cfg, 'draw', 'done')
redis.call('DEL', sketch, tail)
redis.call('PUBLISH', channel, '{"kind":"drawn"}')
return { 'OK', 'done', #places / 2 }
