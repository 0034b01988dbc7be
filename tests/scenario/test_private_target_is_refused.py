"""Without `allow_private_targets` no push reaches loopback, whatever the tenant asks."""

from __future__ import annotations

import json

from tests.scenario.harness import Scene, ask, wait


def test_no_push_to_a_private_target(scene: Scene) -> None:
    """A dlr_url at loopback, as an address and as a name; the message itself goes its way."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, notify={"allow_private_targets": False, "retry_s": [1]})
    urls = [catcher.url, catcher.url.replace("127.0.0.1", "localhost"), catcher.url.replace("127.0.0.1", "[::1]")]
    answers = [gateway.tenant.post("+306912345678", f"to {url}", dlr_url=url) for url in urls]
    taken = [answer.body["messages"][0]["id"] for answer in answers if answer.status == 202]
    for answer in answers:
        if answer.status != 202:
            assert (answer.status, answer.body["code"]) == (422, "invalid_dlr_url")
    for message in taken:
        gateway.tenant.wait_state(message, "delivered")
    wait("the notifier has tried", lambda: gateway.metric("smsgwd_pushes_total") >= len(taken))
    assert catcher.pushes() == []
    assert json.loads(ask(catcher.port(), "GET", "/stats").body)["connections"] == 1  # this one
