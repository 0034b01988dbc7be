"""What each kind of change means, inside a transaction of any store.

One module a subject, one function a kind: `(work, change) -> result`. They change rows through `smsgwd.store.work.Work`
only, and take every rule from `smsgwd.delivery`. No reactor, no SQL, no command of a server; a transaction may be
computed again, so nothing is remembered here.

To change what a kind of change does, edit its module (texts that come twice where several processes take them are in
`texts.py`, those that were acknowledged
before the store had them in `spooled.py`); to add a kind, write its function and enter it in `table.py`: in
that of a store (`embedded/apply/`) when it is nearly all look-ups and statements.
"""
