-- admit: moves the cursors forward, and ends passes past their deadline.
-- KEYS  1 line   2 passes   3 inside   4 graced   5 ended   6 batches
-- ARGV  1 term   2 fence   3 cursor, general   4 cursor_priority   5 cursor_grace
--       6 limit, of passes ended
-- Reply {"done", now, inside, joined (2), cursor (3), people whose pass ended}
--       | {"fenced", fence, now} | {"term", current, now}
-- Keeps LINE-1, LINE-6: a cursor never goes back, nor beyond who stands there, and stays where it is
-- before the draw.  Lists first: what is done twice after a cut is told twice, never not at all.
-- Cost: O(passes ended).  Layout: 1.
assert(#KEYS == 6 and #ARGV == 6, 'wrong number of keys or arguments')
local line, passes, inside, graced, ended, batches = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5],
  KEYS[6]
local term, fence, limit = ARGV[1], ARGV[2], ARGV[6]
local call, sub, format = redis.call, string.sub, string.format

local head = call('HMGET', line, 'term', 'fence', 'joined0', 'joined1', 'cursor0', 'cursor1',
  'cursor2', 'phase', 'master')
local current = term_here(head[1], head[9])
if current ~= term then
  return { 'term', current or '', now }
elseif tonumber(fence) < tonumber(head[2]) then
  return { 'fenced', head[2], now }
end
local cursors, wanted = { head[5], head[6], head[7] }, { ARGV[3], ARGV[4], ARGV[5] }
local is_drawn = head[8] ~= 'early' and head[8] ~= 'drawing'
local ends, moved = { tonumber(head[3]), tonumber(head[4]), call('LLEN', graced) }, false
for way = 1, 3 do
  local to = math.min(tonumber(wanted[way]), ends[way])
  if is_drawn and to > tonumber(cursors[way]) then
    cursors[way], moved = format('%d', to), true
  end
end
if moved then
  call('RPUSH', batches, format('%d:', now) .. table.concat(cursors, ':'))
  call('HSET', line, 'fence', fence, 'cursor0', cursors[1], 'cursor1', cursors[2], 'cursor2',
    cursors[3])
elseif fence ~= head[2] then
  call('HSET', line, 'fence', fence)
end

local idle = call('ZRANGEBYSCORE', inside, '-inf', format('%d', now), 'LIMIT', '0', limit)
local people, marks, records, longer = {}, {}, {}, {}
for at = 1, #idle, 1000 do
  local some = { unpack(idle, at, math.min(at + 999, #idle)) }
  for number, record in ipairs(call('HMGET', passes, unpack(some))) do
    if record and sub(record, 1, 1) == 'L' then
      if tonumber(sub(record, 2, 14)) <= now then
        people[#people + 1] = some[number]
        marks[#marks + 1] = 'i' .. some[number] .. sub(record, 15)
        records[#records + 1] = some[number]
        records[#records + 1] = 'Ei' .. sub(record, 15)
      else
        longer[#longer + 1] = sub(record, 2, 14)
        longer[#longer + 1] = some[number]
      end
    end
  end
end
local function in_parts(command, key, list)
  for at = 1, #list, 1000 do
    call(command, key, unpack(list, at, math.min(at + 999, #list)))
  end
end
in_parts('RPUSH', ended, marks)
in_parts('HSET', passes, records)
in_parts('ZREM', inside, idle)
in_parts('ZADD', inside, longer)
return { 'done', now, call('ZCARD', inside), head[3], head[4], cursors[1], cursors[2], cursors[3],
  table.concat(people) }
