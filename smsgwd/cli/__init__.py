"""The command lines: `smsgwd` (run, check, config, migrate, store, simulate, bench) and `smsgwctl`.

Here live argument parsing and printing, and the converters of other gateways' configurations, which nothing else needs.
Every other command calls into the packages below.

To add a verb to `smsgwd`, write a click command in a module of its own and add it in `main.py`; to add one to
`smsgwctl`, add it to the registry of `smsgwd.ops` (this client shows whatever the daemon offers). Options and printing
that benches share are in `bench_runs.py`; the benches are `bench.py` with `bench_smpp.py`, `bench_http.py`,
`bench_data.py`, `bench_operations.py` and `bench_dialects.py`; the simulators `simulate.py`, `simulate_hlr.py`,
`simulate_provider.py`, `simulate_serve.py`; `smsgwctl` is `ctl.py`; to change how it asks the daemon, edit
`ctl_socket.py`, how words become parameters, `ctl_words.py`, commands that go on or make a file, `ctl_follow.py`, help,
`command_help.py`, tables, `tables.py` and `tables_status.py`, completion, `completion.py`; of `smsgwctl top` what is
worked out, `top_figures.py`, the text, `top_text.py`, the screen and its keys, `top_screen.py`, how it begins,
`top.py`. To change what becomes of a kannel.conf, edit `migrate_kannel.py` (reading it: `migrate_kannel_read.py`; smscs
`migrate_kannel_smsc.py`, routes `migrate_kannel_routes.py`, services `migrate_kannel_services.py`, logins
`migrate_kannel_logins.py`); of jcli commands, `migrate_jasmin.py` (`migrate_jasmin_read.py`, `migrate_jasmin_users.py`,
`migrate_jasmin_routes.py`, expressions `migrate_patterns.py`); how the result is written, checked and told,
`migrate_output.py`; the command, `migrate.py`. All that is stored, out of a store and into one: `store.py`; beside a
gateway that works, in a process of its own: `store_move.py`.
"""
