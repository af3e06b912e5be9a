-- join_line: people into the line, in order; each gets an index, keeps the place they have, or neither.
-- KEYS  1 line   2 entries   3 entries_priority   4 passes   5 members..: the bucket of each person
-- ARGV  1 term   2 people, 12 bytes each   3 lanes, a digit each; empty: all general
--       4 shown: number:index, of those who show a place, by their number in the call
-- Reply "seconds microseconds joined joined_priority first first_priority codes"
--       | {"term", current, now}
--       codes, without a mark between them: N the next index of the lane, counted from its first
--       | K and a place and a comma: known or shown; indexes go on behind it | F full | D closed
--       | C ceiling.  One string, not a list: a list costs Redis more than the joins.
-- Keeps LINE-4, LINE-5: the counters go up before any index is used and come down to what was, so
-- that no index is given twice wherever a call ends.  Only who gets an index costs one.
-- Cost: O(people).  Layout: 1.
assert(#KEYS == 4 + #ARGV[2] / 12 and #KEYS > 4 and #ARGV == 4, 'wrong number of keys or arguments')
local line, entries, entries_priority, passes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local term, people, lanes, shown = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local call, sub, byte, format = redis.call, string.sub, string.byte, string.format

local head = call('HMGET', line, 'term', 'phase', 'waiting_max', 'joined0', 'joined1', 'ceiling0',
  'ceiling1', 'cursor0', 'cursor1', 'master')
local current = term_here(head[1], head[10])
if current ~= term then
  return { 'term', current or '', now }
end
local KEEPERS, COUNTERS = { [0] = entries, entries_priority }, { [0] = 'joined0', 'joined1' }
local joined = { [0] = tonumber(head[4]), tonumber(head[5]) }
local ceiling = { [0] = tonumber(head[6]), tonumber(head[7]) }
local begun, reserved = { [0] = joined[0], joined[1] }, { [0] = joined[0], joined[1] }
local origin, origin_priority = joined[0], joined[1]
local waiting_max, waiting = tonumber(head[3]), joined[0] + joined[1] - head[8] - head[9]
local is_open = head[2] ~= 'draining' and head[2] ~= 'closed'
-- How many more get an index, as far as the phase and the number of people waiting go.
local room = is_open and (waiting_max > 0 and waiting_max - waiting or math.huge) or 0

local places
if shown ~= '' then
  places = {}
  for number, index in string.gmatch(shown, '(%d+):(%d+),') do
    places[tonumber(number)] = tonumber(index)
  end
end

-- New people of a lane follow each other: they are written by stretches of `people`.
local pieces, from, to = { [0] = {}, {} }, {}, {}
local function cut(lane)
  if from[lane] then
    local of_lane = pieces[lane]
    of_lane[#of_lane + 1] = sub(people, from[lane] * 12 - 11, to[lane] * 12)
    from[lane], to[lane] = nil, nil
  end
end
local function flush(lane)
  cut(lane)
  if pieces[lane][1] then
    call('SETRANGE', KEEPERS[lane], format('%d', begun[lane] * 12), table.concat(pieces[lane]))
    pieces[lane] = {}
  end
  begun[lane] = joined[lane]
end

local function reserve(lane, many)
  local most = math.min(joined[lane] + many, math.max(ceiling[lane], joined[lane]))
  if most > reserved[lane] then
    reserved[lane] = most
    call('HSET', line, COUNTERS[lane], format('%d', most))
  end
end

local count = #people / 12
if room > 0 then
  reserve(0, math.min(count, room))
  if lanes ~= '' then
    reserve(1, math.min(count, room))
  end
end

local function take(number, lane)
  if to[lane] ~= number - 1 then
    cut(lane)
    from[lane] = number
  end
  to[lane], joined[lane], room = number, joined[lane] + 1, room - 1
  return 'N'
end

-- Indexes go on behind one that was given before the line was laid.
local function jump(lane, index, left)
  flush(lane)
  room = room - (index + 1 - joined[lane])
  joined[lane], begun[lane] = index + 1, index + 1
  reserve(lane, math.max(math.min(left, room), 0))
end

-- Whoever does not simply get the next index.
local function consider(number, lane, bucket, field)
  local person = sub(people, number * 12 - 11, number * 12)
  local known, record = call('HGET', bucket, field), call('HGET', passes, person)
  -- The place of the last pass that ended, also when the person waits in the grace since.
  local ended = tonumber(record and string.match(record, 'E.(%d+)$'))
  local index = places and places[number]
  local place = index and index * 2 + lane
  if known and ended == tonumber(known) then
    known = false
  elseif place and (not known or known % 2 == lane and place < tonumber(known)) then
    -- Who was forgotten and got another place has the earlier one. A place is used up with its pass,
    -- and given up when another one was got after it: of one lane, that is told by the index.
    local has_pass = record and sub(record, 1, 1) == 'L' and sub(record, 15) == known
    if not has_pass and not (ended and (ended % 2 ~= lane or ended >= place)) then
      flush(lane)
      if known and head[2] == 'early' then
        local at = (known - lane) / 2 * 12
        if call('GETRANGE', KEEPERS[lane], format('%d', at), format('%d', at + 11)) == person then
          call('SETRANGE', KEEPERS[lane], format('%d', at), string.rep('\0', 12))
        end
      end
      known = format('%d', place)
      call('HSET', bucket, field, known)
      local entry = call('GETRANGE', KEEPERS[lane], format('%d', index * 12),
        format('%d', index * 12 + 11))
      if not string.find(entry, '[^%z]') then
        call('SETRANGE', KEEPERS[lane], format('%d', index * 12), person)
      end
    end
  end
  if known then
    local lane_known = known % 2
    local index = (known - lane_known) / 2
    if index >= joined[lane_known] then
      jump(lane_known, index, count - number)
    end
    return 'K' .. known .. ','
  elseif not is_open then
    return 'D'
  elseif room <= 0 then
    return 'F'
  elseif joined[lane] >= ceiling[lane] then
    return 'C'
  end
  call('HSET', bucket, field, format('%d', joined[lane] * 2 + lane))
  return take(number, lane)
end

local codes, lane = {}, 0
for number = 1, count do
  local bucket, field = KEYS[4 + number], sub(people, number * 12 - 9, number * 12)
  if lanes ~= '' then
    lane = byte(lanes, number) - 48
  end
  if room > 0 and joined[lane] < ceiling[lane] and not (places and places[number])
    and call('HSETNX', bucket, field, format('%d', joined[lane] * 2 + lane)) == 1 then
    codes[number] = take(number, lane)
  else
    codes[number] = consider(number, lane, bucket, field)
  end
end

for of_lane = 0, 1 do
  flush(of_lane)
  if reserved[of_lane] ~= joined[of_lane] then
    call('HSET', line, COUNTERS[of_lane], format('%d', joined[of_lane]))
  end
end
return time[1] .. ' ' .. time[2]
  .. format(' %d %d %d %d ', joined[0], joined[1], origin, origin_priority) .. table.concat(codes)
