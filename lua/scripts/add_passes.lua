-- add_passes: the ledger's passes beside those that are there.
-- KEYS  1 line   2 passes   3 inside   4 ended
-- ARGV  1 term   2 more: 0 if these are the last that the line was laid with   3 passes..: person,
--       record
-- Reply {"done", now, passes laid} | {"term", current, now}
-- Keeps LINE-2: who has a pass keeps it, but for an ended one of an earlier place.  The line becomes
-- one with the last of its passes.
-- Cost: O(passes).  Layout: 1.
assert(#KEYS == 4 and #ARGV >= 2 and #ARGV % 2 == 0, 'wrong number of keys or arguments')
local line, passes, inside, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local term, more = ARGV[1], ARGV[2]
local call, sub = redis.call, string.sub

local head = call('HMGET', line, 'term', 'master')
local master = string.match(head[2] or '', '^%x*')
local current = term_here(head[1], master)
if current ~= term then
  return { 'term', current or '', now }
end
local laid = 0
for at = 3, #ARGV, 2 do
  local person, record = ARGV[at], ARGV[at + 1]
  local standing, is_live = call('HGET', passes, person) or '', sub(record, 1, 1) == 'L'
  local kind, place = sub(standing, 1, 1), sub(record, is_live and 15 or 3)
  local is_later = kind == 'E' and tonumber(place) > tonumber(sub(standing, 3))
  if kind ~= 'L' and kind ~= 'E' or is_later then
    laid = laid + 1
    if is_live then
      call('ZADD', inside, sub(record, 2, 14), person)
    else
      call('RPUSH', ended, sub(record, 2, 2) .. person .. place)
    end
    call('HSET', passes, person, record)
  end
end
if more == '0' and head[2] ~= master then
  call('HSET', line, 'master', master)
end
return { 'done', now, laid }
