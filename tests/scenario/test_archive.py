"""Messages of a real gateway go to its archive and are still answered, also when it is killed meanwhile."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.nodes import node
from tests.scenario.stores import server
from tests.store.postgres_server import shared_postgres

pytestmark = pytest.mark.scenario


def _gateway(scene: Scene, **store: Any) -> Gateway:
    section = {"kind": "redis", "url": server().url, "prefix": f"archived{time.time_ns()}", **store}
    return scene.gateway(scene.smsc(), store=section)


def _on_the_server(gateway: Gateway, prefix: str) -> int:
    count: int = server().client.call("ZCARD", f"{{{prefix}}}:m")
    return count


def test_what_is_archived_is_answered_as_before(scene: Scene) -> None:
    prefix = f"archived{time.time_ns()}"
    gateway = _gateway(scene, prefix=prefix, archive={"after_h": 0})
    tenant = gateway.tenant
    ids = tenant.send_many(60)
    for each in ids:
        assert tenant.wait_state(each, "delivered")["state"] == "delivered"
    wait("all is archived", lambda: _on_the_server(gateway, prefix) == 0)
    assert [path.suffix for path in (scene.directory / "data" / "archive").iterdir()] == [".db"]
    whole = {each: tenant.message(each) for each in ids}
    assert {each["state"] for each in whole.values()} == {"delivered"}
    assert all(each["events"] for each in whole.values())
    assert set(tenant.states()) == set(ids)
    traced = gateway.command("message", "trace", id=ids[0])
    assert ids[0] in str(traced)
    wait("the last page is counted", lambda: gateway.metric("smsgwd_archived_messages_total") == 60)
    later = tenant.send("+306912345678")
    tenant.wait_state(later, "delivered")
    assert gateway.command("store", "check")["problems"] == []


def test_a_kill_loses_nothing_and_shows_nothing_twice(scene: Scene) -> None:
    prefix = f"archived{time.time_ns()}"
    gateway = _gateway(scene, prefix=prefix, archive={"after_h": 0, "rows_s": 10})
    tenant = gateway.tenant
    ids = tenant.send_many(600)
    wait("all are delivered", lambda: all(state == "delivered" for state in tenant.states().values()))
    for _ in range(3):
        before = _on_the_server(gateway, prefix)
        wait("some are archived", lambda before=before: not before or _on_the_server(gateway, prefix) < before)
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        gateway.start()
        gateway.wait_ready()
        states = tenant.states()
        assert set(states) == set(ids)
        assert set(states.values()) == {"delivered"}
    assert gateway.command("store", "check")["problems"] == []


def test_a_person_is_erased_from_the_archive_of_a_node_that_was_away(scene: Scene) -> None:
    smsc = scene.smsc()
    one, other = (
        node(scene, name, smsc, archive={"after_h": 0}) for name in ("one", "other")
    )  # each has a directory of its own
    ids = {each: each.tenant.send("+306977000111", "For your eyes only") for each in (one, other)}
    for each, number in ids.items():
        each.tenant.wait_state(number, "delivered")
        wait("it is archived", lambda each=each: each.metric("smsgwd_archived_messages_total") == 1)
        assert each.tenant.message(number)["to"] == "+306977000111"
    other.signal(signal.SIGTERM)
    other.wait_end()
    one.command("message", "erase", number="+306977000111")
    wait("it has forgotten", lambda: one.tenant.message(ids[one])["to"] == "erased")
    files = list((scene.directory / "data-other" / "archive").iterdir())
    assert any(b"306977000111" in path.read_bytes() for path in files)
    other.start()
    other.wait_ready()
    other.wait_event("archive.forgot")
    assert other.tenant.message(ids[other])["to"] == "erased"
    for path in files:
        assert b"306977000111" not in path.read_bytes()
        assert b"For your eyes only" not in path.read_bytes()


def test_all_nodes_see_what_is_in_postgresql_and_send_without_it(scene: Scene) -> None:
    smsc, postgres = scene.smsc(), shared_postgres()
    url = postgres.url(f"archived{time.time_ns()}")
    section: dict[str, object] = {"kind": "postgresql", "url": url, "after_h": 0}
    nodes = [node(scene, name, smsc, archive=section) for name in ("one", "other")]
    ids = [each.tenant.send("+306977000111") for each in nodes]
    for each, number in zip(nodes, ids, strict=True):
        each.tenant.wait_state(number, "delivered")
    wait("all is archived", lambda: sum(each.metric("smsgwd_archived_messages_total") for each in nodes) == 2)
    for each in nodes:
        assert [each.tenant.message(number)["state"] for number in ids] == ["delivered"] * 2
    postgres.stop()
    try:
        later = nodes[0].tenant.send("+306977000222")
        nodes[0].tenant.wait_state(later, "delivered")
        answer = nodes[1].tenant.ask("GET", f"/v1/messages/{ids[0]}")
        assert answer.status == 503
    finally:
        postgres.start()
    wait("it goes on", lambda: sum(each.metric("smsgwd_archived_messages_total") for each in nodes) == 3)
    nodes[1].command("message", "erase", number="+306977000111")
    wait("it has forgotten", lambda: {nodes[0].tenant.message(number)["to"] for number in ids} == {"erased"})
