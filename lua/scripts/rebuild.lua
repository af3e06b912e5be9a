-- rebuild: an inventory from the ledger's claims and blocks, over the live holds that survive.
-- KEYS  1 seats   2 owners   3 records   4 queue   5 deadlines   6 deltas
-- ARGV  1 epoch   2 first_id   3 seats: the string with claims and blocks laid   4 owners: likewise
--       5 areas: capacity,held,sold| of each, claims counted
--       6 claims..: P or S, hold key, bytes 15 to 86 of the record, runs, areas
-- Reply {"done", position, now, holds kept, holds displaced}
--       | {"epoch", current, now}: this epoch or a later one is there
-- Keeps SEAT-1, CLAIM-1, EPOCH-1, I11: claims are the ledger's alone; holds give way to them.
-- The seats, which carry the epoch, go first and come back last: whoever meets a rebuild that was
-- cut in half finds no inventory.  Cost: O(seats + records).  Layout: 1.
assert(#KEYS == 6 and #ARGV >= 5 and (#ARGV - 5) % 5 == 0, 'wrong number of keys or arguments')
local seats, owners, records, queue, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5],
  KEYS[6]
local epoch, first_id, base_seats, base_owners, base_areas = ARGV[1], ARGV[2], ARGV[3], ARGV[4],
  ARGV[5]
local RUN, AREA, SEATS_HEAD, KEPT_MS = '(%d+)%+(%d+)', '(%d+):(%d+)', 40, 900000
local call, sub, byte, rep, format = redis.call, string.sub, string.byte, string.rep, string.format
local gmatch = string.gmatch

local current = call('GETRANGE', seats, '0', '15')
local standing = tonumber(current)
if standing and standing >= tonumber(epoch) then
  return { 'epoch', current, now }
end

local old, holds = {}, {}
local all = call('HGETALL', records)
for at = 1, #all, 2 do
  if #all[at] == 12 then
    old[all[at]] = all[at + 1]
    holds[#holds + 1] = all[at]
  end
end
-- Who came first stays if there is no room for all.
table.sort(holds, function(left, right)
  local left_created, right_created = sub(old[left], 15, 27), sub(old[right], 15, 27)
  if left_created ~= right_created then
    return left_created < right_created
  end
  return left < right
end)

local fields, lists, listed, due, cells = {}, {}, {}, {}, {}
local function set(field, value)
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
local function list(field, key)
  if not lists[field] then
    listed[#listed + 1] = field
  end
  lists[field] = (lists[field] or '') .. key
end
local function list_record(key, record)
  list('c' .. sub(record, 36, 47), key)
  local address = sub(record, 48, 59)
  if address ~= rep('\0', 12) then
    list('a' .. address, key)
  end
end
local function remind(at, key)
  due[#due + 1] = format('%d', at)
  due[#due + 1] = key
end

local claimed = {}
for at = 6, #ARGV, 5 do
  local to, key, head, runs, places = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3],
    ARGV[at + 4]
  local deadline, operations, record = format('%013d', now), '', old[key]
  if record and sub(record, 15, 27) == sub(head, 1, 13) then
    deadline = sub(record, 2, 14)
    operations = string.match(record, '^[^|]*|[^|]*|(.*)$', 87)
    head = sub(head, 1, 13) .. sub(record, 28, 35) .. sub(head, 22, 33) .. sub(record, 48, 66)
      .. sub(head, 53)
  end
  record = to .. deadline .. head .. runs .. places .. operations
  claimed[key] = true
  set(key, record)
  list_record(key, record)
end

local areas, counts = {}, 0
for capacity, held, sold in gmatch(base_areas, '(%d+),(%d+),(%d+)|') do
  areas[format('%d', counts)] =
    { capacity = tonumber(capacity), held = tonumber(held), sold = tonumber(sold) }
  counts = counts + 1
end

-- Seats that holds have got back.
local taken = {}
local function has_room(runs, places)
  for first, length in gmatch(runs, RUN) do
    for seat = first, first + length - 1 do
      if byte(base_seats, SEATS_HEAD + 1 + seat) ~= 48 or taken[seat] then
        return false
      end
    end
  end
  for index, quantity in gmatch(places, AREA) do
    local area = areas[index]
    if not area or area.capacity - area.held - area.sold < tonumber(quantity) then
      return false
    end
  end
  return true
end

local kept, displaced = 0, 0
for _, key in ipairs(holds) do
  local record = old[key]
  local status, deadline = sub(record, 1, 1), tonumber(sub(record, 2, 14))
  if status == 'A' and not claimed[key] then
    local runs, places = string.match(record, '^([^|]*)|([^|]*)|', 87)
    if deadline > now and has_room(runs, places) then
      kept = kept + 1
      set(key, record)
      list_record(key, record)
      remind(deadline, key)
      for first, length in gmatch(runs, RUN) do
        cells[#cells + 1] = { first + 0, tonumber(length), key }
        for seat = first, first + length - 1 do
          taken[seat] = true
        end
      end
      for index, quantity in gmatch(places, AREA) do
        areas[index].held = areas[index].held + quantity
      end
    else
      if deadline > now then
        displaced = displaced + 1
      end
      status, deadline = 'E', math.min(deadline, now)
      record = 'E' .. format('%013d', deadline) .. sub(record, 15)
    end
  end
  if (status == 'E' or status == 'R') and not claimed[key] and deadline + KEPT_MS > now then
    set(key, record)
    remind(deadline + KEPT_MS, key)
  end
end
for _, field in ipairs(listed) do
  set(field, lists[field])
end
for index = 0, counts - 1 do
  local area = areas[format('%d', index)]
  set(format('g%d', index), format('%d,%d,%d', area.capacity, area.held, area.sold))
end

call('DEL', seats, owners, records, queue, deadlines, deltas)
local position = publish(deltas, first_id, '')
call('SET', owners, base_owners)
for _, cell in ipairs(cells) do
  call('SETRANGE', owners, format('%d', cell[1] * 12), rep(cell[3], cell[2]))
end
for from = 1, #fields, 1000 do
  call('HSET', records, unpack(fields, from, math.min(from + 999, #fields)))
end
for from = 1, #due, 1000 do
  call('ZADD', deadlines, unpack(due, from, math.min(from + 999, #due)))
end
if #cells == 0 then
  call('SET', seats, base_seats)
else
  -- A copy with the holds in it, so that the seats appear at once.
  local parts, at = {}, 1
  table.sort(cells, function(left, right) return left[1] < right[1] end)
  for _, cell in ipairs(cells) do
    local from = SEATS_HEAD + 1 + cell[1]
    parts[#parts + 1] = sub(base_seats, at, from - 1)
    parts[#parts + 1] = rep('1', cell[2])
    at = from + cell[2]
  end
  parts[#parts + 1] = sub(base_seats, at)
  call('SET', seats, table.concat(parts))
end
return { 'done', position, now, kept, displaced }
