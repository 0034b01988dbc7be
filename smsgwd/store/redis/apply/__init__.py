"""What kinds of change do that each store does in its own way; the others are in `smsgwd.store.apply`.

One module a subject, one function a kind: `(work, change) -> result`. They run in the writer thread, and see rows and
indexes through `work.RedisWork` only: what they read by it is checked by the commit, what they only look at is not. No
reactor, no reply waited for by anybody else.

To change what a kind of change does, edit its module; to add a kind, write its function and enter it in `table.py`,
which also says what is read in advance.
"""
