-- join_grace: grace numbers for people who missed their turn, in order.
-- KEYS  1 line   2 passes   3 graced   4 members..: the bucket of each person
-- ARGV  1 term   2 people, 12 bytes each   3 places: number, of each
-- Reply {"done", now, person, ...} | {"term", current, now}
--       person: Gnumber waits | Ldeadline has a live pass | Ereason the place is used up, or left
-- Keeps LINE-2, LINE-4: a grace number is given once; who has one that was not released keeps it.
-- Only for the place that the person has; a forgotten person, or one who shows an earlier place than
-- they have, has this one from now on.
-- Cost: O(people).  Layout: 1.
assert(#KEYS == 3 + #ARGV[2] / 12 and #KEYS > 3 and #ARGV == 3, 'wrong number of keys or arguments')
local line, passes, graced = KEYS[1], KEYS[2], KEYS[3]
local term, people, places = ARGV[1], ARGV[2], ARGV[3]
local call, sub, format = redis.call, string.sub, string.format

local head = call('HMGET', line, 'term', 'cursor2', 'master')
local current = term_here(head[1], head[3])
if current ~= term then
  return { 'term', current or '', now }
end
local who, records, number = {}, {}, 0
for at = 1, #people, 12 do
  who[#who + 1] = sub(people, at, at + 11)
end
for at, record in ipairs(call('HMGET', passes, unpack(who))) do
  records[who[at]] = record
end
local cursor, after = tonumber(head[2]), call('LLEN', graced)
local answer, waiting, changes = { 'done', now }, {}, {}
for place in string.gmatch(places, '(%d+),') do
  number = number + 1
  local person = who[number]
  local record, bucket, field = records[person] or '', KEYS[3 + number], sub(person, 3)
  local kind, member, told = sub(record, 1, 1), call('HGET', bucket, field), nil
  -- Of the last pass that ended, also when the person waits in the grace since.
  local ended, old = string.match(record, '(E.(%d+))$')
  if kind == 'L' then
    told = tonumber(sub(record, 2, 14)) > now and sub(record, 1, 14) or 'Ei'
  elseif member and member ~= place
    and (member % 2 ~= place % 2 or tonumber(place) > tonumber(member)) then
    told = 'El'
  end
  if not told and old then
    local old, shown = tonumber(old), tonumber(place)
    -- As in enter_line.
    if old == shown or (member ~= place and (old % 2 ~= shown % 2 or old > shown)) then
      told = sub(ended, 1, 2)
    end
  end
  if not told and kind == 'G' then
    local standing = string.match(record, '%d+')
    told = tonumber(standing) >= cursor and 'G' .. standing
  end
  if not told then
    told = 'G' .. format('%d', after)
    after = after + 1
    record = told .. (ended or '')
    waiting[#waiting + 1] = person
    changes[#changes + 1] = person
    changes[#changes + 1] = record
    records[person] = record
    if member ~= place then
      call('HSET', bucket, field, place)
    end
  end
  answer[#answer + 1] = told
end
if #waiting > 0 then
  call('RPUSH', graced, unpack(waiting))
  call('HSET', passes, unpack(changes))
end
return answer
