-- change_hold: seats into and out of an active hold and new quantities of areas, or nothing.
-- KEYS  1 seats   2 owners   3 records   4 queue   5 deadlines   6 deltas
-- ARGV  1 epoch   2 next_id   3 key   4 operation   5 fingerprint   6 customer_limit
--       7 add, runs   8 remove, runs   9 areas, index:quantity,...
-- Reply {"changed", position, now, record} | {"replayed", now, record} | {"key_reused", now}
--       | {"missing", now} | {"expired", now} | {"released", now} | {"in_payment", now}
--       | {"not_in_hold", now, runs} | {"already_in_hold", now} | {"empty", now}
--       | {"customer_limit", now} | {"address_limit", now} | {"taken", now, runs}
--       | {"areas_short", now, indexes} | {"epoch", current, now}
-- Keeps SEAT-1, SEAT-2, HOLD-1, HOLD-2, HOLD-4, EPOCH-1.  A refusal writes nothing.
-- Cost: O(seats of the hold).  Layout: 1.
assert(#KEYS == 6 and #ARGV == 9, 'wrong number of keys or arguments')
local seats, owners, records, queue, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5],
  KEYS[6]
local epoch, next_id, key, operation, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local customer_limit, add, remove, areas = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local RUN, AREA = '(%d+)%+(%d+)', '(%d+):(%d+)'
local format, sub, gmatch = string.format, string.sub, string.gmatch

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, owners, records, queue, deadlines, {})
local record = all.load(key)
if not record then
  return { 'missing', now }
end
local runs, places, operations = all.parts(record)
local repeated = all.repeated(operations, operation, fingerprint)
if repeated == 'replayed' then
  return { 'replayed', now, record }
elseif repeated then
  return { 'key_reused', now }
end
local status = all.status(record)
if status ~= 'A' then
  local ended = { E = 'expired', R = 'released', P = 'in_payment', S = 'in_payment' }
  return { ended[status], now }
end

local has, wanted, foreign = {}, {}, {}
for first, length in gmatch(runs, RUN) do
  for seat = first, first + length - 1 do
    has[seat], wanted[seat] = true, true
  end
end
for first, length in gmatch(remove, RUN) do
  for seat = first, first + length - 1 do
    wanted[seat] = nil
    if not has[seat] then
      foreign[#foreign + 1] = format('%d+1', seat)
    end
  end
end
if #foreign > 0 then
  return { 'not_in_hold', now, table.concat(foreign, ',') }
end
for first, length in gmatch(add, RUN) do
  for seat = first, first + length - 1 do
    wanted[seat] = true
    if has[seat] then
      return { 'already_in_hold', now }
    end
  end
end

local old_places, new_places, more, less = {}, {}, {}, {}
local count, place_list, asked = 0, {}, {}
for index, quantity in gmatch(places, AREA) do
  old_places[index], new_places[index] = tonumber(quantity), tonumber(quantity)
  asked[#asked + 1] = index
end
for index, quantity in gmatch(areas, AREA) do
  if not old_places[index] then
    old_places[index] = 0
    asked[#asked + 1] = index
  end
  new_places[index] = tonumber(quantity)
end
for _, index in ipairs(asked) do
  local old, new = old_places[index], new_places[index]
  count = count + new
  if new > 0 then
    place_list[#place_list + 1] = index .. ':' .. format('%d', new)
  end
  if new > old then
    more[#more + 1] = index .. ':' .. format('%d', new - old)
  elseif new < old then
    less[#less + 1] = index .. ':' .. format('%d', old - new)
  end
end

local seat_list, run_list = {}, {}
for seat in pairs(wanted) do
  seat_list[#seat_list + 1] = seat
end
table.sort(seat_list)
count = count + #seat_list
local at = 1
while at <= #seat_list do
  local last = at
  while seat_list[last + 1] == seat_list[last] + 1 do
    last = last + 1
  end
  run_list[#run_list + 1] = format('%d+%d', seat_list[at], last - at + 1)
  at = last + 1
end
if count == 0 then
  return { 'empty', now }
end
if count > tonumber(sub(record, 83, 86)) then
  local others = all.total('c' .. sub(record, 36, 47), 36, key, true)
  if others + count > tonumber(customer_limit) then
    return { 'customer_limit', now }
  end
  local address = sub(record, 48, 59)
  if address ~= string.rep('\0', 12) then
    others = all.total('a' .. address, 48, key, false)
    if others + count > tonumber(sub(record, 60, 64)) then
      return { 'address_limit', now }
    end
  end
end

local lost, dead = {}, {}
for first, length in gmatch(add, RUN) do
  local states = all.states(first, length)
  if #states ~= tonumber(length) then
    error('no such seat')
  end
  all.examine(first, length, states, false, lost, dead)
end
if #lost > 0 then
  return { 'taken', now, table.concat(lost, ',') }
end
more = table.concat(more, ',')
local short = all.short_areas(more, dead)
if #short > 0 then
  return { 'areas_short', now, table.concat(short, ',') }
end

all.expire(dead)
local deadline = sub(record, 2, 14)
if remove ~= '' then
  all.free(remove .. '|')
end
if add ~= '' then
  all.lay('1', deadline, add .. '|', key)
end
all.add_areas(more, 'held', 1)
all.add_areas(table.concat(less, ','), 'held', -1)
operations = sub(operations .. operation .. fingerprint, -256)
record = sub(record, 1, 82) .. format('%04d', count) .. table.concat(run_list, ',') .. '|'
  .. table.concat(place_list, ',') .. '|' .. operations
all.store(key, record)
local position = publish(deltas, next_id, all.delta())
all.write()
return { 'changed', position, now, record }
