"""Subscribers' messages reach the account they are for, kept while it is not bound."""

from __future__ import annotations

import re

from tests.scenario.esme import DELIVER_SM, Esme
from tests.scenario.harness import Scene, wait
from tests.scenario.stand_esme import bound, check_sound, credential, served

COUNT = 40


def test_mo(scene: Scene) -> None:
    """All of them once, texts and addresses as they came; some came before the account was bound, some after."""
    gateway = served(
        scene,
        credential("esme"),
        credential("other"),
        smsc=("--mo-rate", "40", "--mo-count", str(COUNT), "--mo-to", "12345"),
        mo_routes=[{"match": {"to": "999*"}, "account": "other"}, {"account": "esme"}],
    )
    other = bound(gateway, "other")
    wait("some wait", lambda: gateway.metric("smsgwd_mo_total") >= 5, every_s=0.05)
    esme = bound(gateway)
    texts: list[bytes] = []
    while len(texts) < COUNT:
        texts += _texts(esme)
    numbers = sorted(int(text[3:]) for text in texts)
    assert numbers == list(range(numbers[0], numbers[0] + COUNT))
    other.pump(0.2)
    assert other.receipts == []
    assert esme.unbind() == other.unbind() == 0
    check_sound(gateway)


def _texts(esme: Esme) -> list[bytes]:
    pdu = esme.read()
    esme.answer(pdu)
    if pdu.command != DELIVER_SM:
        return []
    assert b"12345\0" in pdu.body
    assert b"3069000" in pdu.body[:12]
    found = re.search(rb"MO \d+", pdu.body)
    assert found is not None
    return [found.group()]
