"""The commands about the log, over the desks they are for."""

import pytest

from smsgwd.app.batches import BatchObservers
from smsgwd.app.levels import LevelDesk
from smsgwd.app.watch import MessageWatch
from smsgwd.model.operators import Caller
from smsgwd.ops.log import Logs
from smsgwd.ops.registry import CommandError, NotPermittedError, Registry
from smsgwd.telemetry.levels import Levels
from smsgwd.telemetry.watch import MOST
from tests.net.fake_wire import FakeClock


class Store:
    observe_batch = None


class Stand:
    def __init__(self):
        self.clock = FakeClock()
        self.levels = Levels("info")
        for name in ("store", "southbound"):
            self.levels.gate(name)
        watch = MessageWatch(self.clock.reactor, self.clock, BatchObservers(Store()))
        desk = LevelDesk(self.clock.reactor, self.levels)
        self.registry = Registry(Logs(desk, watch, lambda tenant: tenant == "shop").commands())

    def run(self, verb, **params):
        return self.registry.run("log", verb, params, Caller("alice", "operate", "socket"))

    def level(self, component):
        return next(each for each in self.run("show")["components"] if each["component"] == component)


@pytest.fixture
def stand():
    return Stand()


def test_a_level_for_a_while(stand):
    assert stand.run("level", component="store", level="debug", minutes="10")["minutes"] == 10
    assert stand.level("store") == {"component": "store", "level": "debug", "own": True, "seconds_left": 600}
    assert stand.level("southbound") == {"component": "southbound", "level": "info", "own": False, "seconds_left": None}
    stand.clock.reactor.advance(599)
    assert stand.levels.level("store") == "debug"
    stand.clock.reactor.advance(1)
    assert stand.levels.level("store") == "info" and not stand.clock.reactor.getDelayedCalls()


def test_a_level_for_good_takes_the_place_of_one_for_a_while(stand):
    stand.run("level", component="store", level="debug", minutes="1")
    stand.run("level", component="store", level="error")
    stand.clock.reactor.advance(100)
    assert stand.levels.level("store") == "error"
    assert stand.run("reset", component="southbound") == {"reset": []}
    assert stand.run("reset") == {"reset": ["store"]} and stand.levels.level("store") == "info"


def test_watches(stand):
    made = stand.run("debug", number="+306912345678")
    stand.run("debug", tenant="shop", minutes="2")
    shown = stand.run("show")["watches"]
    assert shown == [
        {"watch": made["watch"], "number": "30691***", "tenant": "", "seconds_left": 1800},
        {"watch": made["watch"] + 1, "number": "", "tenant": "shop", "seconds_left": 120},
    ]
    assert stand.run("nodebug", number="306912345678") == {"ended": [made["watch"]]}
    with pytest.raises(CommandError, match="nothing"):
        stand.run("nodebug", number="306912345678")
    assert stand.run("nodebug") == {"ended": [made["watch"] + 1]} and stand.run("nodebug") == {"ended": []}


def test_too_many(stand):
    for at in range(MOST):
        stand.run("debug", number=f"3069123456{at:02}")
    with pytest.raises(CommandError, match="already"):
        stand.run("debug", number="306900000000")


@pytest.mark.parametrize(
    ("verb", "params", "said"),
    [
        ("level", {"component": "nope", "level": "info"}, "no component nope; there are southbound, store"),
        ("level", {"component": "watch", "level": "error"}, "no component watch"),
        ("level", {"component": "store", "level": "loud"}, "level must be one of debug"),
        ("level", {"component": "store", "level": "info", "minutes": "0"}, "minutes"),
        ("level", {"component": "store", "level": "info", "minutes": "1441"}, "minutes"),
        ("debug", {}, "a number or a tenant"),
        ("debug", {"tenant": "nobody"}, "no tenant nobody"),
        ("debug", {"number": "x"}, "number"),
        ("nodebug", {"watch": "7"}, "nothing"),
    ],
)
def test_what_is_refused(stand, verb, params, said):
    with pytest.raises(CommandError, match=said):
        stand.run(verb, **params)


def test_who_may_only_look_changes_nothing(stand):
    with pytest.raises(NotPermittedError):
        stand.registry.run("log", "debug", {"tenant": "shop"}, Caller("bob", "read", "socket"))
    assert stand.registry.run("log", "show", {}, Caller("bob", "read", "socket"))["level"] == "info"
