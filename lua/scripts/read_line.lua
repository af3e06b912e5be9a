-- read_line: a line as it stands, and what its lists have got since a reader looked.
-- KEYS  1 line   2 inside   3 batches   4 graced   5 ended   6 entered
-- ARGV  1 term, of what the reader knows   2 batches_after   3 graced_after   4 ended_after
--       5 entered_after   6 wanted: 1 the draw + 2 who entered
-- Reply {"done", now, term, fence, phase, joined (2), ceiling (2), size (2), cursor (3),
--       waiting_max, inside, draw, notes, batches, graced, ended, entered} | {"missing", "", now}
--       the last four: {items in all, position of the first that follows, item, ...}
-- Writes nothing.  Cost: O(items told, 5,000 of each list at most).  Layout: 1.
assert(#KEYS == 6 and #ARGV == 6, 'wrong number of keys or arguments')
local line, inside, batches, graced, ended, entered = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5],
  KEYS[6]
local term, wanted = ARGV[1], tonumber(ARGV[6])
local batches_after, graced_after, ended_after, entered_after = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local call, format = redis.call, string.format
local ITEMS_MAX = 5000

local values = call('HMGET', line, 'term', 'fence', 'phase', 'joined0', 'joined1', 'ceiling0',
  'ceiling1', 'size0', 'size1', 'cursor0', 'cursor1', 'cursor2', 'waiting_max', 'draw', 'notes',
  'master')
if not term_here(values[1], values[16]) then
  return { 'missing', '', now }
end
local function part(list, after)
  local from = values[1] == term and tonumber(after) or 0
  local size = call('LLEN', list)
  local items = { size, from }
  if from < size then
    local more = call('LRANGE', list, format('%d', from), format('%d', from + ITEMS_MAX - 1))
    for at = 1, #more do
      items[at + 2] = more[at]
    end
  end
  return items
end
local answer = { 'done', now }
for at = 1, 13 do
  answer[at + 2] = values[at]
end
answer[16] = call('ZCARD', inside)
answer[17] = wanted % 2 == 1 and values[14] or ''
answer[18] = values[15] or ''
answer[19] = part(batches, batches_after)
answer[20] = part(graced, graced_after)
answer[21] = part(ended, ended_after)
answer[22] = wanted >= 2 and part(entered, entered_after) or { 0, 0 }
return answer
