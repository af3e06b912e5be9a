-- promote_holds: lays live claims over whatever hold stands on their seats, unless their own hold was given back.
-- KEYS  1 seats   2 owners   3 records   4 deadlines   5 deltas
-- ARGV  1 epoch   2 next_id   3 claims..: hold key, bytes 15 to 86 of the record, runs, areas
-- Reply {"done", position, now, claim, ...} | {"epoch", current, now}
--       claim: 1 changed | 0 it stood so or further on | -1 stale | -2 released: writes nothing
-- Keeps SEAT-1, SEAT-2, EPOCH-1, CLAIM-1: of two claims the higher number stands, in whatever order they come.
-- Cost: O(seats claimed).  Layout: 1.
assert(#KEYS == 5 and #ARGV >= 2 and (#ARGV - 2) % 4 == 0, 'wrong number of keys or arguments')
local seats, owners, records, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local epoch, next_id = ARGV[1], ARGV[2]
local sub = string.sub

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, owners, records, nil, deadlines, {})
local answers, changed = { 'done', '', now }, false
for at = 3, #ARGV, 4 do
  local head, record = ARGV[at + 1], all.load(ARGV[at])
  local answer
  if record and sub(record, 1, 1) == 'R' and sub(record, 15, 27) == sub(head, 1, 13)
    and tonumber(sub(record, 67, 82)) == 0 then
    -- Its owner was told that it is given back: what ends with a claim carries the claim's number.
    answer = -2
  else
    answer = all.claim('P', ARGV[at], head, ARGV[at + 2], ARGV[at + 3])
  end
  changed = changed or answer == 1
  answers[#answers + 1] = answer
end
if changed then
  answers[2] = publish(deltas, next_id, all.delta())
  all.write()
else
  answers[2] = last_position(deltas, epoch)
end
return answers
