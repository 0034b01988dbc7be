"""Two nodes share a connector: its binds, its rate, what is queued for it; and what happens when one of them dies."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from tests.scenario.harness import Gateway, Scene, Smsc, wait
from tests.scenario.nodes import bound, node

pytestmark = pytest.mark.scenario
TAKE_OVER_S = 20.0  # it is about three; how long exactly, scripts/redis_faults measures


def _shared(a: Gateway, b: Gateway) -> None:
    wait("2 binds at each node", lambda: (bound(a), bound(b)) == (2, 2))


def _times(smsc: Smsc) -> Counter[str]:
    return Counter(text.text for text in smsc.texts())


def test_a_connectors_binds_and_messages_are_spread_and_taken_over(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    settings = {"binds": 4, "throughput": 200, "burst": 20, "window": 10}
    a = node(scene, "a", smsc, catcher=catcher, connector=settings)
    wait("one node has all binds", lambda: bound(a) == 4)
    b = node(scene, "b", smsc, catcher=catcher, connector=settings)
    _shared(a, b)

    # All of them wait before any is sent: a node that is asked slowly enough sends all of it by itself.
    assert a.command("connector", "pause", id="smsc1")
    wait("the other node hears of it", lambda: b.status()["connectors"][0]["state"] == "paused")
    ids = a.tenant.send_many(400)
    assert a.command("connector", "resume", id="smsc1")
    catcher.wait_all(ids)
    sent = {each.name: each.status()["connectors"][0]["sent"] for each in (a, b)}
    assert min(sent.values()) > 20, sent  # submitted at one, sent by both
    assert sum(sent.values()) == 400
    assert set(_times(smsc).values()) == {1}

    ids = b.tenant.send_many(400, first=400)
    wait("some were sent", lambda: smsc.stats()["accepted"] > 500)
    killed = time.monotonic()
    a.kill()
    wait("the other node has all binds", lambda: bound(b) == 4, every_s=0.05)
    assert time.monotonic() - killed < TAKE_OVER_S
    catcher.wait_all(ids)
    times = _times(smsc)
    assert len(times) == 800
    twice = [text for text, count in times.items() if count > 1]
    assert max(times.values()) <= 2
    assert len(twice) <= 100, twice  # what was out at the dead node, or answered and not durable

    a.start()
    a.wait_ready()
    _shared(a, b)
    catcher.wait_all(b.tenant.send_many(20, first=800))
    assert a.stop() == 0
    wait("who stays has all binds", lambda: bound(b) == 4)
    catcher.wait_all(b.tenant.send_many(20, first=820))
    assert len(_times(smsc)) == 840


def test_a_node_that_stood_still_sends_nothing_of_what_others_have_and_comes_back(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    settings = {"binds": 2, "throughput": 100, "burst": 10, "window": 5}
    a = node(scene, "a", smsc, catcher=catcher, connector=settings)
    b = node(scene, "b", smsc, catcher=catcher, connector=settings)
    wait("a bind at each node", lambda: (bound(a), bound(b)) == (1, 1))

    assert a.command("connector", "pause", id="smsc1")
    wait("the other node hears of it", lambda: b.status()["connectors"][0]["state"] == "paused")
    ids = b.tenant.send_many(300)
    assert b.command("connector", "resume", id="smsc1")
    wait("some were sent", lambda: smsc.stats()["accepted"] > 60)
    a.signal(signal.SIGSTOP)
    try:
        wait("the other node has both binds", lambda: bound(b) == 2, every_s=0.05)
        ids += b.tenant.send_many(50, first=300)
    finally:
        a.signal(signal.SIGCONT)
    a.wait_event("node.unfenced")
    wait("a bind at each node again", lambda: (bound(a), bound(b)) == (1, 1))
    catcher.wait_all(ids + a.tenant.send_many(20, first=350))
    times = _times(smsc)
    assert len(times) == 370
    twice = [text for text, count in times.items() if count > 1]
    assert max(times.values()) <= 2
    assert len(twice) <= 30, twice  # what was out at the node that stood still
