-- Prelude of verbs that free what a booking holds; behind `change`.

-- KEYS from firstKey on: a key a seat, then a list of free units a unit. ARGV from firstArg on: n · n seat indices · m
-- · m times: area, unit index. What somebody else holds by now, or what is sold or blocked, stays as it is.
local function freeHeld(booking, firstKey, firstArg)
  local seats = tonumber(ARGV[firstArg])
  for i = 1, seats do
    local key, index = KEYS[firstKey + i - 1], ARGV[firstArg + i]
    local owner = redis.call('GET', key)
    -- Without an owner the seat's key has ended: whoever held it last, it is free.
    if not owner or owner == booking then
      redis.call('DEL', key)
      if statusOf(index) == HELD then setSeat(index, AVAILABLE) end
    end
  end
  local cursor = firstArg + seats + 1
  local listOf = {}
  for u = 1, tonumber(ARGV[cursor]) do
    local area, index = ARGV[cursor + 2 * u - 1], ARGV[cursor + 2 * u]
    local freeUnits = KEYS[firstKey + seats + u - 1]
    if statusOf(index) == HELD then
      set(index, AVAILABLE)
      redis.call('RPUSH', freeUnits, index)
      listOf[area] = freeUnits
    end
  end
  for area, freeUnits in pairs(listOf) do areaChanged(tonumber(area), freeUnits) end
end
