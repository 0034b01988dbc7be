"""The default store: one SQLite file, one writer thread, group commit (docs/design/store.md).

Here live the schema, the writer, the readers and the SQL. What may not: rules of delivery (they are in
`smsgwd.delivery`) and anything of other edges.

To change a table, edit the newest of `schema.py`, `schema_business.py`, `schema_dialects.py` and `schema_operations.py`
and add to `migrations.py`; what is told while a store opens, `opening.py`; what a change does, `../apply/`, or `apply/`
where it is nearly all SQL; how changes share a transaction, `work.py`: its messages `transaction.py`, those it looks
for itself `sweeps.py`, what comes with submissions `submissions.py`, opt-out lists `optouts.py`, receipts without a
message `parked.py`, subscribers' messages `mo_parts.py`, the outbox `pushes.py`, counts of tenants and numbers of their
messages `counts.py`; what the writer remembers, `memory.py`; columns of messages, `columns.py`, and what is written of
rows that changed, `rows.py`; statements of many rows, `bulk.py`; when commits happen and what a failure does,
`writer.py`; what queries return, `queries.py`, of history and counts `history.py`, operators' `operators.py`: how they
look for messages `find.py`, for what has not left `waiting.py`, for what a connector sent `sent.py`, what a tenant was
pushed `tenant_pushes.py`, counts of groups of messages `counting.py`, all about one
message `trace.py` (where a moment is in the outbox `outbox_place.py`); what is counted seldom, `counted.py`; how far
slow walks over old rows are, `walks.py`; which rows are one person's, `number.py`; long work beside the traffic,
`upkeep.py` with `backup.py`, `check.py` (what must hold for counts `recount.py`), `scrub.py` and `vacuum.py`; how
entries of money are written, `books.py`, what a tenant has, `account.py`, and how it is read and checked, `ledger.py`;
what queries of tenants, records, links and lookups return, `business.py`; the face to the reactor, `store.py` and
`reads.py`.
"""
