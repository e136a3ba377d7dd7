-- Prelude of the scripts that read the line at chosen ranks: the first hundred, and behind them every one that keeps whoever stands
-- between two within a hundredth. shared/wire/position.ts has the same ranks, and says why.
local FRONT = 10000

local function rankAfter(rank)
  return rank + math.max(1, 2 * math.floor(rank / 110))
end

-- Where a draw stands: '', 'due', 'filling' or 'done'. Until it is done nobody has a place in any order.
local draw = redis.call('HGET', cfg, 'draw') or ''
local isOrdered = draw ~= 'due' and draw ~= 'filling'

-- Scores at the chosen ranks from `rank` on to the first at or behind `to`, or the line's end. -> scores as texts, and the
-- last one's rank where that is the line's end, else 'null'
local function scoresFrom(rank, to, size)
  local scores = {}
  if size == 0 then return scores, 'null' end
  local at = math.min(rank, size - 1)
  -- While one follows the other they are read at once.
  if rankAfter(at) == at + 1 then
    local till = at
    while till < size - 1 and till < to and rankAfter(till) == till + 1 do till = till + 1 end
    local some = redis.call('ZRANGE', line, at, till, 'WITHSCORES')
    for i = 2, #some - 2, 2 do scores[#scores + 1] = some[i] end
    at = till
  end
  while true do
    -- A number would be printed twice, and by way of a float.
    local here = digits(at)
    scores[#scores + 1] = redis.call('ZRANGE', line, here, here, 'WITHSCORES')[2]
    if at == size - 1 then return scores, digits(at) end
    if at >= to then return scores, 'null' end
    at = math.min(rankAfter(at), size - 1)
  end
end
