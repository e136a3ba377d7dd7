--- @include change
-- Begins a new epoch of an event whose map is another now, seat for seat the same. Every seat, hold and count stays; who
-- watches is told by the epoch, and by the map's name beside it.
--
-- ARGV 1 generation · 2 epoch · 3 the map's hash
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
-- Harmless when repeated, and where a rebuild has begun a later one.
if tonumber(redis.call('HGET', meta, 'epoch')) >= tonumber(ARGV[2]) then return { 'OK' } end
redis.call('HSET', meta, 'epoch', ARGV[2], 'seq', 0)
redis.call('DEL', log)
local free = tonumber(redis.call('HGET', meta, 'free'))
local news = cjson.encode({ e = tonumber(ARGV[2]), s = 0, t = now, c = {}, a = {}, f = free, m = ARGV[3] })
redis.call('PUBLISH', channel, news)
return { 'OK' }
