-- sweep_expired: expires holds past their deadline and forgets those that ended long ago.
-- KEYS  1 seats   2 records   3 queue   4 deadlines   5 deltas
-- ARGV  1 epoch   2 next_id   3 limit, holds, about
-- Reply {"done", position, now, expired, more: 0 or 1} | {"epoch", current, now}
-- Keeps SEAT-2, HOLD-2, EPOCH-1: whoever has a deadline or has ended stands in the queue or in the deadlines, at a
-- time when that is to be looked at, or before. Tidies only: no other script relies on it.
-- Cost: O(limit).  Layout: 1.
assert(#KEYS == 5 and #ARGV == 3, 'wrong number of keys or arguments')
local seats, records, queue, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local epoch, next_id, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local KEPT_MS = 900000
local sub = string.sub

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, nil, records, queue, deadlines, {})
local members, more, holds = all.due_members(limit)
local queued = #members
if not more then
  local room = math.max(limit - holds, 0)
  local reminders = redis.call('ZRANGEBYSCORE', deadlines, '-inf', string.format('%d', now),
    'LIMIT', '0', string.format('%d', room + 1))
  for number, member in ipairs(reminders) do
    if number > room then
      more = true
      break
    end
    members[#members + 1] = member
    all.forget(member)
  end
end
if #members == 0 then
  return { 'done', last_position(deltas, epoch), now, 0, 0 }
end

local expired = 0
for _, member in ipairs(members) do
  for at = 1, #member, 12 do
    local key = sub(member, at, at + 11)
    local record = all.load(key)
    local status = record and sub(record, 1, 1)
    if status == 'A' then
      local deadline = tonumber(sub(record, 2, 14))
      if deadline > now then
        all.remind(deadline, key)
      else
        all.finish(key, record, 'E')
        all.remind(deadline + KEPT_MS, key)
        expired = expired + 1
      end
    elseif status == 'R' or status == 'E' then
      local ended = tonumber(sub(record, 2, 14))
      if ended + KEPT_MS > now then
        all.remind(ended + KEPT_MS, key)
      else
        all.unlist('c' .. sub(record, 36, 47), key)
        all.unlist('a' .. sub(record, 48, 59), key)
        all.store(key, false)
      end
    end
  end
end
local delta, position = all.delta(), nil
if expired > 0 then
  position = publish(deltas, next_id, delta)
else
  position = last_position(deltas, epoch)
end
all.write()
if queued > 0 then
  redis.call('LTRIM', queue, string.format('%d', queued), '-1')
end
return { 'done', position, now, expired, more and 1 or 0 }
