"""Operators of the configuration are there after a start and a reload, and stay as they were made over there."""

from __future__ import annotations

import json

import yaml

from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.verbs import smsgwctl

DEMO = {"name": "demo", "role": "admin", "secret": "demo"}
OLGA = {"name": "olga", "role": "operate", "secret": "what olga knows"}


def operators(gateway: Gateway) -> dict[str, str]:
    """Roles by name."""
    code, shown, _ = smsgwctl(gateway, "--json", "operator", "list")
    assert code == 0
    return {each["name"]: each["role"] for each in json.loads(shown)}


def test_accounts_of_the_configuration_are_made_once(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc(), console={"accounts": [DEMO]})
    assert operators(gateway) == {"demo": "admin"}
    assert smsgwctl(gateway, "operator", "set", "demo", "role=read")[0] == 0
    assert smsgwctl(gateway, "operator", "password", "demo", "secret=battery-staple")[0] == 0
    written = yaml.safe_load(gateway.config.read_text())
    written["console"]["accounts"].append(OLGA)
    gateway.config.write_text(yaml.safe_dump(written))
    assert smsgwctl(gateway, "config", "reload")[0] == 0
    wait("the new operator is made", lambda: operators(gateway) == {"demo": "read", "olga": "operate"})
    gateway.stop()
    gateway.start()
    gateway.wait_ready()
    assert operators(gateway) == {"demo": "read", "olga": "operate"}
    code, audited, _ = smsgwctl(gateway, "--json", "audit", "list")
    assert code == 0
    assert "operator password" in audited
    told = audited + gateway.log_path.read_text()
    assert not [secret for secret in ("battery-staple", OLGA["secret"]) if secret in told]
