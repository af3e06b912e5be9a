-- hold_seats: up to 64 holds, each all or nothing, in order.
-- KEYS  1 seats   2 owners   3 records   4 deadlines   5 deltas
-- ARGV  1 epoch   2 next_id   3 shape: bytes: fields, whether two holds want the same seat
--       4 rest..: the fields (hold key, customer, address if any, of each hold); then each hold:
--       form, bytes: address or not, its arguments (2), life in ms (3), seats and places (2),
--       customer's limit (2), address's cap (2), candidates, and for each candidate its number of
--       runs and their lengths; bytes 15 to 86 of the record; areas; then each candidate: its runs
--       as text, and for each run first and last byte in seats, first byte in owners
-- Reply {"done", position, now, hold, ...} | {"epoch", current, now}
--       hold: candidate, from 1 (0: areas only) | -1 key reused | -2 customer limit
--       | -3 address limit | "R" record | "T" runs taken | "S" areas short
-- Keeps SEAT-1, HOLD-1.  A refusal writes nothing.  Cost: O(seats named).  Layout: 1.
assert(#KEYS == 5 and #ARGV >= 8, 'wrong number of keys or arguments')
local seats, owners, records, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local epoch, next_id, shape = ARGV[1], ARGV[2], ARGV[3]
local call, byte, rep, sub = redis.call, string.byte, string.rep, string.sub

local current = call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end

local fields, overlap = byte(shape, 1, 2)
local values = call('HMGET', records, unpack(ARGV, 4, 3 + fields))
local known = {}
for at = 1, fields do
  known[ARGV[3 + at]] = values[at]
end

-- Made when somebody is in the way, or areas are wanted.
local slow
local taken = overlap == 1 and {}
local items, cells, changes, member, first_due = {}, {}, {}, '', nil
local answers = { 'done', '', now }
local field, at = 4, 4 + fields
local life, deadline, due

while ARGV[at] do
  local form, head, areas = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local has_address, many1, many2, life1, life2, life3, count1, count2, limit1, limit2, cap1, cap2,
    candidates = byte(form, 1, 13)
  local key, customer = ARGV[field], ARGV[field + 1]
  local address = has_address == 1 and ARGV[field + 2]
  local count = count1 * 256 + count2
  local customers, addresses = '', ''
  local argument, place = at + 3, 14
  local answer
  local dead
  field = field + 2 + has_address
  at = at + many1 * 256 + many2

  local record = known[key]
  if record then
    slow = slow or inventory(seats, owners, records, deadlines, known)
    if slow.is_live(record) then
      answer = sub(record, 28, 35) == sub(head, 14, 21) and 'R' .. record or -1
    elseif sub(record, 1, 1) == 'A' then
      dead = { key }
    end
  end
  if not answer then
    local total = 0
    if known[customer] then
      slow = slow or inventory(seats, owners, records, deadlines, known)
      total, customers = slow.total(customer, 36, key, true)
    end
    if total + count > limit1 * 256 + limit2 then
      answer = -2
    end
  end
  if not answer and address then
    local total = 0
    if known[address] then
      slow = slow or inventory(seats, owners, records, deadlines, known)
      total, addresses = slow.total(address, 48, key, false)
    end
    if total + count > cap1 * 256 + cap2 then
      answer = -3
    end
  end

  local runs, run, lengths, many = '|', nil, nil, 0
  if not answer and candidates > 0 then
    local lost
    for candidate = 1, candidates do
      runs, run, lengths, many = ARGV[argument], argument + 1, place + 1, byte(form, place)
      lost = nil
      local in_the_way = dead
      for at_run = 0, many - 1 do
        local from, length = ARGV[run + 3 * at_run], byte(form, lengths + at_run)
        local states = call('GETRANGE', seats, from, ARGV[run + 3 * at_run + 1])
        if taken or states ~= rep('0', length) then
          if #states ~= length then
            error('no such seat')
          end
          slow = slow or inventory(seats, owners, records, deadlines, known)
          lost = lost or {}
          in_the_way = in_the_way or {}
          slow.examine(from - 32, length, states, taken, lost, in_the_way)
        end
      end
      argument, place = argument + 1 + 3 * many, place + 1 + many
      if not lost or #lost == 0 then
        answer = candidate
        dead = in_the_way
        break
      end
      -- What stands in the way of one candidate is no matter of the next.
      dead = record and sub(record, 1, 1) == 'A' and { key } or nil
    end
    if not answer then
      answer = 'T' .. table.concat(lost, ',')
    end
  end

  local granted = not answer or (type(answer) == 'number' and answer > 0)
  if granted and areas ~= '|' then
    slow = slow or inventory(seats, owners, records, deadlines, known)
    dead = dead or {}
    local short = slow.short_areas(areas, dead)
    if #short > 0 then
      answer, granted = 'S' .. table.concat(short, ','), false
    end
  end

  if granted then
    if dead then
      slow.expire(dead)
    end
    local life_ms = life1 * 65536 + life2 * 256 + life3
    if life_ms ~= life then
      life, due = life_ms, now + life_ms
      deadline = string.format('%013d', due)
    end
    record = 'A' .. deadline .. head .. runs .. areas
    changes[#changes + 1] = key
    changes[#changes + 1] = record
    changes[#changes + 1] = customer
    changes[#changes + 1] = customers .. key
    known[key], known[customer] = record, customers .. key
    if address then
      changes[#changes + 1] = address
      changes[#changes + 1] = addresses .. key
      known[address] = addresses .. key
    end
    if answer then
      items[#items + 1] = '1' .. deadline .. runs
      for at_run = 0, many - 1 do
        local length = byte(form, lengths + at_run)
        cells[#cells + 1] = ARGV[run + 3 * at_run]
        cells[#cells + 1] = rep('1', length)
        cells[#cells + 1] = ARGV[run + 3 * at_run + 2]
        cells[#cells + 1] = rep(key, length)
        if taken then
          for seat = ARGV[run + 3 * at_run] - 32, ARGV[run + 3 * at_run] - 33 + length do
            taken[seat] = true
          end
        end
      end
    end
    if areas ~= '|' then
      slow.add_areas(areas, 'held', 1)
    end
    member = member .. key
    if not first_due or due < first_due then
      first_due = due
    end
  end
  answers[#answers + 1] = answer or 0
end

if not first_due then
  answers[2] = last_position(deltas, epoch)
  return answers
end
local delta = table.concat(items)
if slow then
  delta = slow.delta() .. delta
end
answers[2] = publish(deltas, next_id, delta)
if slow then
  slow.write()
end
for cell = 1, #cells, 4 do
  call('SETRANGE', seats, cells[cell], cells[cell + 1])
  call('SETRANGE', owners, cells[cell + 2], cells[cell + 3])
end
call('HSET', records, unpack(changes))
call('ZADD', deadlines, string.format('%d', first_due), member)
return answers
