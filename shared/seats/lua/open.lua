-- The last step of a rebuild: from here on scripts believe what stands here. Refused where the state was lost
-- again while it was written.
--
-- KEYS 1 meta · 2 state · 3 channel
-- ARGV 1 generation · 2 epoch · 3 seats · 4 units · 5 free · 6 the news to publish
-- -> 1, or 0 where it has to be done again
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'epoch', ARGV[2], 'seq', 0,
  'seats', ARGV[3], 'units', ARGV[4], 'free', ARGV[5])
redis.call('PUBLISH', KEYS[3], ARGV[6])
return 1
