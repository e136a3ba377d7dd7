--- @include queue
-- Brings changed settings into a living generation. An older version never overwrites a newer one.
--
-- ARGV 2 version · 3 state · 4 rate · 5 cap · 6 burst · 7 factor · 8 pass ms · 9 grace ms
-- -> {'OK'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
if tonumber(redis.call('HGET', cfg, 'version')) >= tonumber(ARGV[2]) then return { 'OK' } end
redis.call('HSET', cfg, 'version', ARGV[2], 'state', ARGV[3], 'rate', ARGV[4], 'cap', ARGV[5], 'burst', ARGV[6],
  'factor', ARGV[7], 'pass', ARGV[8], 'grace', ARGV[9])
redis.call('DEL', sketch)
redis.call('PUBLISH', channel, '{"kind":"settings"}')
return { 'OK' }
