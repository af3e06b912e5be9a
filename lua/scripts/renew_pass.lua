-- renew_pass: a later deadline for a live pass.
-- KEYS  1 line   2 passes   3 inside
-- ARGV  1 term   2 person   3 pass_ms
-- Reply {"renewed", now, expires} | {"ended", now, reason} | {"not_yet", now}: there is no pass
--       | {"term", current, now}
-- Keeps LINE-2: a pass past its deadline stays ended.  A refusal writes nothing.
-- Cost: O(log passes).  Layout: 1.
assert(#KEYS == 3 and #ARGV == 3, 'wrong number of keys or arguments')
local line, passes, inside = KEYS[1], KEYS[2], KEYS[3]
local term, person, pass_ms = ARGV[1], ARGV[2], ARGV[3]

local head = redis.call('HMGET', line, 'term', 'master')
local current = term_here(head[1], head[2])
if current ~= term then
  return { 'term', current or '', now }
end
local record = redis.call('HGET', passes, person) or ''
local kind, standing = string.sub(record, 1, 1), string.sub(record, 2, 14)
if kind == 'E' then
  return { 'ended', now, string.sub(record, 2, 2) }
elseif kind ~= 'L' then
  return { 'not_yet', now }
elseif tonumber(standing) <= now then
  return { 'ended', now, 'i' }
end
local expires = string.format('%013d', now + pass_ms)
if standing >= expires then
  return { 'renewed', now, tonumber(standing) }
end
redis.call('ZADD', inside, expires, person)
redis.call('HSET', passes, person, 'L' .. expires .. string.sub(record, 15))
return { 'renewed', now, tonumber(expires) }
