-- read_entries: who stands at which index of a lane.
-- KEYS  1 entries   2 entries_priority
-- ARGV  1 lane   2 first byte   3 last byte
-- Reply {"done", now, entries}
-- Writes nothing.  Cost: O(bytes).  Layout: 1.
assert(#KEYS == 2 and #ARGV == 3, 'wrong number of keys or arguments')
local entries, entries_priority = KEYS[1], KEYS[2]
local lane, from, to = ARGV[1], ARGV[2], ARGV[3]

return { 'done', now, redis.call('GETRANGE', lane == '1' and entries_priority or entries, from, to) }
