--- @include queue
-- Takes or keeps the lease of the one who drives the draw, and says where it stands. Without the lease two would do the same
-- work twice, and no harm.
--
-- ARGV 2 node · 3 ms before the doors at which entries close
-- -> {'OK', draw, '1' where entries are over, last score given, now in ms, score that the draw has reached or ''}
--    | {'OK', 'taken'} | {'OK', 'recovering'} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local LEASE_MS = 3000
local draw, drawnTo, drawer, till = unpack(redis.call('HMGET', cfg, 'draw', 'drawnTo', 'drawer', 'drawerUntil'))
if draw == 'due' or draw == 'filling' then
  if drawer and drawer ~= ARGV[2] and now < tonumber(till) then return { 'OK', 'taken' } end
  redis.call('HSET', cfg, 'drawer', ARGV[2], 'drawerUntil', digits(now + LEASE_MS))
end
-- Whoever has not come back yet would be left out.
if isRecovering() then return { 'OK', 'recovering' } end
local over = entriesAreOver(tonumber(ARGV[3])) and '1' or '0'
return { 'OK', draw, over, digits(latestScore()), digits(now), drawnTo or '' }
