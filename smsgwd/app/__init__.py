"""The only wiring: configuration → services, the submit pipeline between them, start order, drain, stop.

Here live what joins the rooms (`pipeline`, `messages`, `sweeps`, `bootstrap`) and what builds and runs them (`build`,
`daemon`). No protocol, no SQL and no rule of its own may live here.

To change the way of a submission, edit `pipeline.py`; what start and stop do in which order, `daemon.py`; which
implementation stands behind a port, `build.py` (for tenants over SMPP `smpp_edge.py`, over HTTP `edge.py`, an HTTP
worker's process `edge_main.py`); what an item becomes, `maker.py`; how subscribers' messages find their tenant,
`mo_desk.py`; what SMPP may do to unsent messages, `esmes.py`; what is swept when, `sweeps.py`; what goes for its age,
`retention.py`, and into the archive, `archiving.py`; which connectors are left to a message, `ways.py`, and when a
queue goes over to them, `reroute.py`; how
a person is erased, `erasure.py`; how a tenant is kept and who hears of its changes, `tenancy.py`, what operators may
change of it, `tenant_desk.py`, who is unbound for it, `credential_watch.py`; what tenants see to themselves,
`own_families.py` (what is kept of that, `own_changes.py`; codes from a phone, `tenant_totp.py`; URLs that are tried,
`push_trial.py`); which commands operators have,
`commands.py`, what they want of connectors, `connector_desk.py`; how tracked links are made and opened, `link_desk.py`;
how tenants are told of events, `event_desk.py`; how lookups are taken and paid for, `lookup_desk.py`, who is asked,
`lookup_asking.py` and `lookup_sources.py`, and what is remembered of networks, `networks.py` (of those
that other nodes found, `network_news.py`); another time for
scheduled messages, `reschedule.py`. What is compiled from records, `catalog.py`, and of tenants, `account_tables.py`
and `tables.py`; how records are changed, `records.py`,
and providers told of contacts, `contact_pushes.py`; what is remembered of texts and ranges, `guards.py`; what all
nodes know and limit together, `sharing.py`, what others change, `following.py`, and requests of providers' accounts,
`account_permits.py`; what
becomes of messages to test numbers, `test_numbers.py`. Which provider styles are served and where, `dialect_mounts.py`,
where tenants are told that all of it is, `places.py`,
and what they are given, `dialects.py`. What there is before the store is open, `core.py`,
which store that is, `storing.py`, what goes to this node's disk first, `spooling.py`, and from there to the store,
`spool_drain.py` (both are joined in `spool_parts.py`); how all of a store gets into a file and out of one,
`store_files.py`; how it moves into another one while the gateway works, `mover.py`, what fills that,
`move_process.py` and `moves.py`, the end of it, `cut_over.py`, the file that says which store counts, `move_file.py`,
and what a start makes of that, `move_start.py`; the process itself, `process.py`; what is this
node's of all nodes, `cluster.py` (of connectors, `cluster_connectors.py`); how all of a business is
joined, `business.py`; the routing table, `route_tables.py`, and stored records that cannot be used, `stored_values.py`.

The console: what its pages are given and where it stands, `console.py`.

For operators: certificates, `certificates.py`; secrets at rest, `secrets.py`, and their rotation, `secret_desk.py`; the
log, `logs.py`, its levels, `levels.py`, and watched messages, `watch.py`, by the stream of changes, `batches.py`;
detail records, `cdr.py`; who asks and what is kept of it, `operations.py`; what else operators look into, `looking.py`;
what they do with queues, `queue_desk.py`, and how messages leave those, `handover.py`; messages sent again,
`resend.py`, and as PDUs, `pdus.py`; figures as things happen, `observe.py`, `stages.py` and `business_counts.py`, when
/metrics is asked for, `scrape.py`, `node_metrics.py` and `tenant_counts.py`, for screens, `figures.py`, what they were,
`figure_history.py`, for the other nodes, `node_figures.py`, for the service manager, `status_line.py`; which spans a
message has, `spans.py`, and whether
any are made, `tracing.py`; which outbox an item goes to, `outboxes.py` (both are made in `pushing.py`), and of several
nodes which pushes it, `outbox_shares.py`; what one node does for all, `roles.py` and `duties.py`; whether there is CPU
to spare, `pressure.py`. How another configuration is put in force, `reload.py`, who follows it, `reload_parts.py`; a
drain, `drain.py`, and both for operators, `control.py`; what a configuration may say and this release cannot do,
`support.py`; what plugins say of theirs, `provider_checks.py`; where providers call back, `callback_urls.py`, who takes
that, `callback_desk.py`, and how it is joined, `callbacks.py`; what connectors are made of, `provider_parts.py` and
`provider_host.py`, as operators see it, `connector_shown.py`, and a message through a plugin, `plugin_desk.py`.

For people at the console: operators and their passwords, `operator_desk.py`, how people log in, `console_logins.py`,
who is logged in, `console_sessions.py`, and how that is joined, `people.py`.
"""
