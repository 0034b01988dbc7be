"""The shared store: Redis or Valkey, for several processes and hosts (docs/design/redis.md).

Here lives how rows are kept under keys, how a transaction is checked and written by one function call, and what is
asked of the server. What may not: what a change means (that is `smsgwd.store.apply`) and rules of delivery.

To change what the server does in a commit, edit `functions.lua` and `program.py` together; names of keys, `keys.py`;
how a transaction sees rows and indexes, `tx.py`; what is remembered between transactions, `memory.py` with `cache.py`
and `money.py`; what is kept of a message, `rows.py`; what it is found by, `indexes.py`; how a transaction changes
messages, `messages.py`, and many at once, `sweeps.py`; what a transaction is as a whole, `work.py` (its pieces share
`base.py`); when commits happen and what a failure does, `writer.py` (those that are under way, `flights.py`; from its
thread: `blocking.py`; what a commit waits for, `confirm.py`); the face to the reactor, `store.py`; what a server must
be like, `requirements.py`. What a question is answered by, `reads.py`, which names the functions: of messages,
`reads_messages.py`, counted, `reads_counting.py`; of queues and states,
`reads_queues.py`; of operators who look for something, `reads_find.py`; how they ask the server, `asking.py`; how they
walk over many messages, `walking.py`; how the archive is asked, too, `archived.py`; what may go there, `archivable.py`
(how it leaves, `apply/archive.py`); which node has claimed what of a queue, `claims.py`
(what the sending side asks of that, `claiming.py`); of tenants, opt-out lists
and refused recipients, `reads_tenants.py`; of orphans and subscribers' parts, `reads_inbound.py`. How idempotency keys,
references, refused recipients and links are kept, `submissions.py`; opt-out lists, `optouts.py`; receipts without a
message, `parked.py`; subscribers' parts, `mo.py`; tenants, `tenants.py` and `apply/tenants.py`. Money, `books.py`
(which balances a decision holds for, entries, references), counts of tenants, `counts.py`, what is asked of both and
whether the ledger is right, `reads_money.py`; the outbox, `pushes.py`, what is asked of it, `reads_outbox.py`, by
a tenant of its own, `reads_pushes.py`, what is
owed anew, `apply/repush.py`. Records, links, lookups and the audit: their values, `kept.py`, what is asked of them,
`reads_records.py` and `reads_audit.py`.

Looking after it: how far walks over old rows are, `walks.py` (what goes, `apply/retention.py` and `apply/erase.py`);
long work beside the traffic, `upkeep.py` with `control.py`; what a check looks for, `check.py` (messages),
`check_rest.py` and `check_unlisted.py` (rows that no index has), how it looks, `looking.py`; copies, `backup.py`;
what a store says that was moved elsewhere, `moved.py`.

Connections: to change what addresses say, edit `address.py`; one connection, `connection.py`; calls and how it is
connected again, `link.py`; what is published, `listening.py`; which server is the master, `sentinel.py`; clusters,
`cluster.py` and `slots.py`; which of these links an address asks for, `reach.py`; how functions are named and
loaded, `library.py`; what can go wrong, `errors.py`.

Nodes: to change a node's lease, edit `nodes.py`; what it knows of the others, `roster.py`; how it takes and gives up
what it owns, `ownership.py`; what it should have and what operators may say, `placing.py` (the rule is
`smsgwd.delivery.allotment`); how nodes call each other, `wakes.py`; how many binds an
SMPP account has on all of them, `account_binds.py`.

What all nodes know and limit: to change how they hear what others changed, edit `changed.py`; texts that none takes
twice, `texts.py`; shares of rates, `shares.py`.
"""
