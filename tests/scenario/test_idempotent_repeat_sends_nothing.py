"""The same Idempotency-Key with the same body gives the first answer and sends nothing, also after a restart."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_idempotent_repeat_sends_nothing(scene: Scene) -> None:
    """Same body: the first answer. Other body: 422. The key outlives the process."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    tenant = gateway.tenant
    first = tenant.post("+306912345678", "once", key="order-1")
    assert first.status == 202
    again = tenant.post("+306912345678", "once", key="order-1")
    assert (again.status, again.body) == (202, first.body)
    other = tenant.post("+306912345678", "twice", key="order-1")
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    catcher.wait_push(first.body["messages"][0]["id"])

    assert gateway.stop() == 0
    gateway.start()
    gateway.wait_ready()
    after = tenant.post("+306912345678", "once", key="order-1")
    assert (after.status, after.body) == (202, first.body)
    marker = tenant.send(text="another message, so that all before it has arrived")
    catcher.wait_push(marker)
    assert [text.text for text in smsc.texts()] == ["once", "another message, so that all before it has arrived"]
    assert tenant.balance() == "999.9200"
