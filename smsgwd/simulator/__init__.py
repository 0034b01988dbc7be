"""Peers that behave, or misbehave, as asked: an SMSC, a webhook catcher, HTTP providers, loads; what measures them.

Here live the SMSC simulators, the catcher of receipt pushes, the load generators, the parts of `smsgwd bench` and of
the crash checks. Nothing of the gateway itself may live here or be imported but its SMPP and GSM values and `net`:
these are the other side, and a mistake shared with the gateway would hide. Command lines are in `smsgwd.cli`.

To change what the SMSC decides (answers, fates, delays), edit behaviour.py; the options themselves, options.py and
cli/simulate.py. Ids: message_ids.py. A message the SMSC took: message.py. Receipt text, TLVs and schedule: receipts.py.
The binds of one system_id: account.py. What is shown of messages: show.py. Drops and garbage: faults.py. Shares of
submits, receipts and binds that go wrong: tempers.py. MO: mo.py. What a bind does: link.py; a request of the ESME's:
requests.py; deliveries and the timer: smsc.py. The record's lines: record.py. Counters: stats.py. The webhook catcher:
catcher.py (signatures: webhook.py). The HLR: hlr.py. HTTP providers: provider.py, on provider_listener.py; what is
asked of them, provider_options.py; what goes wrong, provider_faults.py; what they count, provider_books.py; what an API
is, provider_api.py, and the list of them, provider_registry.py; to change one, edit provider_isms.py,
provider_smsclub.py, provider_smspresto.py, provider_smsadvert.py, provider_ardary.py, provider_twilio.py,
provider_vonage.py or provider_infobip.py. The HTTP load of the crash and depth checks: http_load.py, submissions.py.
What benches load and measure with, on lean_loop.py: the lean SMSC, lean_smsc.py; the lean sink of pushes, http_sink.py;
the loads, smpp_load.py (submit_template.py) and http_storm.py (request_template.py); what they know of messages:
lean_report.py, sink_report.py, books.py, http_books.py. A blocking ESME for scripts and tests: esme.py. Processes of a
test stand: stand.py (free_ports.py), several gateways on one store, nodes_stand.py; one with a full store:
loaded_store.py on bulk_rows.py (bulk_numbers.py). What /proc says: proc.py, measured.py. What a kill left in the store:
aftermath.py. Harm to servers, nodes and networks under load: node_faults.py, held_proxy.py. What the bench prints:
figures.py; plots: plot.py. The check of costs in CI: cost_check.py. The admin socket as an operator uses it:
admin_client.py; what a business has in place: business.py; numbers all over the world: spread.py. Runs: http_bench.py,
smpp_bench.py, backlog_bench.py, startup_bench.py, idle_bench.py, scheduled_bench.py, reload_bench.py, reload_load.py,
restart_load.py, console_load.py, migrate_pause.py, trace_bench.py, dialect_bench.py (what customers' programs send:
dialect_requests.py), history_bench.py on bulk_numbers.py, crash.py, crash_smpp.py, crash_mix.py, absent.py,
throttle_bench.py, provider_hang.py, provider_load.py; backlog.py and purge_bench.py, with rows written by
backlog_rows.py and purge_rows.py; a load with an operator at work beside it, beside.py. The soak: soak.py on
soak_stand.py, judged by soak_judge.py. The model of many nodes on one Redis (docs/scale.md): scale_model.py, with
nodes, server, what the server knows, and carriers in scale_model_node.py, scale_model_server.py, scale_model_store.py
and scale_model_carriers.py, on scale_model_agenda.py and scale_model_books.py; to change what it takes for granted,
edit scale_model_assumptions.py; rows of its tables: scale_model_table.py; against measurements: scale_model_check.py.
"""
