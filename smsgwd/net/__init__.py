"""Shared Twisted glue: what several I/O edges need to talk over sockets, and nothing that decides about messages.

Here live protocol shells around sans-IO code, servers and clients, TLS options. What may not: rules, the store, names
of tenants or carriers, knowledge of who uses it.

To change how an SMPP connection reads, writes, times out or is given up, edit `smpp.py`; what of it may be looked at,
`wiretap.py`; how one listens, `smpp_server.py` and `listening.py`; what proxies say of their clients,
`proxy_protocol.py`; how writes of a reactor turn are put together, `turn.py`; the event loop, `reactor.py`; what an
HTTP request may look like, `http_head.py`, `http_body.py` and `http_chunks.py`; who is at the other end of a unix
socket, `unix_peer.py`; how a connection reads, answers and ends, `http_channel.py` (what it is doing, `http_phase.py`;
how long it may, `http_deadline.py`); an answer that goes on, `http_stream.py`, and through a worker, `edge_streams.py`;
how one listens and what an answer's head says, `http_server.py`; which process serves HTTP, `edge_core.py` and
`edge_child.py` (the gateway's side), `edge_worker.py` (the other), `edge_frames.py` and `edge_link.py` (between them),
`edge_shares.py` (who accepts); how results of pushes become durable, `results.py`; an end with a limit, `ending.py`;
one timer for many waits, `wakeups.py`; how work in a thread leaves the reactor its turns, `breaks.py`; TLS versions and
verification, `tls.py`;
how a push travels, `http_client.py` (its requests `http_client_request.py`, its answers `http_client_answer.py`, one
connection `http_client_connection.py`, names `http_client_dns.py`, TLS `http_client_tls.py`); which addresses a
tenant's URL may lead to, `targets.py`. Requests and answers as handlers see them, `http_message.py`; whose a request is
behind proxies, `http_address.py`; host names resolved, `names.py`; a write that goes out at once, `send.py`;
sockets that the service manager hands over, `inherited.py`; the machine's clocks, `clock.py`.
"""
