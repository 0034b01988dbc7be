"""Operations: what systemd, monitoring and the person on call talk to.

Here live the ops listener's pages, the admin socket with its command registry, and the service manager's notifications.
No message passes through here, and nothing here knows how the daemon is built: it is given what it shows.

Commands stand in a module a noun: `status`, `connectors`, `queue` (which messages a command is for: `picks`),
`messages` (their whole way: `tracing`), `dlr`, `orphans`, `outbox`, `events`, `held`, `tenants`, `tenant_files`,
`credentials`, `esmes`, `ledger`, `credit`, `prices`, `plans`, `senders`, `sender_files`, `content`, `blacklist`,
`optouts`, `routes`, `plugins`, `contact_pushes`, `config`, `drain`, `secrets`, `certificates`, `store` (its move into
another one: `store_moves`), `log`, `figures`, `nodes` (what is told of them: `node_rows`), `cdr`, `audit`, `operators`
and `pdu` (PDUs are kept meanwhile by `taps`, put into files by `pcap`).

Commands are declared in `registry.py` and reached by `admin.py`; who asks and what role that gives is told by
`callers.py`; what operators change is written down by `journal.py`. Lines for other programs: `cdr_lines.py`, and
`access_log.py`, both in files of `rotating.py`.

To add an operator's command, add a module with a `commands(...)` function like `status.py` and register it in
`smsgwd.app.commands`, then run `scripts/gen_commands_docs.py`; to add a page of the ops listener, edit `pages.py`; for
systemd, `systemd.py`; how parameters are read, `params.py`.
"""
