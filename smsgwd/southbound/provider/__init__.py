"""The host of provider plugins: it does for a connector all that is no provider's own.

Here live provider connectors: from the ready queue in groups to the plugin, verdicts back into the store, questions for
states, limits, circuit breaker, and the processes that plugins run in. What may not: anything of one provider, SQL,
routing. A plugin sees `smsgwd.providers` alone.

To change what a provider connector goes by, edit `settings.py`; what is asked of a plugin and what it answers,
`calls.py`; who runs plugins, `runner.py` (what every way of running has), `local.py` (in this process), `worker.py` (in
a process of its own: `worker_process.py` as the system has it, `worker_main.py` and `worker_side.py` there, `frames.py`
between them, `worker_calls.py` what is out); how a call runs in whichever process, `engine.py`, and what its plugin has
of us, `engine_host.py`; what a plugin may answer, `results.py`; what it says to the log, `said.py`; what operators see
of its exchanges, `recording.py`, and what they do not, `masking.py`; how its requests leave, `requests.py`; how many of
them, `permits.py`; what a provider gets of a message, `outbound.py`; what goes together, `groups.py`; what is sent
when, `sending.py`; what its verdicts mean, `verdicts.py`; when it is left alone, `circuit.py`; how a plugin stands in
the place of binds, `link.py`; what goes on beside, `parts.py`; when states are asked for, `polling.py` and
`poll_table.py` (how the store is gone through for it, `walk.py`); what is ended as unknown, `closing.py`; what is known
of the account, `account.py`; what reports do, `reports.py`, whose messages they are about, `matching.py`, and what else
they tell, `told.py`; what operators see, `status.py`; what connects all that, `connector.py`.
"""
