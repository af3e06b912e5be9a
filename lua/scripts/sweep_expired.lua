-- sweep_expired: expires holds past their deadline and forgets those that ended long ago.
-- KEYS  1 seats   2 records   3 deadlines   4 deltas
-- ARGV  1 epoch   2 next_id   3 limit, holds to expire, about
-- Reply {"done", position, now, expired, more: 0 or 1} | {"epoch", current, now}
-- Keeps HOLD-1: whoever has a deadline or has ended stands in the deadlines at a time when that is
-- to be looked at, or before. Tidies only: no other script relies on it.
-- Cost: O(limit).  Layout: 1.
assert(#KEYS == 4 and #ARGV == 3, 'wrong number of keys or arguments')
local seats, records, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, next_id, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local KEPT_MS = 900000
local sub = string.sub

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local members = redis.call('ZRANGEBYSCORE', deadlines, '-inf', string.format('%d', now),
  'LIMIT', '0', string.format('%d', limit + 1))
if #members == 0 then
  return { 'done', last_position(deltas, epoch), now, 0, 0 }
end

local all = inventory(seats, nil, records, deadlines, {})
local expired, more = 0, 0
for number, member in ipairs(members) do
  if number > limit or expired >= limit then
    more = 1
    break
  end
  all.forget(member)
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
return { 'done', position, now, expired, more }
