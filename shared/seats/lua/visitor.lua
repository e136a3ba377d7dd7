-- Prelude of verbs that keep what one visitor holds of the event, in one hash: booking -> 'until:index,index,...'.
-- An entry whose time is over counts no more, whether or not anybody has taken it away.

-- Every index in the visitor's live holds but this booking's, as lists with commas, and how many they are.
local function holdsBeside(key, booking)
  local lists, count = {}, 0
  local entries = redis.call('HGETALL', key)
  for i = 1, #entries, 2 do
    local ends, list = string.match(entries[i + 1], '^(%d+):(.*)$')
    if not ends or tonumber(ends) <= now then
      redis.call('HDEL', key, entries[i])
    elseif entries[i] ~= booking then
      lists[#lists + 1] = list
      count = count + select(2, string.gsub(list, ',', '')) + 1
    end
  end
  return lists, count
end

local function holdsNow(key, booking, till, list)
  redis.call('HSET', key, booking, string.format('%.0f:', till) .. list)
  local left = till - now
  if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
end
