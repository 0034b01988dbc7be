"""Receipts in operators' hands: told again, listed with what their targets said, and those that carriers owe."""

from __future__ import annotations

import collections
import datetime

from tests.scenario.harness import Catcher, Gateway, Scene, wait
from tests.scenario.stand_esme import bound, served
from tests.scenario.ways import done, refused


def counted(catcher: Catcher) -> dict[str, int]:
    """How often each message was pushed."""
    return dict(collections.Counter(push["body"]["id"] for push in catcher.pushes()))


def now() -> str:
    """The time as operators write it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def fresh() -> str:
    """A time of which nothing before it and nothing after it has a millisecond in common."""
    before = now()
    wait("the next millisecond", lambda: now() > before, every_s=0.001)
    time = now()
    wait("the next millisecond", lambda: now() > time, every_s=0.001)
    return time


def settled(gateway: Gateway) -> None:
    """Until nothing is owed any more."""
    wait("nothing is owed", lambda: gateway.status()["store"]["outbox_pending"] == 0)


def test_a_span_of_time_is_pushed_again_and_nothing_else(scene: Scene) -> None:
    """Under the same webhook-id; of another tenant nothing."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc(), catcher=catcher)
    before = gateway.tenant.send_many(20)
    catcher.wait_all(before)
    settled(gateway)
    begin = fresh()
    within = gateway.tenant.send_many(30, first=100)
    catcher.wait_all(within)
    settled(gateway)
    end = fresh()
    after = gateway.tenant.send_many(10, first=200)
    catcher.wait_all(after)
    settled(gateway)

    assert done(gateway, "dlr", "push", tenant="nobody", **{"from": begin, "to": end})["pushed"] == 0
    answer = done(gateway, "dlr", "push", tenant="shop", **{"from": begin, "to": end})
    assert answer["pushed"] == 30 and len(answer["targets"]) == 1
    wait("they were pushed again", lambda: sum(counted(catcher).values()) == 90)
    settled(gateway)
    assert {each: times for each, times in counted(catcher).items() if times > 1} == dict.fromkeys(within, 2)
    told: dict[str, set[str]] = {}
    for push in catcher.pushes():
        told.setdefault(push["body"]["id"], set()).add(push["webhook_id"])
    assert all(len(ids) == 1 for ids in told.values())

    [target] = answer["targets"]
    assert done(gateway, "dlr", "push", target=target, **{"from": "2020-01-01", "to": end})["pushed"] == 50
    wait("they were pushed again", lambda: sum(counted(catcher).values()) == 140)


def test_receipts_of_messages_are_pushed_again(scene: Scene) -> None:
    """By id; what is not final is not, and what is wrong is said."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc("--numbers", "0009:none"), catcher=catcher)
    ids = gateway.tenant.send_many(3)
    catcher.wait_all(ids)
    settled(gateway)
    open_ = gateway.tenant.send("+306900000009")
    assert done(gateway, "dlr", "push", id=f"{ids[0]},{ids[2]},{open_}")["pushed"] == 2
    wait("they were pushed again", lambda: counted(catcher) == {ids[0]: 2, ids[1]: 1, ids[2]: 2})
    for params, said in (
        ({}, "say which"),
        ({"id": "x"}, "id: numbers"),
        ({"id": ids[0], "tenant": "shop"}, "either id="),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "not behind"),
        ({"from": "yesterday"}, "from"),
    ):
        answer = gateway.command("dlr", "push", **params)
        assert refused(answer) and said in answer["detail"], answer


def test_an_esme_gets_its_receipt_again(scene: Scene) -> None:
    """By SMPP, as the first time."""
    gateway = served(scene)
    esme = bound(gateway)
    _, message_id = esme.submit(registered=1)

    def received() -> int:
        esme.pump(0.05)
        return esme.receipts.count(message_id)

    wait("its receipt", lambda: received() == 1)
    settled(gateway)
    assert done(gateway, "dlr", "push", id=message_id) == {"pushed": 1, "targets": ["@esme"]}
    wait("its receipt again", lambda: received() == 2)
    assert esme.unbind() == 0


def test_what_a_target_refuses_is_shown_and_pushed_again_later(scene: Scene) -> None:
    """Pending with the last error."""
    catcher = scene.catcher("--status", "500")
    gateway = scene.gateway(scene.smsc(), catcher=catcher)
    message_id = gateway.tenant.send()
    wait("a push was refused", lambda: catcher.pushes())
    [target] = [row["target"] for row in done(gateway, "outbox", "list")]

    def shown() -> list[dict[str, object]]:
        rows: list[dict[str, object]] = done(gateway, "outbox", "show", target=target)
        return [row for row in rows if row["attempts"]]

    [row] = wait("it says so", shown)
    assert (row["message"], row["status"], row["type"]) == (message_id, "pending", "message.delivered")
    assert "500" in str(row["last_error"])
    assert done(gateway, "outbox", "show", target=target, status="given_up") == []
    assert done(gateway, "outbox", "show", target="@nobody") == []


def test_receipts_that_carriers_owe_are_counted(scene: Scene) -> None:
    """By connector and age."""
    gateway = scene.gateway(scene.smsc("--no-receipts"))
    ids = gateway.tenant.send_many(7)
    for each in ids:
        gateway.tenant.wait_state(each, "sent")
    answer = done(gateway, "dlr", "status")
    assert (answer["sent_without_receipt"], answer["counted"], answer["orphans"], answer["parked"]) == (7, 7, 0, 0)
    [row] = answer["connectors"]
    assert (row["connector"], row["waiting"], row["<10s"] + row["<1m"]) == ("smsc1", 7, 7)
