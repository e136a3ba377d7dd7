--- @include queue
-- Ends a visitor's place or slot at once. Harmless when repeated.
--
-- ARGV 2 member · 3 reason, a word of EndReason · 4 '', or ms: then only the slot of that time ends, and no place, as the word of
-- a purchase may come late, when its visitor waits anew · 5 the score at which that slot was called, by its record: claims are
-- moved with the clock and records are not; '' where there is none, as the clock has gone back since
-- -> {'OK', 'slot' | 'place' | 'nothing', the latest score: what comes after is above} | {'NOGEN'}
if wrongGeneration() then return { 'NOGEN' } end
local member, reason, latest, recorded = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function isMeant()
  if latest == '' then return true end
  if recorded ~= '' then return tonumber(redis.call('HGET', called, member) or nil) == tonumber(recorded) end
  local claimed = redis.call('ZSCORE', since, member)
  return claimed and tonumber(claimed) <= tonumber(latest)
end
if not isMeant() then return { 'OK', 'nothing', digits(latestScore()) } end

local slots = endSlots({ member })
local places = redis.call('ZREM', line, member)
if places > 0 then redis.call('HINCRBYFLOAT', bucket, 'left', 1) end
for _, key in ipairs({ parked, returned }) do places = places + redis.call('ZREM', key, member) end
for _, key in ipairs({ away, polls, asked }) do redis.call('ZREM', key, member) end
if slots + places == 0 then return { 'OK', 'nothing', digits(latestScore()) } end
publish('ended', { member }, ',"reason":"' .. reason .. '"')
return { 'OK', slots > 0 and 'slot' or 'place', digits(latestScore()) }
