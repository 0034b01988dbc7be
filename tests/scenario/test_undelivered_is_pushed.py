"""A receipt that says UNDELIV ends the message as undelivered, and the push names the error."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_undelivered_receipt_is_pushed_with_its_error(scene: Scene) -> None:
    """State, push and balance: it was sent, so it stays paid."""
    smsc, catcher = scene.smsc("--undeliv-pct", "100"), scene.catcher()
    tenant = scene.gateway(smsc, catcher=catcher).tenant
    message = tenant.send()
    push = catcher.wait_push(message)
    assert (push["type"], push["state"]) == ("message.undelivered", "undelivered")
    assert push["error"]["code"]
    assert "001" in push["error"]["detail"]  # the receipt's err
    view = tenant.wait_state(message, "undelivered")
    assert view["error"] == push["error"]
    assert view["done_at"] == push["done_at"]
    assert tenant.balance() == "999.9600"
