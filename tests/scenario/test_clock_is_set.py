"""A wall clock set by hours, while the gateway runs and across a kill: nothing is lost or sent twice."""

from __future__ import annotations

import signal
import time
from email.utils import parsedate_to_datetime

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene, ask
from tests.scenario.shim import Clock

HOURS = 3600


def test_clock_is_set_by_hours(scene: Scene) -> None:
    """Ids go on, keys hold, and every message is sent once and pushed."""
    catcher = scene.catcher()
    clock = Clock(scene.directory)
    [port] = free_ports(1)
    gateway = scene.gateway(port, catcher=catcher, wrapper=clock.wrapper)
    tenant = gateway.tenant
    keyed = tenant.post("+306900000001", "keyed", key="order-1")
    before = [keyed.body["messages"][0]["id"], tenant.send("+306900000002", "long " * 60, validity_s=24 * HOURS)]

    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    clock.shift(-5 * HOURS)
    gateway.start()
    gateway.wait_ready()
    assert tenant.post("+306900000001", "keyed", key="order-1").body == keyed.body
    back = tenant.send("+306900000003", "five hours earlier")
    smsc = scene.smsc(port=port)
    catcher.wait_all([*before, back])

    clock.shift(-10 * HOURS)
    earlier = tenant.send("+306900000004", "ten hours earlier")
    catcher.wait_push(earlier)
    clock.shift(4 * HOURS)
    later = tenant.send("+306900000005", "four hours later")
    catcher.wait_push(later)

    ids = [*before, back, earlier, later]
    assert ids == sorted(ids, key=int)
    assert {tenant.message(each)["state"] for each in ids} == {"delivered"}
    assert sorted(text.dest for text in smsc.texts()) == [f"+30690000000{n}" for n in range(1, 6)]
    pushed = [push["body"]["id"] for push in catcher.pushes()]
    assert sorted(pushed) == sorted(ids)


def test_no_timer_waits_for_the_clock_that_was_set_back(scene: Scene) -> None:
    """The next attempt to connect, the sweeps and the commits come when they were to come."""
    catcher = scene.catcher()
    clock = Clock(scene.directory)
    [port] = free_ports(1)
    gateway = scene.gateway(port, catcher=catcher, wrapper=clock.wrapper)
    queued = gateway.tenant.send("+306900000001")
    gateway.wait_event("bind.connect_failed")
    clock.shift(-3 * HOURS)
    scene.smsc(port=port)
    catcher.wait_push(queued)
    answer = ask(gateway.http_port, "GET", "/v1/balance")
    assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() + 3 * HOURS - time.time()) < 10


def test_what_expired_while_the_clock_was_wrong_is_not_sent_when_it_is_right_again(scene: Scene) -> None:
    """The tenant was told that it expired, and has its money back."""
    catcher = scene.catcher()
    clock = Clock(scene.directory)
    [port] = free_ports(1)
    gateway = scene.gateway(port, catcher=catcher, wrapper=clock.wrapper)
    tenant = gateway.tenant
    head = tenant.send("+306900000001", validity_s=24 * HOURS)
    short = tenant.send("+306900000002", validity_s=HOURS)
    clock.shift(2 * HOURS)
    assert catcher.wait_push(short)["state"] == "expired"
    clock.shift(0)
    smsc = scene.smsc(port=port)
    catcher.wait_push(head)
    catcher.wait_push(tenant.send("+306900000003"))
    assert [text.dest for text in smsc.texts()] == ["+306900000001", "+306900000003"]
    assert tenant.balance() == "999.9200"
