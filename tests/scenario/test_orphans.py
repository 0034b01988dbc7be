"""Receipts that found no message are listed, matched anew when an operator says so, and forgotten."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import msgspec

from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only


def orphan(scene: Scene, smsc_id: str) -> None:
    """Put a receipt where those end up that have waited for a quarter of an hour."""
    now = int(time.time() * 1000)
    receipt = Receipt(_group(scene), smsc_id, State.DELIVERED, now, "DELIVRD", "000", now, "306912345678", "smsc1")
    connection = sqlite3.connect(scene.directory / "data" / "store.db")
    with connection:
        connection.execute(
            "INSERT INTO parked (received_at, orphan, receipt) VALUES (?, 1, ?)", (now, msgspec.json.encode(receipt))
        )
    connection.close()


def _group(scene: Scene) -> str:
    connection = sqlite3.connect(scene.directory / "data" / "store.db")
    [(group,)] = connection.execute("SELECT DISTINCT grp FROM smsc").fetchall()
    connection.close()
    return str(group)


def test_orphans_are_listed_matched_and_dropped(scene: Scene) -> None:
    catcher = scene.catcher()
    gateway: Gateway = scene.gateway(scene.smsc("--no-receipts"), catcher=catcher)
    message = gateway.tenant.send()
    view = gateway.tenant.wait_state(message, "sent")
    [smsc_id] = {event["smsc_id"] for event in view["events"] if event.get("smsc_id")}
    assert gateway.stop() == 0
    orphan(scene, f"{int(smsc_id):X}")
    orphan(scene, "no-such-id")
    gateway.start()
    gateway.wait_ready()

    found: list[dict[str, Any]] = gateway.command("dlr", "orphans")
    assert [row["smsc_id"] for row in found] == [f"{int(smsc_id):X}", "no-such-id"]
    assert gateway.status()["store"]["orphans"] == 2
    assert [row["smsc_id"] for row in gateway.command("dlr", "orphans", after=str(found[0]["id"]))] == ["no-such-id"]

    assert gateway.command("dlr", "rematch", smsc_id="no-such-id") == {"tried": 1, "applied": 0}
    assert gateway.tenant.message(message)["state"] == "sent"
    assert gateway.command("dlr", "rematch") == {"tried": 2, "applied": 1}
    assert catcher.wait_push(message)["state"] == "delivered"
    assert len(gateway.command("dlr", "orphans")) == 1
    assert gateway.command("dlr", "drop", before="all") == {"dropped": 1}
    assert gateway.command("dlr", "orphans") == []


def test_a_receipt_with_a_wrong_id_waits_and_changes_nothing(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc("--wrong-id-pct", "100"))
    message = gateway.tenant.send()
    gateway.tenant.wait_state(message, "sent")
    wait("the receipt is parked", lambda: gateway.status()["store"]["parked"] == 1)
    assert gateway.tenant.message(message)["state"] == "sent"
    assert gateway.command("dlr", "orphans") == []
