--- @include queue
-- Takes or keeps the lease of the one who drives the draw, and says where it stands. Without the lease two would do the same
-- work twice, and no harm.
--
-- ARGV 2 node · 3 ms before the doors at which entries close
-- -> {'OK', draw, '1' where entries are over, last score given, now in ms, score that the draw has reached or ''}
--    | {'OK', 'taken'} | {'OK', 'recovering'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local LEASE_MS = 3000
local set = redis.call('HMGET', cfg, 'draw', 'state', 'opensAt', 'drawnTo', 'drawer', 'drawerUntil')
local draw, state, opens = set[1], set[2], tonumber(set[3])
if draw == 'due' or draw == 'filling' then
  if set[5] and set[5] ~= ARGV[2] and now < tonumber(set[6]) then return { 'OK', 'taken' } end
  redis.call('HSET', cfg, 'drawer', ARGV[2], 'drawerUntil', digits(now + LEASE_MS))
end
-- Whoever has not come back yet would be left out.
if isRecovering() then return { 'OK', 'recovering' } end
local planned = (state == 'scheduled' or state == 'pre_queue') and opens > 0 and now >= opens - tonumber(ARGV[3])
local over = planned or state == 'open' or state == 'closing'
return { 'OK', draw, over and '1' or '0', digits(latestScore()), digits(now), set[4] or '' }
