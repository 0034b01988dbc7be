"""The server of npm `smpp` accepts our bind and messages, and its receipts are understood."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.peers import Stand, bound_to, npm_smpp
from tests.scenario.harness import Scene, wait

GREEK = "Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα. " * 3


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Iterator[Stand]:
    """A gateway bound to the peer; it probes an idle link after half a second."""
    with bound_to(npm_smpp(shared.directory), shared) as stand:
        yield stand


def _sent(stand: Stand, dest: str, text: str, **fields: object) -> list[dict[str, object]]:
    """Send, wait for the push of its receipt; what the peer saw of it."""
    message = stand.gateway.tenant.send(dest, text, **fields)
    push = stand.catcher.wait_push(message)
    assert (push["type"], push["error"]) == ("message.delivered", None)
    assert stand.gateway.tenant.message(message)["state"] == "delivered"
    return [event for event in stand.peer.events("submit") if event["destination"] == dest.lstrip("+")]


def test_bind_is_accepted(shared: Scene, stand: Stand) -> None:
    """As a transceiver, with our account."""
    [bind] = stand.peer.wait_events("bind", 1)
    assert (bind["command"], bind["system_id"], bind["password"]) == ("bind_transceiver", "gw", "gw")
    wait("the bind is up", lambda: stand.gateway.status()["connectors"][0]["up"])


def test_short_gsm_text(shared: Scene, stand: Stand) -> None:
    """Letters of the GSM alphabet and its extension; addresses and their TON; a receipt asked for."""
    [submit] = _sent(stand, "+306900000001", "Hello from @smsgwd: 5€ [ok]")
    assert (submit["text"], submit["data_coding"], submit["esm_class"]) == ("Hello from @smsgwd: 5€ [ok]", 0, 0)
    assert (submit["source"], submit["source_ton"], submit["dest_ton"]) == ("Shop", 5, 1)
    assert submit["registered_delivery"] == 1


def test_greek_in_three_parts(shared: Scene, stand: Stand) -> None:
    """Three parts with one reference and their numbers; joined they are the text."""
    parts = _sent(stand, "+306900000002", GREEK)
    assert len(parts) == 3
    assert {part["data_coding"] for part in parts} == {8}
    assert {part["esm_class"] for part in parts} == {0x40}
    elements = [bytes.fromhex(part["udh"][0]) for part in parts]  # type: ignore[index]
    assert [element[:2] for element in elements] == [b"\0\3"] * 3
    assert len({element[2] for element in elements}) == 1
    assert [(element[3], element[4]) for element in elements] == [(3, 1), (3, 2), (3, 3)]
    assert "".join(str(part["text"]) for part in parts) == GREEK


def test_emoji(shared: Scene, stand: Stand) -> None:
    """Surrogate pairs and joiners."""
    [submit] = _sent(stand, "+306900000003", "📦🎉👩‍👩‍👧")
    assert (submit["text"], submit["data_coding"]) == ("📦🎉👩‍👩‍👧", 8)


def test_binary(shared: Scene, stand: Stand) -> None:
    """Octets as they are, data_coding 4."""
    [submit] = _sent(stand, "+306900000004", "00ff1b40800a", coding="binary")
    assert (submit["text"], submit["data_coding"]) == ("00ff1b40800a", 4)


def test_receipts_are_acknowledged(shared: Scene, stand: Stand) -> None:
    """Every deliver_sm is answered ESME_ROK."""
    submits = len(stand.peer.events("submit"))
    answers = stand.peer.wait_events("receipt_answered", submits)
    assert {answer["status"] for answer in answers} == {0}


def test_enquire_link_and_unbind(shared: Scene, stand: Stand) -> None:
    """An idle link is probed and stays up; SIGTERM unbinds in order. The last test: it stops the gateway."""
    before = len(stand.peer.events("enquire_link"))
    stand.peer.wait_events("enquire_link", before + 2)
    assert len(stand.peer.events("bind")) == 1
    assert stand.gateway.stop() == 0
    assert len(stand.peer.wait_events("unbind", 1)) == 1
    assert stand.peer.events("error") == []
