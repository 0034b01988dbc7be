"""Receipts may come on any bind of the account: the receiver of a pair, or another transceiver."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Scene


@pytest.mark.parametrize(
    "connector", [{"bind": "tx_rx"}, {"bind": "transceiver", "binds": 2}], ids=["tx_rx", "two transceivers"]
)
def test_receipt_on_another_bind_finds_its_message(scene: Scene, connector: dict[str, object]) -> None:
    """The SMSC sends each receipt by a bind other than the one that submitted."""
    smsc, catcher = scene.smsc("--receipts-via", "other"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector=connector)
    ids = gateway.tenant.send_many(30)
    catcher.wait_all(ids)
    assert set(gateway.tenant.states().values()) == {"delivered"}
    assert smsc.stats()["binds_now"] == 2


def test_receipt_after_a_restart_finds_its_message(scene: Scene) -> None:
    """Sent before the gateway stops, receipt sent after it is back."""
    smsc, catcher = scene.smsc("--receipt-delay-ms", "2500"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(10)
    smsc.wait_texts(10)
    for message in ids:
        gateway.tenant.wait_state(message, "sent")
    assert gateway.stop() == 0
    assert catcher.taken() == {}
    gateway.start()
    gateway.wait_ready()
    catcher.wait_all(ids)
    assert set(gateway.tenant.states().values()) == {"delivered"}
    assert len(smsc.submits()) == 10
