"""A Redis store is moved into the data directory while tenants send."""

from __future__ import annotations

import subprocess

import pytest

from tests.scenario.harness import SMSGWD, Scene, wait
from tests.scenario.migrating import (
    Senders,
    check_whole,
    moving_gateway,
    redis_section,
    wait_moved,
    write_store,
)

pytestmark = pytest.mark.scenario


def test_nothing_is_lost_and_the_old_store_is_closed(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    section = {**redis_section(scene.directory), "spool": {"away": True}}
    gateway = moving_gateway(scene, smsc, catcher, section)
    pid = gateway.pid
    with Senders(gateway) as senders:
        senders.wait_more(30)
        write_store(gateway, {"kind": "embedded"})
        begun = gateway.command("store", "migrate")
        assert begun["from"].startswith("redis"), begun
        wait_moved(gateway, "embedded")
        senders.wait_more(30)
    assert gateway.pid == pid
    assert senders.binds == 2
    check_whole(gateway, catcher, senders)
    data = scene.directory / "data"
    assert {each.name for each in data.glob("store*")} >= {"store.db"}
    assert not (data / "store.move").exists()
    assert gateway.status()["attention"] == []
    gateway.stop()
    write_store(gateway, section)
    refused = subprocess.run(
        [*SMSGWD, "run", "-c", str(gateway.config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "moved" in refused.stderr
    write_store(gateway, {"kind": "embedded"})
    gateway.start()
    gateway.wait_ready()
    wait("it takes messages", lambda: gateway.tenant.post("+306900000001").status == 202)
