-- hold_seats: up to 64 holds, each all or nothing, in order.
-- KEYS  1 seats   2 owners   3 records   4 queue   5 deadlines   6 deltas   7 passes
-- ARGV  1 epoch, and the life of the first hold, as the seats begin   2 next_id
--       3 shape, bytes: fields, whether two holds have a field in common, whether two want one seat,
--       whether the epoch is followed by the flag that a pass is required
--       4 rest..: the fields (hold key, customer, address if any, of each hold); then each hold:
--       form, bytes: 1 an address + 2 areas + 4 came with a pass, its arguments (2), life in ms (3), seats and places,
--       customer's limit, address's cap (2), candidates, and for each candidate its number of runs
--       and their lengths; bytes 15 to 86 of the record; areas if any; then each candidate: its
--       runs as text, and for each run first and last byte in seats, first byte in owners
-- Reply "position seconds microseconds holds" | {"epoch", current, now}
--       holds, without a mark between them: the candidate, 1 to 4 (0: areas only) | K key reused
--       | N no pass | X pass ended | C customer limit | A address limit | R record | T runs taken | S areas short; the last
--       three with five digits of length and a text.  One string, not a list: a list costs Redis
--       as much as all decisions.
-- Keeps SEAT-1, SEAT-2, HOLD-1, HOLD-2, HOLD-4, EPOCH-1, LINE-7.  A refusal writes nothing.
-- Cost: O(seats named).  Layout: 1.
--       Nothing is built for what most holds never meet: whoever is in the way, areas, and the
--       customer's other holds are looked at by `inventory`, made when it is needed.
assert(#KEYS == 7 and #ARGV >= 8, 'wrong number of keys or arguments')
local seats, owners, records, queue, deadlines, deltas = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5],
  KEYS[6]
local passes = KEYS[7]
local epoch, next_id, shape = ARGV[1], ARGV[2], ARGV[3]
local call, byte, rep, sub = redis.call, string.byte, string.rep, string.sub

-- Holds of one life end in the order in which they begin: those stand in the queue, all others in
-- the deadlines.
local usual, first_of_all = true, false
local fields, shared, overlap, needs_pass = byte(shape, 1, 4)
local current = call('GETRANGE', seats, '0', '23')
if current ~= epoch then
  if sub(current, 1, 16) ~= sub(epoch, 1, 16) then
    return { 'epoch', sub(current, 1, 16), now }
  end
  -- The flag is 2 in the first digit of the life, which is 0 or 1 without it.
  local flag, life = byte(current, 17) >= 50 and 1 or 0, byte(current, 17) % 2
  first_of_all = life == 0 and sub(current, 18) == '0000000'
  usual = first_of_all or (life == byte(epoch, 17) % 2 and sub(current, 18) == sub(epoch, 18))
  needs_pass = flag
  epoch = sub(epoch, 1, 16) .. string.format('%d', byte(epoch, 17) % 2 + 2 * flag) .. sub(epoch, 18)
end
-- Why a hold that needs a pass has none. Its signature and life were judged before: a pass that the
-- store has forgotten counts.
local without_pass = needs_pass == 1 and function(flags, customer)
  if flags < 4 then
    return 'N'
  end
  local pass = call('HGET', passes, sub(customer, 2))
  if pass and (sub(pass, 1, 1) ~= 'L' or tonumber(sub(pass, 2, 14)) <= now) then
    return 'X'
  end
end

local values = call('HMGET', records, unpack(ARGV, 4, 3 + fields))

-- One hold of one run that meets nobody, by the shortest way: what follows below would do the same.
if #ARGV == 11 and usual and not first_of_all and not values[1] and not values[2] then
  local key, form, runs, from = ARGV[4], ARGV[6], ARGV[8], ARGV[9]
  local flags, _, _, life1, life2, life3, count, limit, _, _, candidates, _, length =
    byte(form, 1, 13)
  if flags % 4 == 0 and candidates == 1 and count <= limit
    and not (without_pass and without_pass(flags, ARGV[5]))
    and call('GETRANGE', seats, from, ARGV[10]) == rep('0', length) then
    local deadline = string.format('%013d', now + life1 * 65536 + life2 * 256 + life3)
    local position = publish(deltas, next_id, '1' .. deadline .. runs)
    call('SETRANGE', seats, from, rep('1', length))
    call('SETRANGE', owners, ARGV[11], rep(key, length))
    call('HSET', records, key, 'A' .. deadline .. ARGV[7] .. runs .. '|', ARGV[5], key)
    call('RPUSH', queue, deadline .. key)
    return position .. ' ' .. time[1] .. ' ' .. time[2] .. ' 1'
  end
end

-- Both are made when somebody is in the way, or areas are wanted; `known` says what holds earlier
-- in this call have left in the records.
local slow, known
local arguments = ARGV
if shared == 1 then
  known = by_field(3, values)
  slow = inventory(seats, owners, records, queue, deadlines, known)
end
local taken = overlap == 1 and {}
local items, cells, changes, codes, queued = {}, {}, {}, {}, {}
local holds, granted, cell, change, waiting = 0, 0, 0, 0, 0
local value, at = 1, 4 + fields
local life, deadline, due, usual_life, usual_deadline

