-- What the Redis store asks the server to do in one step (docs/design/redis.md). Every key is declared by the caller.
-- The loader puts a name for this text in the place of 'smsgwd' in the functions' names (library.py): another version's
-- stand beside them.

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
  for i = 1, taken do
    k, a = k + 2, a + 1
    if not redis.call('ZSCORE', keys[k], args[a]) and not redis.call('ZSCORE', keys[k - 1], args[a]) then
      conflicts[#conflicts + 1] = 'q' .. i
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
    k, a = k + 1, a + 2
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

  -- rows that end by themselves
  a = a + 1
  for _ = 1, tonumber(args[a]) do
    k, a = k + 1, a + 2
    redis.call('SET', keys[k], args[a - 1], 'PX', args[a])
  end

  -- what changed of that which every node remembers: numbered, kept by name, and told
  a = a + 1
  local topics = tonumber(args[a])
  if topics > 0 then
    local channel, node = args[a + 1], args[a + 2]
    for i = a + 3, a + 2 + topics do
      local number = redis.call('INCR', keys[k + 1])
      redis.call('ZADD', keys[k + 2], number, args[i])
      redis.call('PUBLISH', channel, number .. '\0' .. node .. '\0' .. args[i])
    end
  end
  return {}
end

-- After commits whose answers were lost: 1 when the one with the first stamp had happened, 2 when only the one before it
-- had, which has the third; in any case they cannot happen any more. The row is the new stamp, the one asked for, and what
-- was said of that one: it is said again when that answer is lost, too.
local function settle(keys, args)
  local row, happened = redis.call('GET', keys[1]) or '', '0'
  if row:sub(1, 8) == args[1] then
    happened = '1'
  elseif args[3] and row:sub(1, 8) == args[3] then
    happened = '2'
  elseif row:sub(9, 16) == args[1] then
    happened = row:sub(17, 17)
  end
  redis.call('SET', keys[1], args[2] .. args[1] .. happened)
  return tonumber(happened)
end

-- Numbers for entries of these times: each above all there are, and not used again.
local function number(keys, args)
  local last = tonumber(redis.call('GET', keys[1]) or '0')
  local given = {}
  for i = 1, #args do
    last = math.max(last + 1, tonumber(args[i]) * 1024)
    given[i] = string.format('%.0f', last)
  end
  redis.call('SET', keys[1], string.format('%.0f', last))
  return given
end

-- Whether one member sorts before another: by bytes, whatever the server's locale is.
local function before(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = one:byte(i), other:byte(i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- Members of an index from one key to another.
local function move(from, to, members)
  for first = 1, #members, MOST do
    local last = math.min(first + MOST - 1, #members)
    local scored = {}
    for i = first, last do
      scored[#scored + 1] = 0
      scored[#scored + 1] = members[i]
    end
    redis.call('ZREM', from, unpack(members, first, last))
    redis.call('ZADD', to, unpack(scored))
  end
end

-- Whether a node's lease is as the caller thinks: under this token, '' = there is none, '*' = whatever it is.
local function leased(lease, token)
  return token == '*' or (redis.call('GET', lease) or '') == token
end

-- The first members of an unclaimed queue are the node's now.
-- KEYS: unclaimed, own, names of queues, lease. ARGV: how many, name of the own queue, token.
local function claim(keys, args)
  if not leased(keys[4], args[3]) then return {} end
  local page = redis.call('ZRANGE', keys[1], 0, tonumber(args[1]) - 1)
  if #page > 0 then
    move(keys[1], keys[2], page)
    redis.call('ZADD', keys[3], 0, args[2])
  end
  return page
end

-- Some of what a node has claimed is nobody's again; how many.
-- KEYS: own, unclaimed, names of queues, the node's lease.
-- ARGV: how many, names of the own and of the unclaimed queue, channel, token.
local function release(keys, args)
  if not leased(keys[4], args[5]) then return 0 end
  local members = redis.call('ZRANGE', keys[1], 0, tonumber(args[1]) - 1)
  if #members > 0 then
    move(keys[1], keys[2], members)
    redis.call('ZADD', keys[3], 0, args[3])
    redis.call('PUBLISH', args[4], '')
  end
  if redis.call('EXISTS', keys[1]) == 0 then redis.call('ZREM', keys[3], args[2]) end
  return #members
end

-- What a node has claimed and is not to be sent any more: gone from its queue, if that is so still.
-- KEYS: own, rows. ARGV: member, version of its row, member, version, ...
local function unclaim(keys, args)
  for i = 2, #keys do
    if redis.call('GETRANGE', keys[i], 0, 7) == args[2 * i - 2] then redis.call('ZREM', keys[1], args[2 * i - 3]) end
  end
  return #keys - 1
end

-- Members of an index with their scores, those behind a (score, member) that need not be there.
-- KEYS: index. ARGV: score, member, highest score, how many.
local function behind(keys, args)
  local index, score, member = keys[1], args[1], args[2]
  local found = redis.call('ZSCORE', index, member)
  local start
  if found and tonumber(found) == tonumber(score) then
    start = redis.call('ZRANK', index, member) + 1
  else
    start = redis.call('ZCOUNT', index, '-inf', '(' .. score)
    local stop = redis.call('ZCOUNT', index, '-inf', score)
    while start < stop do
      local middle = math.floor((start + stop) / 2)
      if before(member, redis.call('ZRANGE', index, middle, middle)[1]) then
        stop = middle
      else
        start = middle + 1
      end
    end
  end
  local last = math.min(start + tonumber(args[4]), redis.call('ZCOUNT', index, '-inf', args[3])) - 1
  if last < start then return {} end
  return redis.call('ZRANGE', index, start, last, 'WITHSCORES')
end

redis.register_function('smsgwd_commit', commit)
redis.register_function('smsgwd_settle', settle)
redis.register_function('smsgwd_number', number)
redis.register_function('smsgwd_claim', claim)
redis.register_function('smsgwd_release', release)
redis.register_function('smsgwd_unclaim', unclaim)
redis.register_function{ function_name = 'smsgwd_behind', callback = behind, flags = { 'no-writes' } }

-- What many nodes limit together ------------------------------------------------------------------------------------------

-- A number from 1 to 1023 for a node, its own as long as its name is known; 0 when all belong to nodes that are listed.
-- KEYS: numbers of nodes, nodes. ARGV: name.
local function numbered(keys, args)
  local mine = redis.call('HGET', keys[1], args[1])
  if mine then return tonumber(mine) end
  local names, flat = {}, redis.call('HGETALL', keys[1])
  for i = 1, #flat, 2 do names[tonumber(flat[i + 1])] = flat[i] end
  local found = 0
  for number = 1, 1023 do
    if not names[number] then found = number break end
  end
  if found == 0 then -- one that was stopped, or lost long ago
    for number = 1, 1023 do
      if redis.call('HEXISTS', keys[2], names[number]) == 0 then found = number break end
    end
    if found == 0 then return 0 end
    redis.call('HDEL', keys[1], names[found])
  end
  redis.call('HSET', keys[1], args[1], found)
  return found
end

-- A node's shares of rates by what all nodes want of late. What is given to others counts until they have asked again,
-- or have not for KEPT ms: so the shares never add up to more than the rate. A node that does not ask has a tenth of an
-- equal share, which is given to nobody.
-- KEYS: a hash for each rate. ARGV: name, how many nodes live, KEPT, then for each the rate and what this node wants.
local function share(keys, args)
  local time = redis.call('TIME')
  local now, name, kept = time[1] * 1000 + math.floor(time[2] / 1000), args[1], tonumber(args[3])
  local answer = {}
  for i, key in ipairs(keys) do
    local rate, mine = tonumber(args[2 * i + 2]), tonumber(args[2 * i + 3])
    local asked = redis.call('HGETALL', key)
    local wanted, given, others = mine, 0, 0
    for j = 1, #asked, 2 do
      if asked[j] ~= name then
        local demand, part, at = asked[j + 1]:match('^(%S+) (%S+) (%S+)$')
        if now - tonumber(at) > kept then
          redis.call('HDEL', key, asked[j])
        else
          wanted, given, others = wanted + tonumber(demand), given + tonumber(part), others + 1
        end
      end
    end
    local nodes = math.max(tonumber(args[2]), others + 1)
    local least = rate / nodes / 10
    local fair = rate / nodes
    if wanted > 0 then fair = least + (rate - nodes * least) * mine / wanted end
    local part = string.format('%.6f', math.max(0, math.min(fair, rate - given - (nodes - 1 - others) * least) - 5e-7))
    redis.call('HSET', key, name, string.format('%.6f %s %.0f', mine, part, now))
    redis.call('PEXPIRE', key, kept)
    answer[i] = part
  end
  return answer
end

redis.register_function('smsgwd_numbered', numbered)
redis.register_function('smsgwd_share', share)

-- Nodes: leases, who owns what, what operators said -------------------------------------------------------------------
-- What others look at for changes is a mark, random and of the caller's: a counter may repeat itself after a failover.
-- A holder is written as its token, a space and its name.

local function facts_now(facts)
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)) .. ' ' .. facts
end

local function holder_of(value)
  local at = value:find(' ', 1, true)
  return value:sub(1, at - 1), value:sub(at + 1)
end

-- A lease under a new token, unless another process has it. `former`: this process's token before, '' at its start.
-- KEYS: lease, nodes, mark, said. ARGV: name, token, former, ttl in ms, facts, mark.
local function join(keys, args)
  local found = redis.call('GET', keys[1])
  if found and found ~= args[2] and (args[3] == '' or found ~= args[3]) then
    return { redis.call('PTTL', keys[1]), redis.call('HGET', keys[2], args[1]) or '', found }
  end
  redis.call('SET', keys[1], args[2], 'PX', args[4])
  redis.call('HSET', keys[2], args[1], facts_now(args[5]))
  if args[3] == '' then redis.call('HDEL', keys[4], 'd:' .. args[1]) end
  redis.call('SET', keys[3], args[6])
  return {}
end

-- 1 when the lease is still held and goes on. KEYS: lease, nodes, mark. ARGV: name, token, ttl in ms, facts ('' = as
-- before), mark ('' = nothing that others wait for).
local function renew(keys, args)
  if redis.call('GET', keys[1]) ~= args[2] then return 0 end
  redis.call('PEXPIRE', keys[1], args[3])
  if args[4] ~= '' then redis.call('HSET', keys[2], args[1], facts_now(args[4])) end
  if args[5] ~= '' then redis.call('SET', keys[3], args[5]) end
  return 1
end

-- The end of a lease, and of all that was held under it. KEYS: lease, nodes, owned, mark. ARGV: name, token, mark.
local function leave(keys, args)
  if redis.call('GET', keys[1]) ~= args[2] then return 0 end
  redis.call('DEL', keys[1])
  redis.call('HDEL', keys[2], args[1])
  local owned, mine = redis.call('HGETALL', keys[3]), args[2] .. ' ' .. args[1]
  for i = 1, #owned, 2 do
    if owned[i + 1] == mine then redis.call('HDEL', keys[3], owned[i]) end
  end
  redis.call('SET', keys[4], args[3])
  return 1
end

-- Who lives, and, if the mark has changed, all the rest: the mark, the time, a token and what is left of its lease for
-- each node asked for; nodes, owned, said. KEYS: mark, nodes, owned, said, leases. ARGV: the mark as known.
local function look(keys, args)
  local mark, leases = redis.call('GET', keys[1]) or '', {}
  for i = 5, #keys do
    leases[#leases + 1] = redis.call('GET', keys[i]) or ''
    leases[#leases + 1] = redis.call('PTTL', keys[i])
  end
  local time = redis.call('TIME')
  local answer = { mark, time[1] * 1000 + math.floor(time[2] / 1000), leases }
  if mark ~= args[1] then
    for i = 2, 4 do answer[#answer + 1] = redis.call('HGETALL', keys[i]) end
  end
  return answer
end

-- Take what is free, this node's own, or of a holder whose lease is gone or under another token. For each name: 0 =
-- another's (or of a holder that was not named), '' = taken, or whose it was. Not a list: the lease is not the caller's.
-- KEYS: lease, owned, mark, leases of holders. ARGV: name, token, mark, how many holders, their names, what to take.
local function take(keys, args)
  if redis.call('GET', keys[1]) ~= args[2] then return 0 end
  local mine, leases, last, answer, taken = args[2] .. ' ' .. args[1], {}, 4 + tonumber(args[4]), {}, false
  for i = 5, last do leases[args[i]] = redis.call('GET', keys[i - 1]) or '' end
  leases[args[1]] = args[2]
  for i = last + 1, #args do
    local value, from = redis.call('HGET', keys[2], args[i]), ''
    if value and value ~= mine then
      local token, name = holder_of(value)
      from = leases[name] and leases[name] ~= token and name or 0
    end
    if from ~= 0 and value ~= mine then
      redis.call('HSET', keys[2], args[i], mine)
      taken = true
    end
    answer[#answer + 1] = from
  end
  if taken then redis.call('SET', keys[3], args[3]) end
  return answer
end

-- Give up what is held under this token; how many. KEYS: owned, mark. ARGV: name, token, mark, names.
local function give(keys, args)
  local mine, given = args[2] .. ' ' .. args[1], 0
  for i = 4, #args do
    if redis.call('HGET', keys[1], args[i]) == mine then given = given + redis.call('HDEL', keys[1], args[i]) end
  end
  if given > 0 then redis.call('SET', keys[2], args[3]) end
  return given
end

-- What an operator said: value '' takes it back. KEYS: said, mark. ARGV: mark, field, value.
local function say(keys, args)
  if args[3] == '' then redis.call('HDEL', keys[1], args[2]) else redis.call('HSET', keys[1], args[2], args[3]) end
  redis.call('SET', keys[2], args[1])
  return 1
end

-- A node that has no lease is listed no more; 1 when it was. KEYS: lease, nodes, mark. ARGV: name, mark.
local function forget(keys, args)
  if redis.call('EXISTS', keys[1]) == 1 or redis.call('HDEL', keys[2], args[1]) == 0 then return 0 end
  redis.call('SET', keys[3], args[2])
  return 1
end

-- How many binds an account has with a node: keys: the account's hash, the node's lease, those of other nodes; args:
-- the node, its token, how many, how many there may be on all nodes (-1 = any number), names of the other nodes. 0 when
-- there would be more; nothing is said then, nor when the node has no lease.
local function binds(keys, args)
  local name, count, most, sum, leases = args[1], tonumber(args[3]), tonumber(args[4]), 0, {}
  if redis.call('GET', keys[2]) ~= args[2] then return 1 end
  for i = 5, #args do leases[args[i]] = redis.call('GET', keys[i - 2]) or '' end
  local said = redis.call('HGETALL', keys[1])
  for i = 1, #said, 2 do
    local node, number, token = said[i], said[i + 1]:match('^(%d+) (.*)$')
    if leases[node] and leases[node] ~= token then
      redis.call('HDEL', keys[1], node)
    elseif node ~= name then
      sum = sum + tonumber(number)
    end
  end
  if most >= 0 and sum + count > most then return 0 end
  if count == 0 then
    redis.call('HDEL', keys[1], name)
  else
    redis.call('HSET', keys[1], name, count .. ' ' .. args[2])
  end
  return 1
end

redis.register_function('smsgwd_join', join)
redis.register_function('smsgwd_renew', renew)
redis.register_function('smsgwd_leave', leave)
redis.register_function{ function_name = 'smsgwd_look', callback = look, flags = { 'no-writes' } }
redis.register_function('smsgwd_take', take)
redis.register_function('smsgwd_give', give)
redis.register_function('smsgwd_say', say)
redis.register_function('smsgwd_forget', forget)
redis.register_function('smsgwd_binds', binds)

-- Looking after it all -----------------------------------------------------------------------------------------------

-- What INFO says of a section. KEYS: one that is on the server that is meant. ARGV: section.
local function facts(keys, args)
  return redis.call('INFO', args[1])
end

-- Names of keys, as SCAN. KEYS: one that is on the server that is meant. ARGV: cursor, pattern, how many are looked at.
local function scan(keys, args)
  return redis.call('SCAN', args[1], 'MATCH', args[2], 'COUNT', args[3])
end

-- What is counted of a tenant, and what there is of it, at one moment: its counts; how many messages it has, how many of
-- them numbered, the highest number; how many are in each of some indexes; how many records of some kinds.
-- KEYS: counts, messages, history, indexes, indexes of records. ARGV: how many indexes, lower and upper end of records.
local function counted(keys, args)
  local indexes, open, kept = tonumber(args[1]), {}, {}
  for i = 4, 3 + indexes do open[#open + 1] = redis.call('ZINTERCARD', 2, keys[i], keys[2]) end
  for i = 4 + indexes, #keys do kept[#kept + 1] = redis.call('ZLEXCOUNT', keys[i], args[2], args[3]) end
  local last = redis.call('ZRANGE', keys[3], -1, -1, 'WITHSCORES')
  local sizes = { redis.call('ZCARD', keys[2]), redis.call('ZCARD', keys[3]), last[2] or '0' }
  return { redis.call('HGETALL', keys[1]), sizes, open, kept }
end

-- Versions of rows, '' of one that is not there. KEYS: rows.
local function stamps(keys, args)
  local found = {}
  for i, key in ipairs(keys) do found[i] = redis.call('GETRANGE', key, 0, 7) end
  return found
end

redis.register_function{ function_name = 'smsgwd_facts', callback = facts, flags = { 'no-writes' } }
redis.register_function{ function_name = 'smsgwd_scan', callback = scan, flags = { 'no-writes' } }
redis.register_function{ function_name = 'smsgwd_counted', callback = counted, flags = { 'no-writes' } }
redis.register_function{ function_name = 'smsgwd_stamps', callback = stamps, flags = { 'no-writes' } }
