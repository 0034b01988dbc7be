"""Pushing to tenants what they are owed: receipts and subscribers' messages, from the durable outbox to their URLs.

Here lives everything between an outbox item and the tenant's answer. What may not: HTTP on sockets (`smsgwd.net`),
rules about messages, SQL. A push is made at least once; an item leaves the outbox when answered 2xx or given up.

To change the JSON of a receipt or a list of them, edit `payload.py`; of a subscriber's message, `mo.py`; of other
events, `event.py`; how pushes in a provider's style are asked for, `styled.py` (what they say: `smsgwd.dialects`); the
signature, `signing.py`; what an answer means and how retries are spaced, `backoff.py`; how a failing target is probed,
`delivery.breaker`; window and order of one target, and which receipts go together, `target.py`; the order of what is
told of one message, `turns.py`; which targets are in memory, `lanes.py`; fairness between tenants, `slots.py`; what is
counted, `tally.py`; what an answer makes of the items, `outcomes.py`; start, stop and the course of a push,
`notifier.py`, and its request, `push.py`. Timers and how results become durable: `net.wakeups`, `net.results`.
"""
