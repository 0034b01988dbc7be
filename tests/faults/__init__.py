"""Faults of the world around the gateway, injected into real processes, one a test, each drawn from a seed.

Here live the ways to injure (`proxy`, the libraries of `shims`) and the tests that do; what all of them ask afterwards
is in `account`: exactly one final state and one final push for each accepted message, copies at the SMSC only where an
answer was lost. Nothing here needs root or a mount. Carriers that talk nonsense are in tests/scenario.

To add a fault: the injury as a small class or C file here, a test file of its own, and a line below.

| fault | tested in |
|---|---|
| disk full | scenario/test_disk_full, scenario/test_esme_disk_full |
| I/O errors, read-only file system | faults/test_disk_errors |
| damaged pages of the store | faults/test_damaged_store |
| no file descriptors left | faults/test_descriptors |
| names that do not resolve, then do | faults/test_names; hanging lookups: scenario/test_slow_names |
| wall clock set, under traffic | faults/test_clock_jumps; across a kill, schedules: scenario/test_clock_is_set |
| link cut at random moments, half open, slow | faults/test_link |
| SMSC never answers, answers twice, late, under wrong numbers | faults/test_answers; scenario/test_evil_carriers |
| receipts lost, doubled, contradicting, with wrong ids | faults/test_receipts |
| SMSC closes after the bind, refuses binds, unbinds | faults/test_binds; scenario/test_bind_refused |
| garbage, torn frames, other protocols | scenario/test_smsc_sends_garbage, test_wrong_protocol, test_evil_carriers |
| throttling | faults/test_throttling, scenario/test_throttling_keeps_order |
| SMSC away: at start, while queued, for good | scenario/test_smsc_away_at_start, test_failover; faults/test_backlog |
| kill -9 | faults/test_crash_mix, scenario/test_crash, scenario/test_crash_smpp |
| tenants that fail, hang, stay away | scenario/test_bad_target_delays_nobody, test_absent_esme, test_esme_deaf |
| connections that never bind | scenario/test_esme_loris |
| everything at once | faults/test_soak |
"""
