"""The command lines: `smsgwd` (run, check, config, simulate, bench) and `smsgwctl`.

Here live argument parsing and printing, nothing else: every command calls into the packages below.

To add a verb to `smsgwd`, write a click command in a module of its own and add it in `main.py`; to add one to
`smsgwctl`, add it to the registry of `smsgwd.ops` (this client shows whatever the daemon offers). Options and
printing that benches share are in `bench_runs.py`.
"""
