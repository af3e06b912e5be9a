-- read_hold: one record.
-- KEYS  1 seats   2 records
-- ARGV  1 epoch   2 key
-- Reply {"done", now, record} | {"missing", now} | {"epoch", current, now}
-- Keeps HOLD-2, EPOCH-1: the reader judges by `now`.  Writes nothing.  Cost: O(1).  Layout: 1.
assert(#KEYS == 2 and #ARGV == 2, 'wrong number of keys or arguments')
local seats, records = KEYS[1], KEYS[2]
local epoch, key = ARGV[1], ARGV[2]

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local record = redis.call('HGET', records, key)
if not record then
  return { 'missing', now }
end
return { 'done', now, record }
