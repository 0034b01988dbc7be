"""What the edges, the rules and the plugins know of one another: `typing.Protocol`s, nothing else.

No implementation lives here. `smsgwd.app` makes the implementations and passes them in.

To change what a store must do, edit `store.py` and the contract suite in tests/store (what
whoever submits needs of it, `commits.py`); for the way of a submission
`submit.py`; for sending `dispatch.py`; for pushes to tenants `push.py`; for messages of subscribers `mo.py`; for time
`clock.py`; for changes of tenants `tenants.py`; for other times of messages `schedule.py`; for tracked links
`links.py`; for number lookups `lookups.py`; for changes of records `records.py`; for what operators ask the store for
`looking.py`; for what a connector sent and nobody knows the end of `sent.py`; for what a tenant was pushed
`pushed.py`; for codes from a phone `totp.py`; for counts
of a tenant's messages `counting.py`; for the processes that share a
store `nodes.py`, and for which of them sends what `claims.py`.
"""
