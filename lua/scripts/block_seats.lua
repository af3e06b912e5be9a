-- block_seats: takes seats off sale and puts others back, all or nothing.
-- KEYS  1 seats   2 owners   3 records   4 deltas
-- ARGV  1 epoch   2 next_id   3 block, runs   4 unblock, runs
-- Reply {"done", position, now} | {"taken", position, now, runs} | {"epoch", current, now}
-- Keeps SEAT-1, SEAT-2, EPOCH-1.  A refusal writes nothing.  Cost: O(seats named).  Layout: 1.
assert(#KEYS == 4 and #ARGV == 4, 'wrong number of keys or arguments')
local seats, owners, records, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, next_id, block, unblock = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local RUN, NEVER = '(%d+)%+(%d+)', '0000000000000'

local current = redis.call('GETRANGE', seats, '0', '15')
if current ~= epoch then
  return { 'epoch', current, now }
end
local all = inventory(seats, owners, records, nil, nil, {})
local lost, dead, off, back = {}, {}, {}, {}
-- Calls `see` with the text of each seat of some runs and its state.
local function each(runs, see)
  for first, length in string.gmatch(runs, RUN) do
    local states = all.states(first, length)
    for at = 1, #states do
      see(first + at - 1, string.sub(states, at, at))
    end
    if #states ~= tonumber(length) then
      return false
    end
  end
  return true
end
local function see_block(seat, state)
  if state ~= '4' then
    all.examine(seat, 1, state, false, lost, dead)
    off[#off + 1] = string.format('%d+1', seat)
  end
end
local function see_unblock(seat, state)
  if state == '4' then
    back[#back + 1] = string.format('%d+1', seat)
  end
end
if not each(block, see_block) or not each(unblock, see_unblock) then
  error('no such seat')
end
if #lost > 0 then
  return { 'taken', last_position(deltas, epoch), now, table.concat(lost, ',') }
end
if #off == 0 and #back == 0 then
  return { 'done', last_position(deltas, epoch), now }
end
all.expire(dead)
all.lay('4', NEVER, table.concat(off, ',') .. '|', false)
all.free(table.concat(back, ',') .. '|')
local position = publish(deltas, next_id, all.delta())
all.write()
return { 'done', position, now }
