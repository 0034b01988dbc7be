"""The examples of docs/generic-http.md in a gateway, their plugin in its own process, against simulated providers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs.provider_pages import ROOT
from tests.docs.tables import blocks
from tests.scenario.client import ask, wait
from tests.scenario.harness import Scene

PAGE = ROOT / "docs" / "generic-http.md"
ACCOUNT = "AC00000000000000000000000000000000"
SECRETS = {
    "TWILIO_TOKEN": "twilio-token",
    "VONAGE_KEY": ACCOUNT,
    "VONAGE_SECRET": "vonage-secret",
    "INFOBIP_AUTHORIZATION": "App infobip-token",
}
SHAPES = {
    "twilio": ("https://api.twilio.com", ("--token", "twilio-token"), "15005550006"),
    "vonage": ("https://rest.nexmo.com", ("--password", "vonage-secret"), "Shop"),
    "infobip": ("https://api.infobip.com", ("--token", "infobip-token"), "Shop"),
}
COUNT = 40
TEXT = 'Γειά & <b> "x" +%41 = \U0001f600'


def _connector(name: str, port: int) -> dict[str, Any]:
    (text,) = (block for block in blocks(PAGE, "yaml") if f"id: {name}\n" in block)
    (connector,) = yaml.safe_load(text.replace(SHAPES[name][0], f"http://127.0.0.1:{port}"))["connectors"]
    return dict(connector)


@pytest.mark.scenario
@pytest.mark.parametrize("name", SHAPES)
def test_each_message_has_one_final_state(scene: Scene, name: str) -> None:
    """With callbacks that come before the answer, and twice; one message in ten fails."""
    _, options, sender = SHAPES[name]
    failed, wanted = ("EXPIRED", "expired") if name == "infobip" else ("failed", "undelivered")
    faults = ("--early-callbacks", "--double-callbacks-pct", "30", "--numbers", f"7:{failed}")
    provider = scene.provider(name, "--user", ACCOUNT, *options, *faults)
    catcher = scene.catcher()
    gateway = scene.gateway(
        catcher=catcher,
        wrapper=["env", *(f"{key}={value}" for key, value in SECRETS.items())],
        connectors=[_connector(name, provider.port())],
        routes=[{"connectors": [name]}],
    )
    ids = {}
    for number in range(COUNT):
        to = f"3069{number:08d}"
        ids[gateway.tenant.send(to, TEXT, **{"from": sender})] = to
    pushed = catcher.wait_all(list(ids))
    for message_id, to in ids.items():
        assert pushed[message_id]["state"] == (wanted if to.endswith("7") else "delivered"), to
    finals = [push["body"]["id"] for push in catcher.pushes() if push["status"] == 200]
    assert len(finals) == len(set(finals)) == COUNT
    stats = ask(provider.port(), "GET", "/_sim/stats").body
    assert (stats["messages"], stats["taken_twice"]) == (COUNT, 0)
    taken = ask(provider.port(), "GET", "/_sim/messages").body
    assert {each["text"] for each in taken} == {TEXT}
    wait("callbacks were doubled", lambda: ask(provider.port(), "GET", "/_sim/stats").body["doubled"] > 0)
    log = gateway.log_path.read_text("utf-8")
    assert "provider.fault" not in log
    for secret in ("twilio-token", "vonage-secret", "infobip-token", TEXT):
        assert secret not in log
