"""A node that keeps submissions on its own disk while the server is away, or holds too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenario.business import check_books, create, funds, wait_settled
from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, wait
from tests.scenario.stand_esme import bound, check_sound
from tests.store.redis_server import Server

_NUMBER = "+30691234{:04}"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, which it may kill."""
    with Server(appendfsync="always") as found:
        yield found


def _node(scene: Scene, server: Server, smsc: Smsc, catcher: Catcher | None, **spool: Any) -> Gateway:
    store = {"kind": "redis", "url": server.url, "prefix": "spool", "spool": spool}
    return scene.gateway(smsc, catcher=catcher, smpp={}, store=store)


def _spool(gateway: Gateway) -> Any:
    return gateway.status()["store"]["spool"]


def _away(gateway: Gateway, server: Server) -> None:
    """Kill the server, and wait until the gateway knows."""
    server.kill()
    wait("the gateway knows", lambda: not gateway.status()["store"]["healthy"])


def _drained(gateway: Gateway) -> None:
    wait("the store has everything", lambda: _spool(gateway)["messages"] == 0)


def _sent_once(smsc: Smsc, texts: list[str]) -> None:
    smsc.wait_texts(len(texts))
    assert sorted(text.text for text in smsc.texts()) == sorted(texts)


def test_without_the_option_it_refuses(scene: Scene, server: Server) -> None:
    """503 and 0x08, as ever; /ready says so."""
    gateway = _node(scene, server, scene.smsc(), None)
    create(gateway, "esme", credit="10", price="0.01")
    esme = bound(gateway, "esme")
    _away(gateway, server)
    assert gateway.tenant.post(_NUMBER.format(1)).status == 503
    assert esme.submit("306912340001")[0] == 0x08
    server.start()
    gateway.wait_ready()
    assert esme.submit("306912340001")[0] == 0


def test_what_is_taken_while_the_server_is_away_is_sent_once_it_is_back(scene: Scene, server: Server) -> None:
    """Over HTTP and SMPP, with one final state and one receipt each; also when the gateway is killed in between."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = _node(scene, server, smsc, catcher, away=True)
    create(gateway, "esme", credit="10", price="0.01")
    esme = bound(gateway, "esme")
    _away(gateway, server)
    texts = [f"http {number}" for number in range(20)]
    ids = [gateway.tenant.send(_NUMBER.format(number), text) for number, text in enumerate(texts)]
    first = gateway.tenant.post(_NUMBER.format(50), "keyed", key="k1")
    again = gateway.tenant.post(_NUMBER.format(50), "keyed", key="k1")
    assert (first.status, again.status, again.body) == (202, 202, first.body)
    assert gateway.tenant.post(_NUMBER.format(51), "other", key="k1").status == 422
    ids.append(first.body["messages"][0]["id"])
    asked = [esme.submit("306912340100") for _ in range(5)]
    assert [status for status, _ in asked] == [0] * 5
    assert gateway.tenant.ask("GET", f"/v1/messages/{ids[0]}").status == 503
    assert (_spool(gateway)["messages"], gateway.metric("smsgwd_spool_messages")) == (26, 26)
    assert any("wait on this node's disk" in text for text in gateway.status()["attention"])
    gateway.kill()
    server.start()
    gateway.start()
    gateway.wait_ready()
    esme = bound(gateway, "esme")
    _drained(gateway)
    pushed = catcher.wait_all(ids)
    assert {body["state"] for body in pushed.values()} == {"delivered"}
    wanted = {message_id for _, message_id in asked}
    wait("the receipts of the ESME", lambda: (esme.pump(0.1), wanted <= set(esme.receipts))[1])
    _sent_once(smsc, [*texts, "keyed", *["Hello"] * 5])
    assert gateway.tenant.post(_NUMBER.format(50), "keyed", key="k1").body == first.body
    wait_settled(gateway, "shop", "esme")
    check_books(gateway)
    check_sound(gateway)


def test_who_has_run_out_of_money_meanwhile_gets_a_receipt(scene: Scene, server: Server) -> None:
    """REJECTED, not charged; the balance is not below zero."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = _node(scene, server, smsc, catcher, away=True)
    poor = create(gateway, "poor", credit="0.05", price="0.02", dlr_url=catcher.url)
    _away(gateway, server)
    ids = [poor.send(_NUMBER.format(number), f"poor {number}") for number in range(4)]
    server.start()
    _drained(gateway)
    pushed = catcher.wait_all(ids)
    assert [pushed[each]["state"] for each in ids] == ["delivered", "delivered", "rejected", "rejected"]
    assert {pushed[each]["error"]["code"] for each in ids[2:]} == {"no_credit"}
    view = poor.ask("GET", f"/v1/messages/{ids[3]}").body
    assert (view["state"], view["price"]) == ("rejected", "0.0000")
    wait_settled(gateway, "poor")
    assert float(funds(gateway, "poor")[0]) == pytest.approx(0.01)
    _sent_once(smsc, ["poor 0", "poor 1"])
    check_books(gateway)
    check_sound(gateway)


def test_a_server_that_holds_too_much_is_spared(scene: Scene, server: Server) -> None:
    """New submissions wait on the disk, are seen and can be cancelled; those with a key, and urgent ones, go to it."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = _node(scene, server, smsc, catcher, memory=64 * 1024 * 1024)
    server.client.call("SET", "filler", b"x" * (80 * 1024 * 1024))
    wait("it spills", lambda: gateway.tenant.send(_NUMBER.format(0), "probe") and _spool(gateway)["messages"] > 0)
    waits = gateway.tenant.send(_NUMBER.format(1), "waits")
    taken_back = gateway.tenant.send(_NUMBER.format(2), "taken back")
    keyed = gateway.tenant.post(_NUMBER.format(3), "keyed", key="k").body["messages"][0]["id"]
    catcher.wait_push(keyed)
    assert gateway.tenant.ask("GET", f"/v1/messages/{waits}").body["state"] == "queued"
    cancelled = gateway.tenant.ask("DELETE", f"/v1/messages/{taken_back}")
    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    assert gateway.tenant.ask("GET", f"/v1/messages/{taken_back}").body["state"] == "cancelled"
    assert waits not in catcher.taken()
    server.client.call("DEL", "filler")
    _drained(gateway)
    assert catcher.wait_push(waits)["state"] == "delivered"
    assert catcher.wait_push(taken_back)["state"] == "cancelled"
    assert "taken back" not in {text.text for text in smsc.texts()}
    check_sound(gateway)
