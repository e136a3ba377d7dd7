--- @include queue
-- Ends a visitor's place or slot at once. Harmless when repeated.
--
-- ARGV 2 member · 3 reason, a word of EndReason · 4 '', or ms: then only a slot given until then ends, and no place,
-- as the word of a purchase may come late, when its visitor waits anew
-- -> {'OK', 'slot' | 'place' | 'nothing', the latest score: what comes after is above} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local member, reason, latest = ARGV[2], ARGV[3], ARGV[4]
if latest ~= '' then
  local claimed = redis.call('ZSCORE', since, member)
  if not claimed or tonumber(claimed) > tonumber(latest) then return { 'OK', 'nothing', digits(latestScore()) } end
end
local slots = endSlots({ member })
local places = redis.call('ZREM', line, member)
if places > 0 then redis.call('HINCRBYFLOAT', bucket, 'left', 1) end
for _, key in ipairs({ parked, returned }) do places = places + redis.call('ZREM', key, member) end
for _, key in ipairs({ away, polls, asked }) do redis.call('ZREM', key, member) end
if slots + places == 0 then return { 'OK', 'nothing', digits(latestScore()) } end
publish('ended', { member }, ',"reason":"' .. reason .. '"')
return { 'OK', slots > 0 and 'slot' or 'place', digits(latestScore()) }
