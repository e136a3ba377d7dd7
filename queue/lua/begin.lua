--- @include queue
--- @include run
-- Begins a generation, when nothing of an older one is left but the bucket, or places that are kept: see generations.ts. Called under Postgres's lock alone.
--
-- ARGV 1 generation · 2 least score of an arrival · 3 ms until the doors move, and with the grace on top places are
-- restored; 0 where nothing was lost · 4 draw: '', 'due' or 'done' · 5 the caller's clock, ms · then pairs of cfg, see generations.ts
-- -> {'OK', least score}
local recovery = tonumber(ARGV[3])
local floor = math.max(tonumber(ARGV[2]), nowUs)
redis.call('DEL', cfg)
redis.call('HSET', cfg, 'generation', ARGV[1], 'draw', ARGV[4], 'floor', digits(floor), 'run', runId() or '', unpack(ARGV, 6))
redis.call('HSET', cfg, 'agreedAt', clocksAgree(tonumber(ARGV[5])) and digits(now) or '0')
local grace, burst = unpack(redis.call('HMGET', cfg, 'grace', 'burst'))
redis.call('HSET', cfg, 'recoverUntil', recovery > 0 and digits(now + recovery) or '0',
  'restoreUntil', recovery > 0 and digits(now + recovery + tonumber(grace)) or '0')
redis.call('PERSIST', bucket)
redis.call('PERSIST', last)
-- How the line before moved says nothing of this one, nor when it was swept, or what its clock did.
if recovery == 0 then
  redis.call('HDEL', bucket, 'pace', 'weight', 'left', 'waited', 'bound', 'swept', 'calmUntil', 'moveBy', 'moveFrom', 'moveAt',
    'moveNext')
end
-- A new line may begin with a burst, once; one that comes back may not, as nobody knows what was spent before the loss.
redis.call(recovery > 0 and 'HSET' or 'HSETNX', bucket, 'tokens', recovery > 0 and '0' or burst)
redis.call('HSET', bucket, 'frontier', NO_FRONTIER, 'at', digits(now), 'soldOut', '0')
redis.call('PUBLISH', channel, '{"kind":"settings"}')
return { 'OK', digits(floor) }
