"""The server of smpp.twisted3 (the stack Jasmin runs) accepts our bind and messages; its receipts are understood."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.peers import Stand, bound_to, twisted3
from tests.scenario.harness import Scene
from tests.scenario.received import concatenation, decode

GREEK = "Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα. " * 3


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Iterator[Stand]:
    """A gateway bound to the peer."""
    with bound_to(twisted3(shared.directory), shared) as stand:
        yield stand


def _sent(stand: Stand, dest: str, text: str, **fields: object) -> list[bytes]:
    """Send, wait for the push of its receipt; the bodies the peer saw."""
    message = stand.gateway.tenant.send(dest, text, **fields)
    push = stand.catcher.wait_push(message)
    assert (push["type"], push["error"]) == ("message.delivered", None)
    seen = [event for event in stand.peer.events("submit") if event["destination"] == dest.lstrip("+")]
    return [bytes.fromhex(event["hex"]) for event in seen]


def test_bind_is_accepted(shared: Scene, stand: Stand) -> None:
    """With our account."""
    [bind] = stand.peer.wait_events("bind", 1)
    assert bind["system_id"] == "gw"


def test_short_gsm_text(shared: Scene, stand: Stand) -> None:
    """One part."""
    [body] = _sent(stand, "+306900000001", "Hello from @smsgwd: 5€ [ok]")
    assert decode(body, 0) == "Hello from @smsgwd: 5€ [ok]"


def test_greek_in_three_parts(shared: Scene, stand: Stand) -> None:
    """Three bodies with their headers, in order."""
    bodies = _sent(stand, "+306900000002", GREEK)
    heads = [concatenation(body) for body in bodies]
    assert [head[1:] for head in heads] == [(3, 1), (3, 2), (3, 3)]
    assert len({head[0] for head in heads}) == 1
    assert decode(b"".join(body[body[0] + 1 :] for body in bodies), 8) == GREEK


def test_emoji(shared: Scene, stand: Stand) -> None:
    """UTF-16."""
    [body] = _sent(stand, "+306900000003", "📦🎉👩‍👩‍👧")
    assert decode(body, 8) == "📦🎉👩‍👩‍👧"


def test_binary(shared: Scene, stand: Stand) -> None:
    """Octets as they are."""
    [body] = _sent(stand, "+306900000004", "00ff1b40800a", coding="binary")
    assert body.hex() == "00ff1b40800a"


def test_receipts_are_acknowledged_and_the_link_held(shared: Scene, stand: Stand) -> None:
    """Every deliver_sm is answered ESME_ROK, nothing fails, there was one bind; then SIGTERM drains to 0."""
    submits = len(stand.peer.events("submit"))
    answers = stand.peer.wait_events("receipt_answered", submits)
    assert {answer["status"].rpartition(".")[2] for answer in answers} == {"ESME_ROK"}
    assert len(stand.peer.events("bind")) == 1
    assert stand.gateway.stop() == 0
    assert stand.peer.events("error") == []