while arguments[at] do
  local form, head, areas, argument = arguments[at], arguments[at + 1], '|', at + 2
  local flags, many1, many2, life1, life2, life3, count, limit, cap1, cap2, candidates =
    byte(form, 1, 11)
  local key, customer, address = arguments[value + 3], arguments[value + 4], nil
  local customers, addresses = '', ''
  local life_ms = life1 * 65536 + life2 * 256 + life3
  usual_life = usual_life or life_ms
  local code, dead
  local record, has_customer, has_address = values[value], values[value + 1], nil
  value = value + 2
  if flags % 2 == 1 then
    address, has_address = arguments[value + 3], values[value]
    value = value + 1
  end
  if flags % 4 >= 2 then
    areas, argument = arguments[argument], argument + 1
  end
  at = at + many1 * 256 + many2
  if known then
    record, has_customer, has_address = known[key], known[customer], address and known[address]
  end
  if not slow and (record or has_customer or has_address or areas ~= '|') then
    known = by_field(3, values)
    slow = inventory(seats, owners, records, queue, deadlines, known)
  end

  if record then
    if slow.is_live(record) then
      code = sub(record, 28, 35) == sub(head, 14, 21) and slow.with_length('R', record) or 'K'
    elseif sub(record, 1, 1) == 'A' then
      dead = { key }
    end
  end
  if not code and without_pass then
    code = without_pass(flags, customer)
  end
  if not code then
    local total = 0
    if has_customer then
      total, customers = slow.total(customer, 36, key, true)
    end
    if total + count > limit then
      code = 'C'
    elseif address then
      total = 0
      if has_address then
        total, addresses = slow.total(address, 48, key, false)
      end
      if total + count > cap1 * 256 + cap2 then
        code = 'A'
      end
    end
  end

  local place, chosen, runs, run, many = 12, 0, nil, nil, 0
  if not code and candidates > 0 then
    local lost
    for candidate = 1, candidates do
      local in_the_way = dead
      lost = nil
      runs, run, many = arguments[argument], argument + 1, byte(form, place)
      for number = 1, many do
        local from, length = arguments[run], byte(form, place + number)
        local states = call('GETRANGE', seats, from, arguments[run + 1])
        run = run + 3
        if taken or states ~= rep('0', length) then
          if #states ~= length then
            error('no such seat')
          end
          if not slow then
            known = by_field(3, values)
            slow = inventory(seats, owners, records, queue, deadlines, known)
          end
          lost, in_the_way = lost or {}, in_the_way or {}
          slow.examine(from - 40, length, states, taken, lost, in_the_way)
        end
      end
      if not lost or #lost == 0 then
        chosen, dead = candidate, in_the_way
        break
      end
      argument, place = run, place + 1 + many
      -- What stands in the way of one candidate is no matter of the next.
      dead = record and sub(record, 1, 1) == 'A' and { key } or nil
    end
    if chosen == 0 then
      code = slow.with_length('T', table.concat(lost, ','))
    end
  end
  if not code and areas ~= '|' then
    dead = dead or {}
    local short = slow.short_areas(areas, dead)
    if #short > 0 then
      code = slow.with_length('S', table.concat(short, ','))
    end
  end

  if not code then
    granted = granted + 1
    if dead then
      slow.expire(dead)
    end
    if life_ms ~= life then
      life, due = life_ms, now + life_ms
      deadline = string.format('%013d', due)
    end
    if chosen > 0 then
      items[granted] = '1' .. deadline .. runs
      run = argument + 1
      for number = 1, many do
        local from, length = arguments[run], byte(form, place + number)
        cells[cell + 1], cells[cell + 2] = from, rep('1', length)
        cells[cell + 3], cells[cell + 4] = arguments[run + 2], rep(key, length)
        cell, run = cell + 4, run + 3
        if taken then
          for seat = from - 40, from - 41 + length do
            taken[seat] = true
          end
        end
      end
    else
      items[granted], runs = '', '|'
    end
    if areas ~= '|' then
      slow.add_areas(areas, 'held', 1)
    end
    record, customers = 'A' .. deadline .. head .. runs .. areas, customers .. key
    changes[change + 1], changes[change + 2] = key, record
    changes[change + 3], changes[change + 4] = customer, customers
    change = change + 4
    if address then
      addresses = addresses .. key
      changes[change + 1], changes[change + 2] = address, addresses
      change = change + 2
    end
    if known then
      known[key], known[customer] = record, customers
      if address then
        known[address] = addresses
      end
    end
    if usual and life_ms == usual_life then
      waiting, usual_deadline = waiting + 1, deadline
      queued[waiting] = key
    else
      if not slow then
        known = by_field(3, values)
        known[key], known[customer] = record, customers
        slow = inventory(seats, owners, records, queue, deadlines, known)
      end
      slow.remind(due, key)
    end
    code = sub('01234', chosen + 1, chosen + 1)
  end
  holds = holds + 1
  codes[holds] = code
end

local position
if granted == 0 then
  position = last_position(deltas, sub(epoch, 1, 16))
else
  local delta = table.concat(items)
  if slow then
    delta = slow.delta() .. delta
  end
  position = publish(deltas, next_id, delta)
  if slow then
    slow.write()
  end
  for at_cell = 1, cell, 4 do
    call('SETRANGE', seats, cells[at_cell], cells[at_cell + 1])
    call('SETRANGE', owners, cells[at_cell + 2], cells[at_cell + 3])
  end
  call('HSET', records, unpack(changes, 1, change))
  if usual_deadline then
    call('RPUSH', queue, usual_deadline .. table.concat(queued))
    if first_of_all then
      call('SETRANGE', seats, '16', sub(epoch, 17))
    end
  end
end
return position .. ' ' .. time[1] .. ' ' .. time[2] .. ' ' .. table.concat(codes)
