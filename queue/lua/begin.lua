--- @include queue
-- Begins a generation, when nothing of an older one is left but the bucket. Called under Postgres's lock alone.
--
-- ARGV 1 generation · 2 version · 3 state · 4 rate · 5 cap · 6 burst · 7 factor · 8 pass ms · 9 grace ms
--      · 10 least score of an arrival · 11 ms until the doors move, and with the grace on top receipts restore places
-- -> {'OK', least score}
local recovery, grace = tonumber(ARGV[11]), tonumber(ARGV[9])
local floor = math.max(tonumber(ARGV[10]), nowUs)
redis.call('HSET', cfg, 'generation', ARGV[1], 'version', ARGV[2], 'state', ARGV[3], 'rate', ARGV[4], 'cap', ARGV[5],
  'burst', ARGV[6], 'factor', ARGV[7], 'pass', ARGV[8], 'grace', ARGV[9], 'floor', digits(floor),
  'recoverUntil', digits(now + recovery), 'restoreUntil', recovery > 0 and digits(now + recovery + grace) or '0')
-- A new line may begin with a burst, once; one that comes back may not, as nobody knows what was spent before the loss.
redis.call('HSETNX', bucket, 'tokens', recovery > 0 and '0' or ARGV[6])
redis.call('HSET', bucket, 'frontier', '0', 'at', digits(now))
redis.call('PUBLISH', channel, '{"kind":"settings"}')
return { 'OK', digits(floor) }
