"""Figures of the last hour and day."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.figure_history import FigureHistory
from smsgwd.ports.store import StoreUnavailable

BEGUN_MS = 1_795_000_000_000


class World(Clock):
    """A gateway that accepts `per_s` messages a second, which all are sent by `sim`."""

    def __init__(self):
        super().__init__()
        self.per_s = 5.0
        self.number = 0.0
        self.waiting = 7.0
        self.counted = 0
        self.connectors = ["sim"]
        self.stopping = False
        self.history = FigureHistory(
            self,
            self,
            counters=lambda: {"accepted": self.number, "final_expired": self.number, "final_rejected": self.number},
            accept=lambda: {"bounds": [0.01, 0.1], "counts": [self.number, 0, 0]},
            sent=lambda: dict.fromkeys(self.connectors, self.number),
            queued=self.queued,
            stopping=lambda: self.stopping,
        )
        self.history.start()

    def monotonic(self):
        return self.seconds()

    def now_ms(self):
        return BEGUN_MS + int(self.seconds() * 1000)

    def queued(self):
        self.counted += 1
        return fail(StoreUnavailable("away")) if self.waiting is None else succeed(self.waiting)

    def run(self, ticks):
        for _ in range(ticks):
            self.number += self.per_s * 10
            self.advance(10)

    def hour(self, connector=""):
        return self.history.read("hour", connector)


def test_before_the_first_sample_columns_are_empty():
    found = World().hour()
    assert found["times"] == found["accepted"] == found["queued"] == []
    assert (found["span"], found["step_s"]) == ("hour", 10)


def test_a_sample_has_rates_levels_and_latencies():
    world = World()
    world.run(2)
    world.per_s = 20.0
    world.run(1)
    found = world.hour("sim")
    assert found["times"] == [BEGUN_MS // 1000 + 10 * each for each in (1, 2, 3)]
    assert found["accepted"] == [5, 5, 20]
    assert found["failed"] == [10, 10, 40]
    assert found["mo"] == [0, 0, 0]
    assert found["connector"] == {"id": "sim", "submitted": [5, 5, 20]}
    assert found["connectors"] == {"sim": 20}
    assert found["queued"] == [7, 7, 7]
    assert found["accept_p50_ms"] == [5, 5, 5]
    assert found["accept_p99_ms"] == [9.9, 9.9, 9.9]


def test_where_nothing_passed_or_nothing_is_known_there_is_none():
    world = World()
    world.waiting, world.per_s = None, 0.0
    world.run(1)
    found = world.hour("gone")
    assert (found["queued"], found["accept_p99_ms"], found["accepted"]) == ([None], [None], [0])
    assert found["connector"]["submitted"] == [None]


def test_an_hour_of_samples_and_a_day_of_minutes_are_kept():
    world = World()
    world.run(3 * 360)
    hour, day = world.hour(), world.history.read("day", "sim")
    assert (len(hour["times"]), len(hour["queued"]), len(day["times"]), day["step_s"]) == (360, 360, 180, 60)
    assert hour["times"][-1] == day["times"][-1] == BEGUN_MS // 1000 + 10_800
    assert day["accepted"][-1] == 5 and day["connector"]["submitted"][-1] == 5


def test_what_waits_is_counted_twice_a_minute_at_most():
    world = World()
    world.run(60)
    assert world.counted == 20


def test_a_connector_that_comes_has_none_before_and_one_that_is_gone_is_forgotten():
    world = World()
    world.run(2)
    world.connectors = ["other"]
    world.run(2)
    assert world.hour("other")["connector"]["submitted"] == [None, None, None, 5]
    assert world.hour("sim")["connector"]["submitted"] == [5, 5, None, None]
    world.run(361)
    assert world.hour("sim")["connector"]["submitted"] == [None] * 360


def test_only_so_many_connectors_are_remembered():
    world = World()
    world.connectors = [f"c{number:02}" for number in range(60)]
    world.run(2)
    assert world.hour("c49")["connector"]["submitted"] == [None, 5]
    assert world.hour("c55")["connector"]["submitted"] == [None, None]


def test_it_ends_with_the_gateway():
    world = World()
    world.stopping = True
    world.run(1)
    assert world.getDelayedCalls() == [] and world.hour()["times"] == []


def test_a_count_that_does_not_come_holds_nothing_up():
    world = World()
    world.history._queued = lambda: Deferred()
    world.run(12)
    assert len(world.hour()["times"]) == 12
