-- lay_line: a line from the ledger's counters and passes; people and entries that survive stay.
-- KEYS  1 line   2 entries   3 entries_priority   4 passes   5 inside   6 ended   7 graced
--       8 entered   9 batches
-- ARGV  1 term   2 values: fence, joined (2), ceiling (2), size (2), cursor (3), waiting_max, 1 if
--       passes are added before it is a line, phase, a comma after each, then the draw   3 batches: time and cursors (3), a colon between, a
--       comma after each   4 passes..: person, record
-- Reply {"done", now, joined, joined_priority}
--       | {"term", current, now}: this term or a later one is there
-- Keeps LINE-1, LINE-4: indexes go on behind every entry that is there.  The batches tell since when
-- whoever was released has their turn; where they do not, it is from now on.  The line, which carries
-- the term and the master, goes first and comes back last.  Cost: O(passes + people in the grace).  Layout: 1.
assert(#KEYS == 9 and #ARGV >= 3 and #ARGV % 2 == 1, 'wrong number of keys or arguments')
local line, entries, entries_priority, passes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local inside, ended, graced, entered, batches = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local term, values, steps = ARGV[1], ARGV[2], ARGV[3]
local call, sub, format = redis.call, string.sub, string.format

local current = call('HGET', line, 'term')
if current and tonumber(current) >= tonumber(term) then
  return { 'term', current, now }
end
local NUMBER = '(%d+),'
local fence, joined0, joined1, ceiling0, ceiling1, size0, size1, cursor0, cursor1, cursor2,
  waiting_max, more, phase, draw = string.match(values, '^' .. string.rep(NUMBER, 12) .. '(%a+),(.*)$')
assert(phase, 'malformed values')
joined0 = format('%d', math.max(joined0 + 0, math.ceil(call('STRLEN', entries) / 12)))
joined1 = format('%d', math.max(joined1 + 0, math.ceil(call('STRLEN', entries_priority) / 12)))

local records, live, over, laid = {}, {}, {}, {}
for at = 4, #ARGV, 2 do
  local person, record = ARGV[at], ARGV[at + 1]
  local kind = sub(record, 1, 1)
  if not laid[person] then
    laid[person] = true
    records[#records + 1] = person
    records[#records + 1] = record
    if kind == 'L' then
      live[#live + 1] = sub(record, 2, 14)
      live[#live + 1] = person
    elseif kind == 'E' then
      over[#over + 1] = sub(record, 2, 2) .. person .. sub(record, 3)
    end
  end
end
-- Who waits in the grace keeps the number; where numbers were lost, nobody stands at them.
local released, waits = tonumber(cursor2), call('LLEN', graced)
local lost = {}
for _ = waits + 1, released do
  lost[#lost + 1] = string.rep('\0', 12)
end
for at = released, waits - 1, 1000 do
  for number, person in ipairs(call('LRANGE', graced, format('%d', at), format('%d', at + 999))) do
    if not laid[person] then
      records[#records + 1] = person
      records[#records + 1] = format('G%d', at + number - 1)
    end
  end
end

local function in_parts(command, key, list)
  for at = 1, #list, 1000 do
    call(command, key, unpack(list, at, math.min(at + 999, #list)))
  end
end
call('DEL', line, passes, inside, ended, entered, batches)
in_parts('HSET', passes, records)
in_parts('ZADD', inside, live)
in_parts('RPUSH', ended, over)
in_parts('RPUSH', graced, lost)
local marks = {}
for mark in string.gmatch(steps, '([^,]+),') do
  marks[#marks + 1] = mark
end
local cursors = ':' .. cursor0 .. ':' .. cursor1 .. ':' .. cursor2
if cursors ~= ':0:0:0' and sub(marks[#marks] or '', 14) ~= cursors then
  marks[#marks + 1] = format('%d', now) .. cursors
end
in_parts('RPUSH', batches, marks)
call('HSET', line, 'term', term, 'fence', fence, 'phase', phase, 'joined0', joined0, 'joined1',
  joined1, 'ceiling0', ceiling0, 'ceiling1', ceiling1, 'size0', size0, 'size1', size1, 'cursor0',
  cursor0, 'cursor1', cursor1, 'cursor2', cursor2, 'waiting_max', waiting_max,
  'master', master_here() .. (more == '1' and '+' or ''))
if draw ~= '' then
  call('HSET', line, 'draw', draw)
end
return { 'done', now, joined0, joined1 }
