-- read_snapshot: all seats and areas at one version.
-- KEYS  1 seats   2 records   3 deltas
-- ARGV  none
-- Reply {"done", position, now, seats with their head, {capacity,held,sold of each area}}
--       | {"epoch", "", now}: there is none
-- Writes nothing.  Cost: O(seats of the event).  Layout: 1.
assert(#KEYS == 3 and #ARGV == 0, 'wrong number of keys or arguments')
local seats, records, deltas = KEYS[1], KEYS[2], KEYS[3]

local all = redis.call('GETRANGE', seats, '0', '-1')
if all == '' then
  return { 'epoch', '', now }
end
local epoch, area_count = string.sub(all, 1, 16), tonumber(string.sub(all, 33, 36))
local fields = {}
for index = 0, area_count - 1 do
  fields[#fields + 1] = string.format('g%d', index)
end
local areas = {}
if area_count > 0 then
  areas = redis.call('HMGET', records, unpack(fields))
end
-- A list ends at its first nil: what is missing is told as empty.
for index = 1, area_count do
  areas[index] = areas[index] or ''
end
return { 'done', last_position(deltas, epoch), now, all, areas }
