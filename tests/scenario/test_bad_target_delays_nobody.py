"""One tenant's dlr-url that hangs or refuses does not delay another tenant's receipts."""

from __future__ import annotations

import time

from tests.scenario.harness import Scene, Tenant, wait


def test_hanging_target_of_one_tenant_delays_no_other(scene: Scene) -> None:
    """100 receipts for a target that never answers, then one for a good target; the bad ones are kept."""
    smsc = scene.smsc()
    good, bad = scene.catcher(name="good"), scene.catcher("--hang-pct", "100", name="bad")
    other: dict[str, object] = {
        "id": "other",
        "price": "0.0400",
        "currency": "EUR",
        "senders": ["*"],
        "dlr_url": bad.url,
        "credentials": [{"kind": "token", "secret": "other-token"}],
    }
    gateway = scene.gateway(smsc, catcher=good, tenants=[other])
    stuck = Tenant(gateway.http_port, "other-token")
    stuck.send_many(100)
    smsc.wait_texts(100)
    begun = time.monotonic()
    message = gateway.tenant.send()
    good.wait_push(message)
    assert time.monotonic() - begun < 10  # the bad target's timeout is 15 s
    assert set(stuck.states().values()) == {"delivered"}
    wait("the bad target's pushes are kept", lambda: gateway.status()["store"]["outbox_pending"] == 100)


def test_a_refused_push_comes_again_with_the_same_id(scene: Scene) -> None:
    """A share of answers is 503; in the end every receipt arrives once answered 200, its webhook-id unchanged."""
    smsc, catcher = scene.smsc(), scene.catcher("--fail-pct", "30")
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(20)
    catcher.wait_all(ids)
    by_message: dict[str, set[str]] = {}
    for push in catcher.pushes():
        by_message.setdefault(push["body"]["id"], set()).add(push["webhook_id"])
    assert all(len(webhook_ids) == 1 for webhook_ids in by_message.values())
    assert len({next(iter(webhook_ids)) for webhook_ids in by_message.values()}) == 20
    assert len(catcher.pushes()) > 20
