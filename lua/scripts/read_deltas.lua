-- read_deltas: what changed from a position on, that one included.
-- KEYS  1 seats   2 deltas
-- ARGV  1 after, a position or -   2 count
-- Reply {"done", now, epoch, position, delta, ...} | {"epoch", "", now}: there is no inventory
-- Writes nothing.  Cost: O(count).  Layout: 1.
assert(#KEYS == 2 and #ARGV == 2, 'wrong number of keys or arguments')
local seats, deltas = KEYS[1], KEYS[2]
local after, count = ARGV[1], ARGV[2]

local epoch = redis.call('GETRANGE', seats, '0', '15')
if epoch == '' then
  return { 'epoch', '', now }
end
local answer = { 'done', now, epoch }
for _, entry in ipairs(redis.call('XRANGE', deltas, after, '+', 'COUNT', count)) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
return answer
