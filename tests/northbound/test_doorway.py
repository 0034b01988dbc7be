"""The doorway where nothing is cut and a tenant has one line: that of HTTP. Lines and cuts: esme/test_doorway.py."""

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock

from smsgwd.northbound import doorway as doorway_module
from smsgwd.northbound.doorway import A_TICK, CROWDED, LAGGING, PRESSED_TICK, TICK_S, Doorway


class World:
    def __init__(self, **options):
        self.reactor = Clock()
        self.behind = 0
        self.well = ()  # tenants whose receipts do not lag
        self.let_in = []
        self.ready = 0
        self.pressed = False
        self.doorway = Doorway(
            lambda ask: self.let_in.append(ask),
            lambda: self.ready,
            lambda tenant: 0 if tenant in self.well else self.behind,
            pressed=lambda: self.pressed,
            reactor=self.reactor,
            line_of=lambda ask: ask.tenant,
            tenant_of=lambda ask: ask.tenant,
            **options,
        )

    def enter(self, count=1, tenant="t"):
        return self.doorway.enter(SimpleNamespace(items=[None] * count, tenant=tenant))

    @property
    def messages(self):
        return sum(len(ask.items) for ask in self.let_in)

    def run(self, seconds):
        """Everything that goes in is through by the next step."""
        for _ in range(round(seconds / 0.001)):
            self.reactor.advance(0.001)
            going, self.let_in = self.let_in, []
            self.through += [ask.tenant for ask in going for _ in ask.items]
            for ask in going:
                self.doorway.left(len(ask.items))

    through = ()


@pytest.fixture
def world():
    world = World(most=100)
    world.through = []
    return world


def test_a_request_goes_in_whole_and_once_there_is_any_room(world):
    world.enter(1000)
    world.enter(40)
    assert [len(ask.items) for ask in world.let_in] == [1000]
    world.doorway.left(1000)
    assert [len(ask.items) for ask in world.let_in] == [1000, 40]
    world.enter(500)
    assert [len(ask.items) for ask in world.let_in] == [1000, 40, 500]


def test_tenants_go_in_turn(world):
    world.enter(100, "x")
    for _ in range(300):
        world.enter(1, "greedy")
    world.enter(1, "small")
    world.doorway.left(40)
    assert [ask.tenant for ask in world.let_in[1:]] == [*["greedy"] * 16, "small", *["greedy"] * 23]


@pytest.mark.parametrize("size", [50, 1000])
def test_single_messages_get_as_much_as_batches(world, size):
    for _ in range(20_000 // size):
        world.enter(size, "batches")
    for _ in range(2000):
        world.enter(1, "single")
    while world.through.count("single") < 1000:
        world.run(0.001)
    assert world.through.count("batches") <= 1000 + 3 * size


def test_while_receipts_lag_no_more_than_a_trickle_goes_in(world):
    world.behind = LAGGING
    for _ in range(1000):
        world.enter()
    assert world.messages <= A_TICK
    world.run(0.1)
    assert 5 * A_TICK <= len(world.through) <= 12 * A_TICK
    assert len(world.through) + len(world.let_in) + world.doorway.waiting == 1000
    world.behind = LAGGING - 1
    world.run(0.1)
    assert len(world.through) == 1000 and world.doorway.waiting == 0


def test_a_large_request_in_the_trickle_is_paid_off_before_the_next(world):
    world.behind = LAGGING
    world.enter(200)
    world.enter(1)
    assert world.messages == 200
    world.run(TICK_S * (200 / A_TICK - 2))
    assert len(world.through) == 200
    world.run(TICK_S * 4)
    assert len(world.through) == 201


def test_who_lags_holds_up_nobody_else_and_keeps_its_order(world):
    world.behind, world.well = LAGGING, ("fast",)
    for _ in range(300):
        world.enter(1, "slow")
        world.enter(1, "slower")
        world.enter(1, "fast")
    world.run(0.02)
    assert world.through.count("fast") == 300
    assert 2 * A_TICK <= world.through.count("slow") <= 4 * A_TICK
    assert abs(world.through.count("slow") - world.through.count("slower")) <= 1
    assert world.doorway.waiting + len(world.through) + len(world.let_in) == 900
    assert [len(ask.items) for ask in world.doorway.drop("slow")] == [1] * (
        300 - world.through.count("slow") - sum(ask.tenant == "slow" for ask in world.let_in)
    )
    world.behind = 0
    world.run(0.05)
    assert world.through.count("slower") == 300 and world.doorway.waiting == 0


def test_nothing_ticks_for_nobody(world):
    world.behind = LAGGING
    world.enter(200)
    world.run(TICK_S * 30)
    assert world.reactor.getDelayedCalls() == []
    world.behind = 0
    world.enter()
    world.reactor.advance(0)
    assert world.reactor.getDelayedCalls() == []


def test_only_what_is_far_too_much_is_refused(world, monkeypatch):
    monkeypatch.setattr(doorway_module, "MOST_WAITING", 60)
    world.enter(100)
    assert world.enter(60) and not world.enter(1)
    assert world.enter(20, "modest") and not world.enter(20, "modest")


def test_what_comes_in_makes_way_while_the_process_is_short_of_cpu(world):
    world.ready, world.pressed = CROWDED, True
    for number in range(2000):
        world.enter(1, f"tenant{number % 7}")
    world.run(0.1)
    assert 8 * PRESSED_TICK <= len(world.through) <= 12 * PRESSED_TICK
    world.pressed = False
    world.run(0.1)
    assert len(world.through) == 2000 and world.doorway.waiting == 0
    assert world.reactor.getDelayedCalls() == []


def test_a_large_request_under_pressure_is_paid_off_before_the_next(world):
    world.ready, world.pressed = CROWDED, True
    world.enter(1000)
    world.enter(1)
    world.run(TICK_S * (1000 / PRESSED_TICK - 2))
    assert len(world.through) == 1000
    world.run(TICK_S * 4)
    assert len(world.through) == 1001


def test_pressure_means_nothing_while_messages_leave_at_once(world):
    world.pressed = True
    for _ in range(500):
        world.enter()
    world.run(0.02)
    assert len(world.through) == 500
