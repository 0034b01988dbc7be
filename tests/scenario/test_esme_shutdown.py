"""SIGTERM: what was taken is answered, every ESME is unbound, new binds are refused."""

from __future__ import annotations

import signal

from tests.scenario.esme import ENQUIRE_LINK, RESPONSE, SUBMIT_SM, UNBIND, packed, submit_body
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import bound, check_sound, served

COUNT = 200


def test_unbind_at_the_end(scene: Scene) -> None:
    """Requests that were on their way are answered with an id or with 0x08; then comes an unbind, then the end."""
    gateway = served(scene)
    esme, idle = bound(gateway), bound(gateway)
    esme.write(b"".join(packed(SUBMIT_SM, submit_body(f"30694{n:07d}", b"Hi"), 100 + n) for n in range(COUNT)))
    gateway.signal(signal.SIGTERM)
    statuses: dict[int, int] = {}
    for connection in (esme, idle):
        while (pdu := connection.read()).command != UNBIND:
            if pdu.command == SUBMIT_SM | RESPONSE:
                statuses[pdu.sequence] = pdu.status
                assert (pdu.status == 0) == (pdu.body.rstrip(b"\0") != b"")
            else:
                assert connection.answer(pdu) or pdu.command == ENQUIRE_LINK | RESPONSE
        connection.write(packed(UNBIND | RESPONSE, b"", pdu.sequence))
        connection.wait_closed()
        connection.close()
    assert set(statuses) <= set(range(100, 100 + COUNT))
    assert set(statuses.values()) <= {0, 8}
    assert gateway.wait_end() == 0
    events = [line.get("event") for line in gateway.log_lines()]
    assert events.count("esme.unbound") == 2
    assert not {"esme.error", "esme.lost", "daemon.unhandled_error"} & set(events)
    taken = sum(status == 0 for status in statuses.values())
    gateway.start()
    gateway.wait_ready()
    assert gateway.metric("smsgwd_messages_accepted_total") == 0
    again = bound(gateway)
    while len(again.receipts) < taken:  # every one that was answered well is kept, and its receipt comes
        again.answer(again.read())
    assert again.unbind() == 0
    check_sound(gateway)
