"""What is over goes after its time: texts first, records later; the rest is untouched."""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path
from typing import Any

from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

A_WHILE_D = 0.0001  # 8.64 s


def rows(scene: Scene, sql: str) -> list[Any]:
    path = Path(scene.directory) / "data" / "store.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_finished_messages_go_and_open_ones_stay(scene: Scene) -> None:
    gateway: Gateway = scene.gateway(scene.smsc(), retention={"messages_d": A_WHILE_D})
    ids = gateway.tenant.send_many(300)
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).isoformat()
    kept = gateway.tenant.send("+306999999999", schedule_at=tomorrow)
    wait("all are gone", lambda: len(gateway.tenant.states()) == 1, 60, 0.2)
    assert gateway.tenant.ask("GET", f"/v1/messages/{ids[0]}").status == 404
    assert gateway.tenant.message(kept)["state"] == "scheduled"
    # What readers see is counted once the writer's result is back: a moment later.
    wait("they are counted", lambda: gateway.metric("smsgwd_purged_rows_total", kind="messages") >= 300)
    assert rows(scene, "SELECT count(*) FROM message") == [(1,)]
    assert rows(scene, "SELECT count(*) FROM event WHERE message NOT IN (SELECT id FROM message)") == [(0,)]
    message = gateway.tenant.send()
    gateway.tenant.wait_state(message, "delivered")


def test_texts_go_before_their_records(scene: Scene) -> None:
    tenant = {"texts_d": A_WHILE_D}
    other = {"id": "keeps", "senders": ["*"], "credentials": [{"kind": "token", "secret": "keeps-token"}]}
    gateway = scene.gateway(scene.smsc(), tenant=tenant, tenants=[other])
    message = gateway.tenant.send(text="A secret")
    keeps = type(gateway.tenant)(gateway.http_port, "keeps-token")
    kept = keeps.send(text="To be kept")
    for client, each in ((gateway.tenant, message), (keeps, kept)):
        client.wait_state(each, "delivered")
    assert rows(scene, f"SELECT body FROM message WHERE id = {kept}") == [(b"To be kept",)]
    wait("the text is gone", lambda: rows(scene, f"SELECT body FROM message WHERE id = {message}") == [(b"",)], 90, 0.5)
    assert rows(scene, f"SELECT body FROM message WHERE id = {kept}") == [(b"To be kept",)]
    assert gateway.tenant.message(message)["state"] == "delivered"
