"""The link between gateway and SMSC is cut at random moments, hangs half open, or is slow: no message is lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.account import check_told_once, check_well, unexplained_copies
from tests.faults.proxy import Proxy, Way
from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, wait

_TIMERS = {
    "reconnect_min_s": 0.1,
    "reconnect_max_s": 0.3,
    "enquire_link_s": 0.5,
    "enquire_link_timeout_s": 0.5,
    "response_s": 2,
}
_MESSAGES = 600


@pytest.fixture
def behind_proxy(scene: Scene) -> Iterator[tuple[Smsc, Proxy, Catcher, Gateway]]:
    """A gateway whose SMSC is behind a proxy."""
    smsc = scene.smsc("--receipt-delay-ms", "20", "--receipt-spread-ms", "200")
    proxy = Proxy(smsc.port())
    catcher = scene.catcher()
    gateway = scene.gateway(proxy.port, catcher=catcher, connector={"timers": _TIMERS})
    yield smsc, proxy, catcher, gateway
    proxy.stop()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_cut_at_random_moments(behind_proxy: tuple[Smsc, Proxy, Catcher, Gateway], reset: bool) -> None:
    """Ten times in the middle of the traffic; copies come only of what was under way."""
    smsc, proxy, catcher, gateway = behind_proxy
    dice = random.Random(20 + reset)
    cuts = 0
    over = threading.Event()

    def cut() -> None:
        nonlocal cuts
        while cuts < 10 and not over.is_set():
            time.sleep(dice.uniform(0.05, 0.3))
            proxy.reset() if reset else proxy.cut()
            cuts += 1

    cutter = threading.Thread(target=cut)
    cutter.start()
    ids = []
    for first in range(0, _MESSAGES, 40):
        ids += gateway.tenant.send_many(40, first=first)
        time.sleep(0.1)
    over.set()
    cutter.join()
    states = check_told_once(gateway, catcher, ids)
    assert set(states.values()) == {"delivered"}
    assert cuts >= 3 and proxy.connects >= 3
    copies, unexplained = unexplained_copies([smsc], _MESSAGES)
    assert not unexplained, f"{len(unexplained)} of {copies} copies have no reason"
    check_well(gateway)


@pytest.mark.parametrize("way", ["up", "down", "both"])
def test_half_open(behind_proxy: tuple[Smsc, Proxy, Catcher, Gateway], way: Way) -> None:
    """What goes one way, or both, gets lost without a word: found out by enquire_link, and left."""
    _, proxy, catcher, gateway = behind_proxy
    ids = gateway.tenant.send_many(20)
    catcher.wait_all(ids)
    assert proxy.connects == 1
    proxy.swallow(way)
    began = time.monotonic()
    ids += gateway.tenant.send_many(20, first=20)
    wait("another connection", lambda: proxy.connects > 1, 10)
    assert time.monotonic() - began < 8
    states = check_told_once(gateway, catcher, ids)
    assert set(states.values()) == {"delivered"}
    check_well(gateway)


def test_half_open_and_idle(behind_proxy: tuple[Smsc, Proxy, Catcher, Gateway]) -> None:
    """Found out without any message too."""
    _, proxy, catcher, gateway = behind_proxy
    wait("bound", lambda: gateway.status()["connectors"][0]["up"])
    proxy.swallow("both")
    wait("another connection", lambda: proxy.connects > 1, 10)
    catcher.wait_push(gateway.tenant.send("+306900000001"))


def test_a_slow_link(behind_proxy: tuple[Smsc, Proxy, Catcher, Gateway]) -> None:
    """A trickle of octets with delay: everything arrives, once, over one connection."""
    smsc, proxy, catcher, gateway = behind_proxy
    proxy.delay_s = 0.05
    proxy.octets_s = 20_000
    ids = gateway.tenant.send_many(100)
    states = check_told_once(gateway, catcher, ids)
    assert set(states.values()) == {"delivered"}
    assert smsc.stats()["duplicates"] == 0
    assert proxy.connects == 1
