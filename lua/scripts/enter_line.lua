-- enter_line: a pass for whose turn has come, or a longer one for who has it.
-- KEYS  1 line   2 passes   3 inside   4 entered   5 members: the bucket of the person
-- ARGV  1 term   2 person   3 place, its number   4 way: 0 general, 1 priority, 2 grace
--       5 position, or the grace number   6 pass_ms
-- Reply {"new", now, expires} | {"renewed", now, expires} | {"ended", now, reason}
--       | {"not_yet", now} | {"term", current, now}
-- Keeps LINE-2, LINE-5: one live pass per person, one pass per place.  Who waits in the grace has
-- missed their turn, whatever position they show.  A refusal writes nothing.
-- Cost: O(log passes).  Layout: 1.
assert(#KEYS == 5 and #ARGV == 6, 'wrong number of keys or arguments')
local line, passes, inside, entered, members = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local term, person, place, way, position = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local pass_ms = ARGV[6]
local call, sub, format = redis.call, string.sub, string.format

local head = call('HMGET', line, 'term', 'phase', 'cursor0', 'cursor1', 'cursor2', 'master')
local current = term_here(head[1], head[6])
if current ~= term then
  return { 'term', current or '', now }
end
local record = call('HGET', passes, person) or ''
local kind, expires = sub(record, 1, 1), format('%013d', now + pass_ms)
if kind == 'L' then
  local standing = sub(record, 2, 14)
  if sub(record, 15) ~= place then
    return { 'ended', now, 'l' }
  elseif tonumber(standing) <= now then
    return { 'ended', now, 'i' }
  end
  if standing < expires then
    call('ZADD', inside, expires, person)
    call('HSET', passes, person, 'L' .. expires .. place)
  else
    expires = standing
  end
  return { 'renewed', now, tonumber(expires) }
end

local member, shown = call('HGET', members, sub(person, 3)), tonumber(place)
-- Who was forgotten and got another place has both, as long as they do not use one: the earlier counts.
if member and member ~= place and (member % 2 ~= shown % 2 or shown > tonumber(member)) then
  return { 'ended', now, 'l' }
end
-- Of the last pass that ended, also when the person waits in the grace since.
local reason, old = string.match(record, 'E(.)(%d+)$')
if old then
  old = tonumber(old)
  -- Who is forgotten has got the place after that one, or gave it up: of one lane, the index tells.
  if old == shown or (member ~= place and (old % 2 ~= shown % 2 or old > shown)) then
    return { 'ended', now, reason }
  end
end
if head[2] == 'closed' then
  return { 'ended', now, 'c' }
end
if kind == 'G' then
  way, position = '2', string.match(record, '%d+')
elseif way == '2' then
  return { 'not_yet', now }
end
if tonumber(position) >= tonumber(head[way + 3]) then
  return { 'not_yet', now }
end
call('RPUSH', entered, way .. ':' .. position .. format(':%d', now))
call('ZADD', inside, expires, person)
call('HSET', passes, person, 'L' .. expires .. place)
if member ~= place then
  call('HSET', members, sub(person, 3), place)
end
return { 'new', now, tonumber(expires) }
