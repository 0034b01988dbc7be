"""A move that does not come to its end: whatever dies, the gateway has one store, the one that counts, all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from smsgwd.app import move_file
from smsgwd.app.move_process import COMMAND
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.migrating import (
    LONG_S,
    Senders,
    check_whole,
    keys_of,
    moving_gateway,
    redis_section,
    wait_moved,
    write_store,
)
from tests.store.redis_server import Server

pytestmark = pytest.mark.scenario

EMBEDDED = {"kind": "embedded"}
WAYS = ["to redis", "to embedded"]


def stores(scene: Scene, way: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The section that a gateway has, and the one it goes to."""
    redis = redis_section(scene.directory)
    return (EMBEDDED, redis) if way == "to redis" else (redis, EMBEDDED)


def workers(gateway: Gateway) -> list[int]:
    """The processes that fill another store."""
    found = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
    return [int(pid) for pid in found if b"store_move" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def shown(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = gateway.command("store", "migrate-show")
    return found


def wait_state(gateway: Gateway, state: str) -> None:
    wait(f"the move is {state}", lambda: shown(gateway)["state"] == state, LONG_S)


def kind_of(gateway: Gateway) -> str:
    """Which store it opened the last time."""
    return str([line for line in gateway.log_lines() if line.get("event") == "store.opened"][-1]["kind"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["bulk", "holding"])
def test_a_gateway_that_is_killed_beside_it_comes_back_on_the_old_store(scene: Scene, way: str, when: str) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    old, new = stores(scene, way)
    gateway = moving_gateway(scene, smsc, catcher, old)
    with Senders(gateway) as senders:
        senders.wait_more(10)
        write_store(gateway, new)
        gateway.command("store", "migrate", hold="yes")
        if when == "holding":
            wait_state(gateway, "holding")
        beside = workers(gateway)
        assert beside
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        wait("the process beside it is gone", lambda: not any(Path(f"/proc/{pid}").exists() for pid in beside))
        gateway.start()
        gateway.wait_ready()
        senders.wait_more(10)
    assert kind_of(gateway) == old["kind"]
    assert "the gateway was ended meanwhile" in shown(gateway)["failed"]
    assert "was not done" in " ".join(gateway.status()["attention"])
    check_whole(gateway, catcher, senders)
    gateway.command("store", "migrate")
    wait_moved(gateway, new["kind"])
    check_whole(gateway, catcher, senders)
    assert gateway.status()["attention"] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_gateway_that_is_killed_in_its_stop_for_it_has_one_store_and_all_of_it(scene: Scene, way: str) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    old, new = stores(scene, way)
    gateway = moving_gateway(scene, smsc, catcher, old)
    with Senders(gateway) as senders:
        senders.wait_more(10)
        write_store(gateway, new)
        gateway.command("store", "migrate")
        gateway.wait_event("store.move_cut_over", LONG_S)
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        gateway.start()
        gateway.wait_ready()
        senders.wait_more(10)
    check_whole(gateway, catcher, senders)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", ["last", "moved", "done", "closed"])
def test_each_step_of_the_stop_is_one_that_a_start_goes_on_from(scene: Scene, way: str, step: str) -> None:
    """Everything dies right behind that step."""
    smsc, catcher = scene.smsc(), scene.catcher()
    old, new = stores(scene, way)
    gateway = moving_gateway(scene, smsc, catcher, old)
    with Senders(gateway) as senders:
        senders.wait_more(10)
    check_whole(gateway, catcher, senders)
    gateway.stop()
    data = scene.directory / "data"
    sections = [move_file.plain(move_file.section_of(each)) for each in (old, new)]
    move = move_file.Move("copying", *sections, "test1", 1_000)
    move_file.write(data, move)
    after = ["done"] if step in ("done", "closed") else []
    with subprocess.Popen([*COMMAND, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for command in ("bulk", "follow", "last", *after):
            if command == "done":
                move_file.write(data, move := move_file.Move("moved", *sections, "test1", 1_000, 2_000))
            worker.stdin.write(f"{command}\n")
            worker.stdin.flush()
            answer = next(line for line in map(json.loads, worker.stdout) if "progress" not in line)
            assert "done" in answer, answer
        worker.kill()
    if step == "moved":
        move_file.write(data, move_file.Move("moved", *sections, "test1", 1_000, 2_000))
    if step == "closed":
        move_file.close_old(data, move)
    write_store(gateway, new)
    gateway.start()
    gateway.wait_ready()
    assert kind_of(gateway) == (old if step == "last" else new)["kind"]
    assert (data / "store.move").exists() == (step == "last")
    check_whole(gateway, catcher, senders)


@pytest.mark.parametrize("way", WAYS)
def test_the_process_beside_it_dies_and_the_gateway_is_unharmed(scene: Scene, way: str) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    old, new = stores(scene, way)
    gateway = moving_gateway(scene, smsc, catcher, old)
    with Senders(gateway) as senders:
        senders.wait_more(10)
        write_store(gateway, new)
        gateway.command("store", "migrate", hold="yes")
        wait_state(gateway, "holding")
        [beside] = workers(gateway)
        os.kill(beside, signal.SIGKILL)
        gateway.command("store", "migrate-finish")
        wait_state(gateway, "failed")
        assert "ended with status -9" in shown(gateway)["failed"]
        senders.wait_more(10)
    assert senders.binds == 1
    write_store(gateway, old)
    assert gateway.command("store", "migrate-cancel") == {"cancelled": True, "left_to_do": ""}
    assert not (scene.directory / "data" / "store.move").exists()
    check_whole(gateway, catcher, senders)


@pytest.mark.parametrize("way", WAYS)
def test_cancelled_nothing_is_left(scene: Scene, way: str) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    old, new = stores(scene, way)
    gateway = moving_gateway(scene, smsc, catcher, old)
    gateway.tenant.send_many(20)
    before = {each.name for each in (scene.directory / "data").iterdir()}
    write_store(gateway, new)
    gateway.command("store", "migrate", hold="yes")
    wait_state(gateway, "holding")
    if way == "to redis":
        assert keys_of(new)
    write_store(gateway, old)
    assert gateway.command("store", "migrate-cancel") == {"cancelled": True, "left_to_do": ""}
    assert {each.name for each in (scene.directory / "data").iterdir()} - {"store.db-wal", "store.db-shm"} <= before
    if way == "to redis":
        assert keys_of(new) == []
    assert shown(gateway)["state"] == "none"


def test_a_server_that_dies_meanwhile_harms_nobody(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = moving_gateway(scene, smsc, catcher, EMBEDDED)
    with Server(appendfsync="always") as own:
        with Senders(gateway) as senders:
            senders.wait_more(10)
            write_store(gateway, {"kind": "redis", "url": own.url})
            gateway.command("store", "migrate", hold="yes")
            wait_state(gateway, "holding")
            own.kill()
            gateway.command("store", "migrate-finish")
            wait_state(gateway, "failed")
            senders.wait_more(10)
            own.start()
            gateway.command("store", "migrate")
            wait_moved(gateway, "redis")
            senders.wait_more(10)
        check_whole(gateway, catcher, senders)
        gateway.stop()


def test_a_server_that_no_gateway_would_start_on_is_not_moved_to(scene: Scene) -> None:
    gateway = moving_gateway(scene, scene.smsc(), scene.catcher(), EMBEDDED)
    with Server(appendonly="no") as own:
        write_store(gateway, {"kind": "redis", "url": own.url})
        gateway.command("store", "migrate")
        wait_state(gateway, "failed")
        assert "the server cannot be used" in shown(gateway)["failed"]
        assert own.client.call("KEYS", "*") == []
    assert gateway.tenant.send()
