-- pass_state: how a person stands to the inside.
-- KEYS  1 line   2 passes
-- ARGV  1 term   2 person
-- Reply {"done", now, record, empty: none} | {"term", current, now}
-- Writes nothing.  Cost: O(1).  Layout: 1.
assert(#KEYS == 2 and #ARGV == 2, 'wrong number of keys or arguments')
local line, passes = KEYS[1], KEYS[2]
local term, person = ARGV[1], ARGV[2]

local head = redis.call('HMGET', line, 'term', 'master')
local current = term_here(head[1], head[2])
if current ~= term then
  return { 'term', current or '', now }
end
return { 'done', now, redis.call('HGET', passes, person) or '' }
