"""The only wiring: configuration → services, the submit pipeline between them, start order, drain, stop.

Here live what joins the rooms (`pipeline`, `messages`, `sweeps`, `bootstrap`) and what builds and runs them (`build`,
`daemon`). No protocol, no SQL and no rule of its own may live here.

To change the way of a submission, edit `pipeline.py`; what start and stop do in which order, `daemon.py`; which
implementation stands behind a port, `build.py` (for tenants over SMPP `smpp_edge.py`, over HTTP `edge.py`, an HTTP
worker's process `edge_main.py`); what an item becomes, `maker.py`; how subscribers' messages find their tenant,
`mo_desk.py`; what SMPP may do to unsent messages, `esmes.py`; what is swept when, `sweeps.py`; what goes for its age,
`retention.py`; which connectors are left to a message, `ways.py`, and when a queue goes over to them, `reroute.py`; how
a person is erased, `erasure.py`; how a tenant is kept and who hears of its changes, `tenancy.py`, what operators may
change of it, `tenant_desk.py`, who is unbound for it, `credential_watch.py`; which commands operators have,
`commands.py`; how tracked links are made and opened, `link_desk.py`; how tenants are told of events, `event_desk.py`;
how lookups are taken and paid for, `lookup_desk.py`, who is asked, `lookup_asking.py` and `lookup_sources.py`, and what
is remembered of networks, `networks.py`; another time for scheduled messages, `reschedule.py`. What is compiled from
records, `catalog.py`, and of tenants, `account_tables.py` and `tables.py`; how records are changed, `records.py`; what
is remembered of texts and ranges, `guards.py`; what becomes of messages to test numbers, `test_numbers.py`. Which
provider styles are served and where, `dialect_mounts.py`, and what they are given, `dialects.py`. What there is before
the store is open, `core.py`; how all of a business is joined, `business.py`. Certificates, `certificates.py`; secrets
at rest, `secrets.py`; the log, `logs.py`; figures, `observe.py` and `business_counts.py`; which outbox an item goes to,
`outboxes.py`; whether there is CPU to spare, `pressure.py`; what a configuration may say and this release cannot do,
`support.py`.
"""
