--- @include queue
-- Brings changed settings into a living generation. An older version never overwrites a newer one.
--
-- ARGV 2 version · 3 draw: '' or 'due', counts only while none was made · then pairs of cfg, see generations.ts
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
if tonumber(redis.call('HGET', cfg, 'version')) >= tonumber(ARGV[2]) then return { 'OK' } end
redis.call('HSET', cfg, unpack(ARGV, 4))
local draw = redis.call('HGET', cfg, 'draw')
if draw == '' or draw == 'due' then redis.call('HSET', cfg, 'draw', ARGV[3]) end
redis.call('DEL', sketch)
redis.call('PUBLISH', channel, '{"kind":"settings"}')
return { 'OK' }
