-- Prelude of every verb that changes seats. The verb's first five keys are always:
--   KEYS[1] meta  KEYS[2] state  KEYS[3] log  KEYS[4] expiries  KEYS[5] channel
-- and its first argument is the generation. `announce` ends the verb: one seq, one entry of the log, one diff.
local meta, state, log, expiries, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local AVAILABLE, HELD = 0, 1
local LOG_LENGTH = 2000

-- Redis 7.0 moves TIME inside a script: read it once.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function wrongGeneration()
  return redis.call('HGET', meta, 'generation') ~= ARGV[1]
end

local function statusOf(index)
  return redis.call('BITFIELD', state, 'GET', 'u2', '#' .. index)[1]
end

local changes, areas, freed = {}, {}, 0

-- Sets a seat's or unit's status and answers the one before.
local function set(index, status)
  local before = redis.call('BITFIELD', state, 'SET', 'u2', '#' .. index, status)[1]
  if before == AVAILABLE and status ~= AVAILABLE then freed = freed - 1 end
  if before ~= AVAILABLE and status == AVAILABLE then freed = freed + 1 end
  return before
end

local function setSeat(index, status)
  if set(index, status) ~= status then
    changes[#changes + 1] = tonumber(index)
    changes[#changes + 1] = status
  end
end

local function areaChanged(area, freeUnits)
  areas[#areas + 1] = area
  areas[#areas + 1] = redis.call('LLEN', freeUnits)
end

-- cjson writes an empty table as {}; readers take either.
local function announce()
  if #changes == 0 and #areas == 0 then return end
  local free = redis.call('HINCRBY', meta, 'free', freed)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  local epoch = tonumber(redis.call('HGET', meta, 'epoch'))
  local diff = cjson.encode({ e = epoch, s = seq, t = now, c = changes, a = areas, f = free })
  redis.call('LPUSH', log, diff)
  redis.call('LTRIM', log, 0, LOG_LENGTH - 1)
  redis.call('PUBLISH', channel, diff)
end
