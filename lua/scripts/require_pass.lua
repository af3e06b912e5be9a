-- require_pass: whether new holds need a pass.
-- KEYS  1 seats
-- ARGV  1 epoch   2 required, 1 or 0
-- Reply {"done", now} | {"epoch", current, now}
-- Keeps EPOCH-1: the flag is 2 in the first digit of the life of the holds, which is 0 or 1 without
-- it; so hold_seats compares it with the epoch at once.  Cost: O(1).  Layout: 1.
assert(#KEYS == 1 and #ARGV == 2, 'wrong number of keys or arguments')
local seats = KEYS[1]
local epoch, required = ARGV[1], ARGV[2]

local current = redis.call('GETRANGE', seats, '0', '16')
if string.sub(current, 1, 16) ~= epoch then
  return { 'epoch', string.sub(current, 1, 16), now }
end
local digit = tonumber(string.sub(current, 17))
local wanted = digit % 2 + 2 * required
if wanted ~= digit then
  redis.call('SETRANGE', seats, '16', string.format('%d', wanted))
end
return { 'done', now }
