-- set_line: fields of the line that its leader tells everybody.
-- KEYS  1 line
-- ARGV  1 term   2 fence   3 fields..: name, value
-- Reply {"done", now} | {"fenced", fence, now} | {"term", current, now}
-- Keeps LINE-6: a lower fence than the line has seen changes nothing.
-- Cost: O(fields).  Layout: 1.
assert(#KEYS == 1 and #ARGV >= 2 and #ARGV % 2 == 0, 'wrong number of keys or arguments')
local line = KEYS[1]
local term, fence = ARGV[1], ARGV[2]

local head = redis.call('HMGET', line, 'term', 'fence', 'master')
local current = term_here(head[1], head[3])
if current ~= term then
  return { 'term', current or '', now }
elseif tonumber(fence) < tonumber(head[2]) then
  return { 'fenced', head[2], now }
end
local pairs_set = { 'fence', fence }
for at = 3, #ARGV do
  pairs_set[at] = ARGV[at]
end
redis.call('HSET', line, unpack(pairs_set))
return { 'done', now }
