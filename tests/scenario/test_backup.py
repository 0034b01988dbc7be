"""A backup that is made while traffic goes on starts as a gateway of its own, with everything from before it."""

from __future__ import annotations

import json
import shutil
import threading
from typing import Any

import pytest
from click.testing import CliRunner

from smsgwd.cli.ctl import main as smsgwctl
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stores import embedded_only

pytestmark = embedded_only


def ctl(gateway: Gateway, *words: str) -> Any:
    """What `smsgwctl --json` prints."""
    result = CliRunner().invoke(smsgwctl, ["--socket", str(gateway.admin_socket), "--json", *words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_backup_during_traffic_is_restored(scene: Scene) -> None:
    smsc = scene.smsc()
    gateway = scene.gateway(smsc)
    before = gateway.tenant.send_many(500)
    for each in (before[0], before[-1]):
        gateway.tenant.wait_state(each, "delivered")
    during: list[str] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            during.extend(gateway.tenant.send_many(20, prefix="+30691", first=len(during)))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        directory = scene.directory / "restored"
        directory.mkdir()
        answer = ctl(gateway, "store", "backup", "--file", str(directory / "store.db"))
    finally:
        stop.set()
        sender.join(30)
    assert answer["bytes"] == (directory / "store.db").stat().st_size > 0
    assert not list(directory.glob("*.partial"))
    assert ctl(gateway, "store", "check", "deep=yes")["ok"] is True
    shutil.copy(scene.directory / "data" / "secret.key", directory)
    assert gateway.stop() == 0

    restored = scene.gateway(smsc, name="restored", data_dir="restored", admin={"socket": "restored.sock"})
    assert ctl(restored, "store", "check", "--deep")["problems"] == []
    states = restored.tenant.states()
    assert states.keys() >= set(before)
    assert states.keys() <= set(before) | set(during)
    assert states[before[0]] == states[before[-1]] == "delivered"
    message = restored.tenant.send()
    restored.tenant.wait_state(message, "delivered")


@pytest.mark.parametrize("where", ["store.yaml", "none/store.db"])
def test_a_backup_that_cannot_be_written_is_refused(scene: Scene, where: str) -> None:
    """There is such a file already; there is no such directory."""
    gateway = scene.gateway(scene.smsc())
    path = scene.directory / where
    if path.parent.exists():
        path.write_text("mine")
    result = CliRunner().invoke(smsgwctl, ["--socket", str(gateway.admin_socket), "store", "backup", f"file={path}"])
    assert result.exit_code == 1
    assert "the backup failed" in result.output
    assert not path.parent.exists() or path.read_text() == "mine"
    gateway.tenant.wait_state(gateway.tenant.send(), "delivered")


def test_what_the_store_takes_is_shown_and_given_back(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc())
    gateway.tenant.send_many(500)
    shown = ctl(gateway, "store")
    assert shown["healthy"] is True and shown["bytes"] > shown["free_bytes"] >= 0
    given = ctl(gateway, "store", "vacuum")
    assert given["given_back"] >= 0 and given["free_bytes"] < 100_000  # traffic frees some pages meanwhile
    gateway.tenant.wait_state(gateway.tenant.send(), "delivered")
