"""An embedded store is moved into Redis while tenants send, and back again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.scenario.harness import SMSGWD, Gateway, Scene
from tests.scenario.migrating import (
    Senders,
    check_whole,
    moving_gateway,
    redis_section,
    wait_moved,
    write_store,
)

pytestmark = pytest.mark.scenario


def children(gateway: Gateway) -> list[str]:
    """What it has started and is still there, were it a zombie."""
    return Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()


def test_nothing_is_lost_there_and_back_and_each_old_store_is_closed(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    section = redis_section(scene.directory)
    gateway = moving_gateway(scene, smsc, catcher, {"kind": "embedded"})
    pid, data = gateway.pid, scene.directory / "data"
    with Senders(gateway) as senders:
        senders.wait_more(30)
        write_store(gateway, section)
        gateway.command("store", "migrate")
        wait_moved(gateway, "redis")
        senders.wait_more(30)
        assert {each.name for each in data.glob("store*")} == {"store.db.moved", "store.moved", "store.lock"}
        write_store(gateway, {"kind": "embedded"})
        gateway.command("store", "migrate")
        wait_moved(gateway, "embedded")
        senders.wait_more(30)
    assert gateway.pid == pid
    assert children(gateway) == []
    assert senders.binds == 3
    check_whole(gateway, catcher, senders)
    assert not (data / "store.moved").exists()
    assert gateway.status()["attention"] == []
    gateway.stop()


def test_the_old_store_starts_no_gateway(scene: Scene) -> None:
    section = redis_section(scene.directory)
    gateway = moving_gateway(scene, scene.smsc(), scene.catcher(), {"kind": "embedded"})
    sent = gateway.tenant.send()
    write_store(gateway, section)
    gateway.command("store", "migrate")
    wait_moved(gateway, "redis")
    assert gateway.tenant.wait_state(sent, "delivered")
    gateway.stop()
    write_store(gateway, {"kind": "embedded"})
    refused = subprocess.run(
        [*SMSGWD, "run", "-c", str(gateway.config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "was moved into another one" in refused.stderr
