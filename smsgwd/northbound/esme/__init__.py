"""Tenants over SMPP: the server side. ESMEs bind to us, submit, and get their receipts and MO.

Here live the sessions of ESMEs and what is done for them. What may not live here: the protocol itself (`smpp`, `net`),
admission, routing and the store's work (behind `ports`), pushes to URLs (`notify`).

To change who may bind and how often, edit `server.py` and `limits.py` (on all nodes together, `shared_binds.py`); what
a connection does, `session.py`; what a bound session is, `account.py`; what a submission means, `translate.py` (its
times `times.py`, its TLVs `passed.py`); what becomes of requests, `requests.py` and `asks.py`, and of the other
commands, `commands.py`; how they are answered, `dialogue.py`, `statuses.py` and `congestion.py`; whose turn it is on
the way into the store, `doorway.py`; what is held back for its rate, `held.py` (rates are `northbound.pace`).

To change what is owed to accounts and how it gets there, edit `outbox.py`; how that is read, and who is absent,
`owed.py`; which bind gets how much of it, `lane.py`; what becomes of deliveries that fail, `nacks.py`; what a receipt
looks like, `deliveries.py` (most are made of templates, `receipt_templates.py`); calling absent accounts,
`outbinds.py`.
"""
