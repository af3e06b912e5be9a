-- add_passes: the ledger's passes beside those that are there.
-- KEYS  1 line   2 passes   3 inside   4 ended
-- ARGV  1 term   2 passes..: person, record
-- Reply {"done", now, passes laid} | {"term", current, now}
-- Keeps LINE-2: who has a live or ended pass keeps it.
-- Cost: O(passes).  Layout: 1.
assert(#KEYS == 4 and #ARGV >= 1 and #ARGV % 2 == 1, 'wrong number of keys or arguments')
local line, passes, inside, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local term = ARGV[1]
local call, sub = redis.call, string.sub

local current = call('HGET', line, 'term')
if current ~= term then
  return { 'term', current or '', now }
end
local laid = 0
for at = 2, #ARGV, 2 do
  local person, record = ARGV[at], ARGV[at + 1]
  local standing = sub(call('HGET', passes, person) or '', 1, 1)
  if standing ~= 'L' and standing ~= 'E' then
    laid = laid + 1
    if sub(record, 1, 1) == 'L' then
      call('ZADD', inside, sub(record, 2, 14), person)
    elseif sub(record, 1, 1) == 'E' then
      call('RPUSH', ended, sub(record, 2, 2) .. person .. sub(record, 3))
    end
    call('HSET', passes, person, record)
  end
end
return { 'done', now, laid }
