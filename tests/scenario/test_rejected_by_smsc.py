"""A submit that the SMSC refuses for good ends as rejected: a state with its status, a push, the money back."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_message_the_smsc_rejects_is_rejected(scene: Scene) -> None:
    """ESME_RINVDSTADR (0x0B) is the message's fault, so nothing else is tried."""
    smsc, catcher = scene.smsc("--reject-pct", "100", "--reject-status", "0x0B"), scene.catcher()
    tenant = scene.gateway(smsc, catcher=catcher).tenant
    message = tenant.send()
    push = catcher.wait_push(message)
    assert (push["type"], push["state"], push["error"]["smpp_status"]) == ("message.rejected", "rejected", 0x0B)
    view = tenant.message(message)
    assert (view["state"], view["error"], view["sent_at"]) == ("rejected", push["error"], None)
    assert tenant.balance() == "1000.0000"
    assert smsc.stats()["submits"] == 1
