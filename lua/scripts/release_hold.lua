-- release_hold: ends an active hold.
-- KEYS  1 seats   2 records   3 deltas
-- ARGV  1 epoch   2 next_id   3 key
-- Reply {"released", position, now} | {"already_ended", now} | {"missing", now}
--       | {"in_payment", now} | {"epoch", current, now}
-- Keeps SEAT-1, SEAT-2, EPOCH-1.  A refusal writes nothing.  Cost: O(seats of the hold).  Layout: 1.
assert(#KEYS == 3 and #ARGV == 3, 'wrong number of keys or arguments')
local seats, records, deltas = KEYS[1], KEYS[2], KEYS[3]
local epoch, next_id, key = ARGV[1], ARGV[2], ARGV[3]

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, nil, records, nil, nil, {})
local record = all.load(key)
if not record then
  return { 'missing', now }
end
local status = all.status(record)
if status == 'P' or status == 'S' then
  return { 'in_payment', now }
elseif status ~= 'A' then
  return { 'already_ended', now }
end
all.finish(key, record, 'R')
local position = publish(deltas, next_id, all.delta())
all.write()
return { 'released', position, now }
