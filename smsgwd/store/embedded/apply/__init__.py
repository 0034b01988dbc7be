"""What each kind of change does inside a transaction.

One module a subject, one function a kind: `(work, change) -> result`. They run in the writer thread, change rows
through `work.Work` only, and take every rule from `smsgwd.delivery`. No reactor, no COMMIT.

To change what a kind of change does, edit its module; to add a kind, write its function and enter it in `table.py`.
"""
