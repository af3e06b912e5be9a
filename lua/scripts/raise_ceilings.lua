-- raise_ceilings: more indexes of a lane may be given out.
-- KEYS  1 line
-- ARGV  1 term   2 ceiling, general   3 ceiling_priority
-- Reply {"done", now, ceiling, ceiling_priority} | {"term", current, now}
-- Keeps LINE-4: a ceiling is never lowered.
-- Cost: O(1).  Layout: 1.
assert(#KEYS == 1 and #ARGV == 3, 'wrong number of keys or arguments')
local line = KEYS[1]
local term, ceiling, ceiling_priority = ARGV[1], ARGV[2], ARGV[3]

local head = redis.call('HMGET', line, 'term', 'ceiling0', 'ceiling1', 'master')
local current = term_here(head[1], head[4])
if current ~= term then
  return { 'term', current or '', now }
end
if tonumber(ceiling) > tonumber(head[2]) then
  redis.call('HSET', line, 'ceiling0', ceiling)
  head[2] = ceiling
end
if tonumber(ceiling_priority) > tonumber(head[3]) then
  redis.call('HSET', line, 'ceiling1', ceiling_priority)
  head[3] = ceiling_priority
end
return { 'done', now, head[2], head[3] }
