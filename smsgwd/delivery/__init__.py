"""Rules of delivery: what moves a message from state to state, and how a receipt finds its message.

Pure: values in, values out; no I/O, no clock. The store applies these rules inside its transaction; the edges ask them
what an answer means.

To change a state or a move, edit `lifecycle.py` (docs/lifecycle.md is made from its table); how receipts match,
`correlation.py`; how the parts of a message make one result, `combine.py`; what a command_status does, `trouble.py`;
how retries are spaced, `retry.py`; how fast parts may go, `bucket.py`, and what an SMSC that throttles makes of that,
`rate.py`; the order of a queue held in pages, `pages.py`; when a target that fails is left alone, `breaker.py`;
which of several nodes has which bind, `allotment.py`.
"""
