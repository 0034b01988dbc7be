"""A tenant's contacts are told to the provider whose connector is the tenant's, over a live gateway and a kill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.client import ask
from tests.scenario.harness import TENANT, Gateway, Scene, scene_in, wait
from tests.scenario.verbs import smsgwctl

pytestmark = pytest.mark.scenario


def _add(gateway: Gateway, **contact: str) -> None:
    answer = gateway.tenant.ask("POST", "/v1/contacts", contact)
    assert answer.status == 201, answer


def _told(gateway: Gateway) -> dict[str, float]:
    """Contacts counted since the start, by outcome, where there were any."""
    text = ask(gateway.ops_port, "GET", "/metrics").body.decode()
    rows = [line for line in text.splitlines() if line.startswith("smsgwd_provider_contacts_total{")]
    found = {row.partition('outcome="')[2].partition('"')[0]: float(row.rsplit(" ", 1)[1]) for row in rows}
    return {outcome: count for outcome, count in found.items() if count}


def _all(gateway: Gateway) -> dict[str, Any]:
    code, out, err = smsgwctl(gateway, "--json", "connector", "push-contacts", "ardary1")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def _gateway(scene: Scene) -> Gateway:
    ardary = scene.provider("ardary")
    connector = {
        "id": "ardary1",
        "kind": "provider",
        "provider": "ardary",
        "tenant": TENANT,
        "push_contacts": True,
        "options": {
            "base_url": f"http://127.0.0.1:{ardary.port()}/api",
            "login": "user",
            "access_key": "token",
            "password": "password",
        },
    }
    return scene.gateway(connectors=[connector], routes=[{"match": {"to": "*"}, "connectors": ["ardary1"]}])


def test_contacts_are_told_by_themselves_and_all_of_them_by_command(tmp_path: Path) -> None:
    """One is refused by the provider, which says why."""
    with scene_in(tmp_path) as scene:
        gateway = _gateway(scene)
        wait("the plugin runs", lambda: gateway.status()["connectors"][0]["up"])
        _add(gateway, number="+306912345678", first_name="Maria", last_name="Κ", email="m@k.gr")
        _add(gateway, number="+306912345679", email="nobody")
        assert _all(gateway) == {
            "connector": "ardary1",
            "contacts": 2,
            "pushed": 1,
            "refused": 1,
            "reasons": {"#004 Invalid E-mail": 1},
            "numbers": [{"number": "306912345679", "reason": "#004 Invalid E-mail"}],
        }
        _add(gateway, number="+306912345680")
        gateway.kill()
        gateway.start()
        gateway.wait_ready()
        # What was told in the last seconds before is told once more; to the provider it is the same contact.
        wait("what was added before the kill is told", lambda: _told(gateway).get("pushed", 0) >= 1)
        assert _all(gateway)["contacts"] == 3
