"""The sending side: binds to carriers, messages out, answers and receipts back.

Here lives what talks to SMSCs as their ESME and keeps the ready queues. What may not: admission, prices, the choice of
a connector, pushes to tenants, SQL; and no knowledge of PDU octets, which is `smsgwd.smpp`'s.

To change what an SMSC's answer does, edit `delivery.trouble` (the table) or `answers.py` (what a verdict means for the
store); how a message looks on the wire, `encode.py`, and what an ESME cut itself, `raw.py`; when a bind connects again,
`reconnect.py` and `bind.py`; what is sent when and on which bind, `sender.py`; in which order what one sender writes to
one recipient leaves, `pairs.py`; how far the link is slowed down, `throttle.py` and `delivery.rate`; when it sends
nothing at all, `suspension.py` (its SMSC wants it) and `life.py` (operators do, or it ends); which settings a reload
changes in place, and which need new binds, `reconfigured.py`; how many binds there are, `binds.py`; what becomes of
deliver_sm, `incoming.py`; in which order what a turn brings is taken, `gathered.py`; how changes reach the store,
`batch.py`; what connects all that for one SMSC account, `connector.py`; what a source of number lookups says over HTTP,
`http_lookup.py`; what an answer with an error asks of the connector, `refusals.py`; in which form an SMSC writes ids,
`idform.py`; what is read on from the store, `queue.py`; what is known of a message that is out, `outgoing.py` and
`flights.py`; what a bind tells, `bind_owner.py`; what is counted, `counts.py`; what a connector goes by, `settings.py`;
what all of them need of the world, `runtime.py`; where other nodes send for the same connectors: how much of each is
this one's, `shares.py` and `divided.py`, and which of its messages, `shared_queue.py`; what the rest of the gateway and
operators ask of them all, `dispatcher.py`.
"""
