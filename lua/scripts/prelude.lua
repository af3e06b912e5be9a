local time = redis.call('TIME')
-- prelude: put before every script as text, so that the line above is the first that runs.
-- Milliseconds since 1970. Everything that a call judges, it judges at this one moment.
local now = time[1] * 1000 + (time[2] - time[2] % 1000) / 1000

-- The replication id of the store that this runs on. A fail-over and a restart change it.
local function master_here()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- The term of a line that was laid, as a whole, where this runs. Behind a fail-over or a restart the
-- store may have forgotten what it gave out: then there is no line until it is laid anew.
local function term_here(term, master)
  return master_here() == master and term
end

-- Position of the last delta, for answers of calls that changed nothing.
local function last_position(deltas, epoch)
  local last = redis.call('XREVRANGE', deltas, '+', '-', 'COUNT', '1')[1]
  if last and tonumber(string.match(last[1], '^%d+')) == tonumber(epoch) then
    return last[1]
  end
  return string.format('%d-0', epoch)
end

-- Values that were read for arguments, by these: the first is that of the argument after `before`.
local function by_field(before, values)
  local known = {}
  for at = 1, #values do
    known[ARGV[before + at]] = values[at]
  end
  return known
end

-- The inventory as this call has read it and would leave it. Nothing is written before `write`.
-- Made only where it is needed: hold_seats does without it as long as nobody is in the way.
-- `known`: fields of records that were read already; false: not there.
local function inventory(seats, owners, records, queue, deadlines, known)
  local call, sub, byte, rep = redis.call, string.sub, string.byte, string.rep
  local format, match, gmatch = string.format, string.match, string.gmatch
  local RUN, AREA, NEVER = '(%d+)%+(%d+)', '(%d+):(%d+)', '0000000000000'
  local SEATS_HEAD, KEPT_MS = 40, 900000
  local items, cells, changed, order = {}, {}, {}, {}
  local areas, touched, swept, due = {}, {}, {}, {}
  -- Seat -> key that this call lays on it; false: this call frees it.
  local given = {}
  local self = {}

  function self.load(field)
    local value = known[field]
    if value == nil then
      value = call('HGET', records, field)
      known[field] = value
    end
    return value
  end

  -- The last value of a field is written; false takes it away.
  function self.store(field, value)
    known[field] = value
    if not changed[field] then
      changed[field] = true
      order[#order + 1] = field
    end
  end

  -- 'A', 'P', 'S', 'R' or 'E': a hold past its deadline is expired, whatever its record says.
  function self.status(record)
    local status = sub(record, 1, 1)
    if status == 'A' and tonumber(sub(record, 2, 14)) <= now then
      return 'E'
    end
    return status
  end

  function self.is_live(record)
    local status = self.status(record)
    return status == 'A' or status == 'P' or status == 'S'
  end

  -- Runs with their bar, areas with theirs, operations.
  function self.parts(record)
    return match(record, '^([^|]*|)([^|]*|)(.*)$', 87)
  end

  -- Counts of an area; false: there is no such area.
  function self.area(index)
    local area = areas[index]
    if area == nil then
      local capacity, held, sold = match(self.load('g' .. index) or '', '^(%d+),(%d+),(%d+)$')
      area = capacity and
        { capacity = tonumber(capacity), held = tonumber(held), sold = tonumber(sold) }
      areas[index] = area or false
    end
    return area
  end

  -- Adds to what is held or sold ('held', 'sold') of each area, with a sign.
  function self.add_areas(text, what, sign)
    for index, quantity in gmatch(text, AREA) do
      local area = self.area(index)
      if area then
        area[what] = math.max(area[what] + sign * quantity, 0)
        if not area.touched then
          area.touched = true
          touched[#touched + 1] = index
        end
      end
    end
  end

  -- Puts runs into a state. With a key: it owns them from now on.
  function self.lay(state, deadline, runs, key)
    if runs == '|' then
      return
    end
    items[#items + 1] = state .. deadline .. runs
    for first, length in gmatch(runs, RUN) do
      cells[#cells + 1] = format('%d', first + SEATS_HEAD)
      cells[#cells + 1] = rep(state, length)
      cells[#cells + 1] = key and format('%d', first * 12) or false
      cells[#cells + 1] = key and rep(key, length) or false
      if key then
        for seat = first, first + length - 1 do
          given[seat] = key
        end
      end
    end
  end

  function self.free(runs)
    self.lay('0', NEVER, runs, false)
    for first, length in gmatch(runs, RUN) do
      for seat = first, first + length - 1 do
        given[seat] = false
      end
    end
  end

  function self.remind(at, key)
    due[#due + 1] = format('%d', at)
    due[#due + 1] = key
  end

  -- Ends a hold or claim as a whole: 'R' or 'E'. Its record stays for a quarter of an hour.
  function self.finish(key, record, status)
    local was, ended = sub(record, 1, 1), now
    if was == 'A' then
      ended = math.min(tonumber(sub(record, 2, 14)), now)
    else
      -- A claim has no deadline that would bring the sweep here.
      self.remind(now + KEPT_MS, key)
    end
    local runs, places = self.parts(record)
    self.free(runs)
    self.add_areas(places, was == 'S' and 'sold' or 'held', -1)
    self.store(key, status .. format('%013d', ended) .. sub(record, 15))
  end

  -- Seats and places in live holds that a customer's or address's field lists, but those of one
  -- hold; and that list without holds that have ended. `from`: where a record names whom it counts
  -- for. Sales count when `sold` says so.
  function self.total(field, from, except, sold)
    local list, whom = self.load(field) or '', sub(field, 2)
    local total, listed = 0, ''
    for at = 1, #list, 12 do
      local key = sub(list, at, at + 11)
      local record = key ~= except and self.load(key)
      if record and sub(record, from, from + 11) == whom then
        local status = self.status(record)
        if status == 'A' or status == 'P' or (sold and status == 'S') then
          total = total + sub(record, 83, 86)
          listed = listed .. key
        end
      end
    end
    return total, listed
  end

  function self.unlist(field, key)
    local list, rest = self.load(field) or '', ''
    for at = 1, #list, 12 do
      local other = sub(list, at, at + 11)
      if other ~= key then
        rest = rest .. other
      end
    end
    if #rest ~= #list then
      self.store(field, rest ~= '' and rest)
    end
  end

  -- Who has a seat whose state is not free, false if the hold that had it is gone or has ended.
  function self.owner(seat)
    local key = call('GETRANGE', owners, format('%d', seat * 12), format('%d', seat * 12 + 11))
    local record = self.load(key)
    if record and self.is_live(record) then
      return key, record
    end
    return false, record and sub(record, 1, 1) == 'A' and key
  end

  -- Looks at a run of which not all is free. Adds to `lost` the seats that cannot be had and to
  -- `dead` the keys of holds past their deadline that stand on the others.
  function self.examine(first, length, states, taken, lost, dead)
    for at = 1, length do
      local seat, state = first + at - 1, sub(states, at, at)
      if taken and taken[seat] then
        lost[#lost + 1] = format('%d+1', seat)
      elseif given[seat] == false then
        -- Freed by this call, though Redis does not know yet; the key of whoever had it may stand
        -- for a new hold by now.
        state = '0'
      elseif state == '1' then
        local owner, gone = self.owner(seat)
        if owner then
          lost[#lost + 1] = format('%d+1', seat)
        elseif gone then
          dead[#dead + 1] = gone
        end
      elseif state ~= '0' then
        lost[#lost + 1] = format('%d+1', seat)
      end
    end
  end

  function self.states(first, length)
    return call('GETRANGE', seats, format('%d', first + SEATS_HEAD),
      format('%d', first + SEATS_HEAD + length - 1))
  end

  -- The first entries of the queue that are due, without their deadlines, until they name `limit`
  -- holds (-1: all); whether more are; and how many holds they name.
  function self.due_members(limit)
    local members, holds, from, step = {}, 0, 0, 64
    while true do
      local entries = call('LRANGE', queue, format('%d', from), format('%d', from + step - 1))
      for _, entry in ipairs(entries) do
        if tonumber(sub(entry, 1, 13)) > now then
          return members, false, holds
        elseif limit >= 0 and holds >= limit then
          return members, true, holds
        end
        members[#members + 1] = sub(entry, 14)
        holds = holds + (#entry - 13) / 12
      end
      if #entries < step then
        return members, false, holds
      end
      from = from + step
    end
  end

  -- Areas that have less room than `text` asks for. Holds past their deadline do not count: if
  -- their places are needed, their keys are added to `dead`.
  function self.short_areas(text, dead)
    local short, lacking = {}, {}
    for index, quantity in gmatch(text, AREA) do
      local area = self.area(index)
      local free = area and area.capacity - area.held - area.sold or 0
      if free < tonumber(quantity) then
        short[#short + 1] = index
        lacking[index] = quantity - free
      end
    end
    if #short == 0 then
      return short
    end
    local helpful = {}
    local members = self.due_members(-1)
    for _, member in ipairs(call('ZRANGEBYSCORE', deadlines, '-inf', format('%d', now))) do
      members[#members + 1] = member
    end
    for _, member in ipairs(members) do
      for at = 1, #member, 12 do
        local key = sub(member, at, at + 11)
        local record = self.load(key)
        if record and sub(record, 1, 1) == 'A' and self.status(record) == 'E'
          and not helpful[key] then
          local _, places = self.parts(record)
          for index, quantity in gmatch(places, AREA) do
            if lacking[index] then
              lacking[index] = lacking[index] - quantity
              helpful[key] = true
            end
          end
          if helpful[key] then
            helpful[#helpful + 1] = key
          end
        end
      end
    end
    local still = {}
    for _, index in ipairs(short) do
      if lacking[index] > 0 then
        still[#still + 1] = index
      end
    end
    if #still == 0 then
      for _, key in ipairs(helpful) do
        dead[#dead + 1] = key
      end
    end
    return still
  end

  -- Expires holds past their deadline that are in the way.
  function self.expire(dead)
    for _, key in ipairs(dead) do
      local record = self.load(key)
      if record and sub(record, 1, 1) == 'A' then
        self.finish(key, record, 'E')
      end
    end
  end

  -- An operation of a hold that was done before: 'replayed' or 'key_reused'; nil: it was not.
  function self.repeated(operations, operation, fingerprint)
    for at = 1, #operations, 16 do
      if sub(operations, at, at + 7) == operation then
        return sub(operations, at + 8, at + 15) == fingerprint and 'replayed' or 'key_reused'
      end
    end
  end

  -- Lays a claim ('P' or 'S'): 1 changed, 0 it stood so, -1 a later one stands or it was released.
  function self.claim(to, key, head, runs, places)
    local number = tonumber(sub(head, 53, 68))
    local record = self.load(key)
    local status = record and sub(record, 1, 1)
    local laid = record and tonumber(sub(record, 67, 82)) or 0
    if laid > number or (laid == number and (status == 'R' or status == 'E')) then
      return -1
    end
    if laid == number and (status == 'S' or status == to) then
      return 0
    end
    local displaced = {}
    for first, length in gmatch(runs, RUN) do
      local states = self.states(first, length)
      if #states ~= tonumber(length) then
        error('no such seat')
      end
      for at = 1, length do
        local state = sub(states, at, at)
        local other = given[first + at - 1]
        if other == nil and (state == '1' or state == '2' or state == '3') then
          local owner, gone = self.owner(first + at - 1)
          other = owner or gone
        end
        if other and other ~= key then
          local theirs = self.load(other)
          if tonumber(sub(theirs, 67, 82)) > number then
            return -1
          end
          displaced[#displaced + 1] = other
        end
      end
    end
    for _, other in ipairs(displaced) do
      local theirs = self.load(other)
      if sub(theirs, 1, 1) ~= 'E' and sub(theirs, 1, 1) ~= 'R' then
        self.finish(other, theirs, 'E')
      end
    end
    local deadline, kept = format('%013d', now), nil
    if record then
      local old_runs, old_places, operations = self.parts(record)
      if sub(record, 15, 27) == sub(head, 1, 13) then
        deadline = sub(record, 2, 14)
        kept = operations
      end
      if status == 'A' or status == 'P' or status == 'S' then
        if old_runs ~= runs then
          self.free(old_runs)
        end
        self.add_areas(old_places, status == 'S' and 'sold' or 'held', -1)
      end
    end
    self.lay(to == 'S' and '3' or '2', NEVER, runs, key)
    self.add_areas(places, to == 'S' and 'sold' or 'held', 1)
    if kept then
      -- Same hold: its fingerprint, address and extensions stay with it.
      head = sub(head, 1, 13) .. sub(record, 28, 35) .. sub(head, 22, 33) .. sub(record, 48, 66)
        .. sub(head, 53)
    end
    self.store(key, to .. deadline .. head .. runs .. places .. (kept or ''))
    local customer = 'c' .. sub(head, 22, 33)
    local _, listed = self.total(customer, 36, key, true)
    self.store(customer, listed .. key)
    local address = sub(head, 34, 45)
    if to == 'P' and address ~= rep('\0', 12) then
      -- A hold that had ended may have been dropped from its address's list.
      _, listed = self.total('a' .. address, 48, key, false)
      self.store('a' .. address, listed .. key)
    end
    return 1
  end

  -- Frees what a claim has: 1 changed, 0 it had nothing (any more), -1 a later one stands.
  function self.unclaim(key, head)
    local number, record = sub(head, 53, 68), self.load(key)
    local status = record and self.status(record)
    if status == 'A' then
      if sub(record, 15, 27) ~= sub(head, 1, 13) then
        return 0
      end
      -- The hold that was ordered, not promoted yet: a late promotion must find the number.
      self.finish(key, sub(record, 1, 66) .. number .. sub(record, 83), 'R')
      return 1
    end
    if status ~= 'P' and status ~= 'S' then
      return 0
    end
    local laid = tonumber(sub(record, 67, 82))
    if laid == tonumber(number) then
      self.finish(key, record, 'R')
      return 1
    end
    return laid > tonumber(number) and -1 or 0
  end

  -- A text in an answer that is one string.
  function self.with_length(letter, text)
    return letter .. format('%05d', #text) .. text
  end

  -- Takes a member of the deadlines away.
  function self.forget(member)
    swept[#swept + 1] = member
  end

  -- The delta; empty: seats and areas stay as they are. To be asked once.
  function self.delta()
    for _, index in ipairs(touched) do
      local area = areas[index]
      local counts = format('%d,%d,%d', area.capacity, area.held, area.sold)
      self.store('g' .. index, counts)
      items[#items + 1] = 'a' .. index .. ':' .. counts .. '|'
    end
    return table.concat(items)
  end

  local function in_parts(command, key, list)
    for from = 1, #list, 1000 do
      call(command, key, unpack(list, from, math.min(from + 999, #list)))
    end
  end

  function self.write()
    for at = 1, #cells, 4 do
      call('SETRANGE', seats, cells[at], cells[at + 1])
      if cells[at + 2] then
        call('SETRANGE', owners, cells[at + 2], cells[at + 3])
      end
    end
    local pairs_set, fields_gone = {}, {}
    for _, field in ipairs(order) do
      local value = known[field]
      if value then
        pairs_set[#pairs_set + 1] = field
        pairs_set[#pairs_set + 1] = value
      else
        fields_gone[#fields_gone + 1] = field
      end
    end
    in_parts('HSET', records, pairs_set)
    in_parts('HDEL', records, fields_gone)
    in_parts('ZREM', deadlines, swept)
    in_parts('ZADD', deadlines, due)
  end

  return self
end

-- One delta a call, under the next version; about the last ten thousand are kept.
local function publish(deltas, next_id, delta)
  return redis.call('XADD', deltas, 'MAXLEN', '~', '10000', next_id, 'd', delta)
end

