-- close_entries: an early line is drawing from now on, and the draw's sizes are what has joined.
-- KEYS  1 line
-- ARGV  1 term   2 fence
-- Reply {"done", now, size, size_priority} | {"fenced", fence, now} | {"term", current, now}
-- Keeps LINE-3, LINE-6: sizes never change again.
-- Cost: O(1).  Layout: 1.
assert(#KEYS == 1 and #ARGV == 2, 'wrong number of keys or arguments')
local line = KEYS[1]
local term, fence = ARGV[1], ARGV[2]

local head = redis.call('HMGET', line, 'term', 'fence', 'phase', 'joined0', 'joined1', 'size0',
  'size1', 'master')
local current = term_here(head[1], head[8])
if current ~= term then
  return { 'term', current or '', now }
elseif tonumber(fence) < tonumber(head[2]) then
  return { 'fenced', head[2], now }
elseif head[3] ~= 'early' then
  return { 'done', now, head[6], head[7] }
end
redis.call('HSET', line, 'fence', fence, 'phase', 'drawing', 'size0', head[4], 'size1', head[5])
return { 'done', now, head[4], head[5] }
