-- leave_line: a person's place is given up, and a live pass of theirs ends.
-- KEYS  1 line   2 entries   3 entries_priority   4 passes   5 inside   6 ended
--       7 members: the bucket of the person
-- ARGV  1 term   2 person
-- Reply {"done", now, had a live pass, had a place} | {"term", current, now}
-- Keeps LINE-3, LINE-5: as long as the entries are open, one that was left becomes nobody's, so that nobody
-- collects entries by leaving.  Who has nothing changes nothing.
-- Cost: O(log passes).  Layout: 1.
assert(#KEYS == 7 and #ARGV == 2, 'wrong number of keys or arguments')
local line, entries, entries_priority, passes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local inside, ended, members = KEYS[5], KEYS[6], KEYS[7]
local term, person = ARGV[1], ARGV[2]
local call, sub, format = redis.call, string.sub, string.format

local head = call('HMGET', line, 'term', 'phase', 'master')
local current = term_here(head[1], head[3])
if current ~= term then
  return { 'term', current or '', now }
end
local record, field = call('HGET', passes, person) or '', sub(person, 3)
local kind, member = sub(record, 1, 1), call('HGET', members, field)
local place, reason, had_pass = member, 'l', 0
if kind == 'L' then
  place = sub(record, 15)
  if tonumber(sub(record, 2, 14)) > now then
    had_pass = 1
  else
    reason = 'i'
  end
elseif kind == 'E' and member == sub(record, 3) then
  place = false
end
if not place then
  if kind ~= 'G' then
    return { 'done', now, 0, 0 }
  end
  -- A pass that ended before the grace stays told.
  local before = string.match(record, 'E.*')
  if before then
    call('HSET', passes, person, before)
  else
    call('HDEL', passes, person)
  end
  return { 'done', now, 0, 1 }
end
call('RPUSH', ended, reason .. person .. place)
call('HSET', passes, person, 'E' .. reason .. place)
call('ZREM', inside, person)
if member then
  call('HDEL', members, field)
  if head[2] == 'early' then
    local lane = member % 2
    local at = (member - lane) / 2 * 12
    local keeper = lane == 0 and entries or entries_priority
    if call('GETRANGE', keeper, format('%d', at), format('%d', at + 11)) == person then
      call('SETRANGE', keeper, format('%d', at), string.rep('\0', 12))
    end
  end
end
return { 'done', now, had_pass, 1 }
