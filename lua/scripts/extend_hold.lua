-- extend_hold: a later deadline for an active hold, so many times in its life.
-- KEYS  1 seats   2 records   3 deltas
-- ARGV  1 epoch   2 next_id   3 key   4 operation   5 fingerprint   6 extension_ms
--       7 extensions_max
-- Reply {"extended", position, now, record} | {"replayed", now, record} | {"key_reused", now}
--       | {"missing", now} | {"expired", now} | {"released", now} | {"in_payment", now}
--       | {"limit_reached", now} | {"epoch", current, now}
-- Keeps HOLD-2, EPOCH-1: the sweep finds the later deadline when the earlier one is due.
-- A refusal writes nothing.  Cost: O(1).  Layout: 1.
assert(#KEYS == 3 and #ARGV == 7, 'wrong number of keys or arguments')
local seats, records, deltas = KEYS[1], KEYS[2], KEYS[3]
local epoch, next_id, key, operation, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local extension_ms, extensions_max = ARGV[6], ARGV[7]
local format, sub = string.format, string.sub

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, nil, records, nil, nil, {})
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
local extensions = tonumber(sub(record, 65, 66))
if extensions >= tonumber(extensions_max) then
  return { 'limit_reached', now }
end

local deadline = format('%013d', sub(record, 2, 14) + extension_ms)
record = 'A' .. deadline .. sub(record, 15, 64) .. format('%02d', extensions + 1)
  .. sub(record, 67, 86) .. runs .. places .. sub(operations .. operation .. fingerprint, -256)
local delta = runs == '|' and '' or '1' .. deadline .. runs
local position = publish(deltas, next_id, delta)
redis.call('HSET', records, key, record)
return { 'extended', position, now, record }
