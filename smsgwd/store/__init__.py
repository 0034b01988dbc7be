"""Durable stores: implementations of `smsgwd.ports.store.Store`.

Here live databases, their threads and connections, and nothing that knows HTTP or SMPP. The rules a store applies in
its transactions come from `smsgwd.delivery`; no rule is written here.

To change what every store must do, edit `smsgwd/ports/store.py`, `smsgwd/model/changes.py` and the contract suite in
tests/store/contract.py; to change the SQLite store, edit `embedded/`; the Redis store, `redis/`.

What they have in common: to change what a kind of change means, edit `apply/`; what functions there may ask of a
transaction, `work.py`; what a row is while it is changed, `rows.py`; who is owed what, and the outbox of a
transaction, `owed.py`; what is owed that is about no message, `items.py`; who pays and how money is entered,
`books.py`; what is counted of a tenant, `counts.py`; how whole messages are shown, `views.py`; which addresses are
one person's number, `numbers.py`; what goes of a person who is to be forgotten, `erasure.py`; the thread that
commits, and what a failure does, `writer.py`; how the reactor asks it, `committing.py`. What a process is that shares
its store with no other, `alone.py`. What waits on a node's disk until a shared store takes it: its file,
`spool_file.py`, and how that is asked, `spool.py`. To change the archive of finished messages, edit `archive/`; how
everything is copied from one kind of store into another, edit `copying/`; how values stand in files, `framing.py`.
"""
