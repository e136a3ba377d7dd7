-- The process that this Redis is; nil where its rights do not let us ask.
local function runId()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and info:match('run_id:(%x+)') or nil
end

-- Whether a failover or a restart from disk has put another Redis in the place of the one in which the generation began: it
-- may lack the last second, so it says that it has none, and what it holds is compared with what others know.
local function doubtsItself()
  local began, runs = redis.call('HGET', cfg, 'run'), runId()
  if not began or began == '' or not runs or began == runs then return false end
  redis.call('HDEL', cfg, 'generation')
  return true
end
