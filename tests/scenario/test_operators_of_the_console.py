"""Operators of the configuration are there after a start, and stay as they were made over there."""

from __future__ import annotations

from tests.scenario.harness import Scene
from tests.scenario.verbs import smsgwctl


def test_accounts_of_the_configuration_are_made_once(scene: Scene) -> None:
    console = {"accounts": [{"name": "demo", "role": "admin", "secret": "demo"}]}
    gateway = scene.gateway(scene.smsc(), console=console)
    assert smsgwctl(gateway, "operator", "set", "demo", "role=read")[0] == 0
    assert smsgwctl(gateway, "operator", "password", "demo", "secret=battery-staple")[0] == 0
    gateway.stop()
    gateway.start()
    gateway.wait_ready()
    code, shown, _ = smsgwctl(gateway, "--json", "operator", "list")
    assert code == 0
    assert '"demo"' in shown
    assert '"read"' in shown
    code, audited, _ = smsgwctl(gateway, "--json", "audit", "list")
    assert code == 0
    assert "operator password" in audited
    assert "battery-staple" not in audited + gateway.log_path.read_text()
