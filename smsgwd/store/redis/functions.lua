-- What the Redis store asks the server to do in one step (docs/design/redis.md). Every key is declared by the caller.
-- VERSION is put in by the loader: the library is replaced when it differs.

local MOST = 2000 -- arguments of one command

-- Whether one decimal number, as text, is less than another: balances do not fit into Lua's numbers.
local function less(one, other)
  local negative, also = one:sub(1, 1) == '-', other:sub(1, 1) == '-'
  if negative ~= also then return negative end
  if #one ~= #other then return (#one < #other) ~= negative end
  if negative then return one > other end
  return one < other
end

local function commit(keys, args)
  local k, a = 0, 0
  local conflicts = {}

  -- the fence: this node's lease, if it has one
  a = a + 1
  if args[a] == '1' then
    if redis.call('GET', keys[1]) ~= args[2] then return { 'fenced' } end
    k, a = 1, 2
  end

  -- versions of what was read
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k, a = k + 1, a + 1
    if redis.call('GETRANGE', keys[k], 0, 7) ~= args[a] then conflicts[#conflicts + 1] = 'r' .. k end
  end

  -- what is taken from queues is there, claimed by this node or by nobody
  a = a + 1
  local first_queue, first_member, taken = k, a, tonumber(args[a])
  for _ = 1, taken do
    k, a = k + 2, a + 1
    if not redis.call('ZSCORE', keys[k], args[a]) and not redis.call('ZSCORE', keys[k - 1], args[a]) then
      conflicts[#conflicts + 1] = 'q' .. (k - 1)
    end
  end

  -- balances are within what was decided by
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k = k + 1
    local found = redis.call('HMGET', keys[k], 'b', 'n')
    local balance, last = found[1] or '0', found[2] or '0'
    local low, high, number = args[a + 1], args[a + 2], args[a + 3]
    a = a + 3
    if (low ~= '' and less(balance, low)) or (high ~= '' and less(high, balance))
        or (number ~= '' and not less(last, number)) then
      conflicts[#conflicts + 1] = 'a' .. k
    end
  end
  if #conflicts > 0 then return conflicts end

  -- from here on everything is written
  for i = 1, taken do
    local member = args[first_member + i]
    if redis.call('ZREM', keys[first_queue + 2 * i], member) == 0 then
      redis.call('ZREM', keys[first_queue + 2 * i - 1], member)
    end
  end

  -- rows
  a = a + 1
  local pairs_of = {}
  for _ = 1, tonumber(args[a]) do
    k, a = k + 1, a + 1
    local n = #pairs_of
    pairs_of[n + 1], pairs_of[n + 2] = keys[k], args[a]
    if n >= MOST then
      redis.call('MSET', unpack(pairs_of))
      pairs_of = {}
    end
  end
  if #pairs_of > 0 then redis.call('MSET', unpack(pairs_of)) end
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k = k + 1
    redis.call('UNLINK', keys[k])
  end

  -- indexes, counts, settings of accounts: a command over many members of one key
  for _, command in ipairs({ 'ZREM', 'ZADD', 'HSET' }) do
    a = a + 1
    for _ = 1, tonumber(args[a]) do
      k, a = k + 1, a + 1
      local last = a + tonumber(args[a])
      while a < last do
        local upto = math.min(last, a + MOST)
        redis.call(command, keys[k], unpack(args, a + 1, upto))
        a = upto
      end
    end
  end
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k, a = k + 1, a + 3
    redis.call('HINCRBY', keys[k], args[a - 1], args[a])
  end

  -- messages get their numbers within their tenants
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k, a = k + 2, a + 1
    local count = tonumber(args[a])
    local number = redis.call('HINCRBY', keys[k - 1], 'accepted', count) - count
    for i = 1, count do
      redis.call('ZADD', keys[k], number + i, args[a + i])
    end
    a = a + count
  end

  -- what ended is numbered, too
  a = a + 1
  local ended = tonumber(args[a])
  if ended > 0 then
    k = k + 2
    local number = redis.call('INCRBY', keys[k - 1], ended) - ended
    for i = 1, ended do
      redis.call('ZADD', keys[k], number + i, args[a + i])
    end
    a = a + ended
  end

  -- money: entries in the order of their numbers, each with the sums after it
  a = a + 1
  local accounts = tonumber(args[a])
  if accounts > 0 then
    k = k + 1
    local entry = keys[k]
    local last = tonumber(redis.call('GET', entry) or '0')
    for _ = 1, accounts do
      k, a = k + 2, a + 1
      local account, number = keys[k - 1], 0
      for _ = 1, tonumber(args[a]) do
        local given, at, amount, reserved, rest = args[a + 1], args[a + 2], args[a + 3], args[a + 4], args[a + 5]
        a = a + 5
        if given ~= '' then
          number = tonumber(given)
        else
          number = math.max(last + 1, tonumber(at) * 1024)
        end
        if number > last then last = number end
        redis.call('HINCRBY', account, 'b', amount)
        redis.call('HINCRBY', account, 'h', reserved)
        local sums = redis.call('HMGET', account, 'b', 'h')
        local name = string.format('%.0f', number)
        redis.call('ZADD', keys[k], name, name .. '|' .. sums[1] .. '|' .. sums[2] .. '|' .. rest)
      end
      redis.call('HSET', account, 'n', string.format('%.0f', number))
    end
    redis.call('SET', entry, string.format('%.0f', last))
  end

  -- names of lists that have become empty
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k, a = k + 2, a + 1
    if redis.call('EXISTS', keys[k]) == 0 then redis.call('ZREM', keys[k - 1], args[a]) end
  end

  -- who waits for something hears of it
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    a = a + 2
    redis.call('PUBLISH', args[a - 1], args[a])
  end
  return {}
end

-- After a commit whose answer was lost: 1 when it had happened; in any case it cannot happen any more.
local function settle(keys, args)
  local happened = redis.call('GETRANGE', keys[1], 0, 7) == args[1]
  redis.call('SET', keys[1], args[2])
  return happened and 1 or 0
end

-- A number for an entry of its own: above all there are, and not used again.
local function number(keys, args)
  local given = math.max(tonumber(redis.call('GET', keys[1]) or '0') + 1, tonumber(args[1]) * 1024)
  redis.call('SET', keys[1], string.format('%.0f', given))
  return string.format('%.0f', given)
end

redis.register_function('smsgwd_commit', commit)
redis.register_function('smsgwd_settle', settle)
redis.register_function('smsgwd_number', number)
