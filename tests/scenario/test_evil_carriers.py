"""One gateway bound to carriers that misbehave in every way we know, all at once, next to one that does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.scenario.evil_carriers import CARRIERS, Carrier, Stuck
from tests.scenario.harness import Catcher, Gateway, Scene, wait

_TIMERS = {
    "reconnect_min_s": 0.2,
    "reconnect_max_s": 2,
    "session_init_s": 2,
    "enquire_link_s": 2,
    "enquire_link_timeout_s": 1,
    "response_s": 1.5,
}
_PATIENCE_S = 30.0
_NAMES = [kind.__name__ for kind in CARRIERS]
_NOBODY = {"NoSuchName": "no-such-host.invalid", "NobodyListens": "127.0.0.1"}


@dataclass
class Stage:
    """All carriers, the gateway that is bound to them, and the messages sent to each."""

    gateway: Gateway
    catcher: Catcher
    carriers: dict[str, Carrier]
    began: float = field(default_factory=time.monotonic)
    ids: dict[str, list[str]] = field(default_factory=dict)

    def prefix(self, name: str) -> str:
        """The numbers that are routed there."""
        return f"+3069{[*_NAMES, *_NOBODY].index(name):02d}"

    def states(self, name: str) -> set[str]:
        """The states of its messages."""
        return {self.gateway.tenant.message(each)["state"] for each in self.ids[name]}


@pytest.fixture(scope="module")
def stage(shared: Scene) -> Iterator[Stage]:
    """Everything started and all messages taken."""
    carriers = {kind.__name__: kind() for kind in CARRIERS}
    catcher = shared.catcher()
    hosts = {name: ("127.0.0.1", carrier.port) for name, carrier in carriers.items()}
    hosts |= {name: (host, 1) for name, host in _NOBODY.items()}
    names = list(hosts)
    gateway = shared.gateway(
        catcher=catcher,
        connectors=[
            {
                "id": name,
                "kind": "smpp",
                "host": host,
                "port": port,
                "system_id": "gw",
                "password": "gw",
                "window": 10,
                "timers": _TIMERS,
                "account_group": name,
            }
            for name, (host, port) in hosts.items()
        ],
        routes=[{"match": {"to": f"+3069{at:02d}*"}, "connectors": [name]} for at, name in enumerate(names)],
    )
    found = Stage(gateway, catcher, carriers)
    tenant = gateway.tenant
    for name in names:
        prefix = found.prefix(name)
        found.ids[name] = tenant.send_many(9, prefix=prefix)
        found.ids[name] += [tenant.send(f"{prefix}0000098", "L" * 300), tenant.send(f"{prefix}0000099", "Ω" * 10)]
    yield found
    for carrier in carriers.values():
        carrier.stop()


@pytest.mark.parametrize(
    "kind", [each for each in CARRIERS if not issubclass(each, Stuck)], ids=lambda each: each.__name__
)
def test_every_message_ends_as_it_should(stage: Stage, kind: type[Carrier]) -> None:
    """Once, with one push, over one socket at a time."""
    name = kind.__name__
    wait(f"all {kind.expected}", lambda: stage.states(name) == {kind.expected}, _PATIENCE_S, 0.1)
    if kind.expected != "sent":
        taken = stage.catcher.wait_all(stage.ids[name])
        assert {taken[each]["state"] for each in stage.ids[name]} == {kind.expected}
    assert stage.carriers[name].most_open == 1


def test_those_that_let_nothing_through_lose_nothing_and_are_not_hammered(stage: Stage) -> None:
    """Ten seconds long all their messages stay queued; waits grow from 0.2 to 2 s, or a minute where told so."""
    time.sleep(max(0.0, stage.began + 10 - time.monotonic()))
    lasted = time.monotonic() - stage.began
    for name in [each.__name__ for each in CARRIERS if issubclass(each, Stuck)] + list(_NOBODY):
        assert stage.states(name) == {"queued"}, name
        if name in stage.carriers:
            carrier = stage.carriers[name]
            assert carrier.most_open == 1, name
            assert len(carrier.times) <= 8 + lasted * 1.5, name
    assert len(stage.carriers["RefusesThePassword"].times) == 1
    assert len(stage.carriers["ThrottlesForEver"].times) == 1
    assert len(stage.carriers["NeverAnswers"].times) > 1, "a session that answers nothing is left"


def test_the_gateway_is_well_meanwhile(stage: Stage) -> None:
    """No spin, no growth, no traceback, at most one final state each; and who behaves notices nothing."""
    gateway = stage.gateway
    began = gateway.cpu_s()
    time.sleep(1)
    assert gateway.cpu_s() - began < 0.6
    assert gateway.rss_peak_mb() < 250
    sent_at = time.monotonic()
    good = gateway.tenant.send(f"{stage.prefix('Carrier')}0000097")
    stage.catcher.wait_push(good)
    assert time.monotonic() - sent_at < 3
    finals: dict[str, set[str]] = {}
    for push in stage.catcher.pushes():
        finals.setdefault(push["body"]["id"], set()).add(push["body"]["state"])
    assert all(len(states) == 1 for states in finals.values())
    log = gateway.log_path.read_text()
    assert "Traceback" not in log and '"traceback"' not in log
    assert len(log) < 1_000_000


def test_the_gateway_stops_in_order_and_has_everything_afterwards(stage: Stage) -> None:
    """SIGTERM in the middle of all that; the same states after the next start."""
    gateway = stage.gateway
    began = time.monotonic()
    assert gateway.stop(20) == 0
    assert time.monotonic() - began < 15
    gateway.start()
    gateway.wait_ready()
    states = gateway.tenant.states()
    for kind in CARRIERS:
        assert {states[each] for each in stage.ids[kind.__name__]} == {kind.expected}, kind.__name__
