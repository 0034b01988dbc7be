"""What those kinds of changes do that are nearly all SQL; what the others mean is in `smsgwd.store.apply`.

One module a subject, one function a kind: `(work, change) -> result`. They run in the writer thread, and change rows of
messages through `work.Work` only. No reactor, no COMMIT.

To change what a kind of change does, edit its module; to add a kind, write its function and enter it in `table.py`.
"""
