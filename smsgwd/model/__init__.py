"""The values that move through the gateway: messages, submissions, receipts, changes, money, ids.

Here live plain values with their own arithmetic and nothing else: no I/O, no clock, no reactor, no rules that need
configuration. Every other package may import this one; it imports none of them.

To change what a message carries, edit `message.py` (and the store's schema); what is kept of an ESME's own words,
`wire.py`; a subscriber's message, `mo.py`; what waits for tenants, `outbox.py`; in which style they are told,
`callbacks.py`; events that are about no message, `events.py`; what is asked for and what becomes of it,
`submission.py`; a tenant's counts, `tally.py`, and of a
span of time, `counting.py`; ids, `ids.py`; money, `money.py`; a receipt, `receipts.py`; addresses
that others wrote, `urls.py`; calling codes of countries, `calling_codes.py`. To change what a tenant may be refused
for, edit `refusals.py`; what a tenant is, `tenant.py`; what its ledger says, `ledger.py`; what is kept by name
(contacts, routes, price lists, ...), `records.py`; tracked links, `links.py`; number lookups, `lookups.py`. How a price
is found, `prices.py`, an operator, `plan.py`, both on `prefixes.py`; tables as CSV, `rows_csv.py`, cells that
spreadsheets would run, `spreadsheet.py`; what histograms say, `quantiles.py`. To change what the store can be asked to
do, edit `changes.py` with `business.py`, `pushes.py`, `upkeep.py`, `spooled.py` and `operators.py` (which also says who
operators are), and the store contract suite. Who is logged in at the console, `sessions.py`.
"""
