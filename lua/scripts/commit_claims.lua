-- commit_claims: marks claims as sold, also those that were never promoted.
-- KEYS  1 seats   2 owners   3 records   4 deadlines   5 deltas   6 passes   7 inside   8 ended
-- ARGV  1 epoch   2 next_id   3 claims..: hold key, bytes 15 to 86 of the record, runs, areas
-- Reply {"done", position, now, claim, ...} | {"epoch", current, now}
--       claim: 1 changed | 0 it stood so or further on | -1 stale
-- Keeps SEAT-1, SEAT-2, EPOCH-1, CLAIM-1: of two claims the higher number stands, in whatever order they come.
-- A purchase ends its customer's live pass, and makes room inside.
-- Cost: O(seats claimed).  Layout: 1.
assert(#KEYS == 8 and #ARGV >= 2 and (#ARGV - 2) % 4 == 0, 'wrong number of keys or arguments')
local seats, owners, records, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local passes, inside, ended = KEYS[6], KEYS[7], KEYS[8]
local epoch, next_id = ARGV[1], ARGV[2]

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, owners, records, nil, deadlines, {})
local answers, changed, buyers = { 'done', '', now }, false, {}
for at = 3, #ARGV, 4 do
  local answer = all.claim('S', ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
  if answer == 1 then
    changed = true
    buyers[#buyers + 1] = string.sub(ARGV[at + 1], 22, 33)
  end
  answers[#answers + 1] = answer
end
if changed then
  answers[2] = publish(deltas, next_id, all.delta())
  all.write()
  for _, person in ipairs(buyers) do
    local pass = redis.call('HGET', passes, person)
    if pass and string.sub(pass, 1, 1) == 'L' then
      local place = string.sub(pass, 15)
      redis.call('RPUSH', ended, 'b' .. person .. place)
      redis.call('HSET', passes, person, 'Eb' .. place)
      redis.call('ZREM', inside, person)
    end
  end
else
  answers[2] = last_position(deltas, epoch)
end
return answers
