"""When new submissions had better come in slowly."""

from __future__ import annotations

import pytest

from smsgwd.app.pressure import PILED, Pressure


class World:
    """100 ms at a time."""

    def __init__(self) -> None:
        self.now = self.cpu = 0.0
        self.sent = 0
        self.waiting = PILED
        self.pressure = Pressure(lambda: self.waiting, lambda: self.sent, lambda: self.now, lambda: self.cpu)

    def after(self, *, cpu: float, sent: int) -> bool:
        self.now += 0.1
        self.cpu += cpu
        self.sent += sent
        return self.pressure.pressed()


@pytest.mark.parametrize(
    ("cpu", "sent", "waiting", "pressed"),
    [
        (0.099, 700, PILED, True),
        (0.06, 700, PILED, False),  # there is CPU to spare
        (0.099, 20, PILED, False),  # a slow carrier: the queue is its, not ours
        (0.099, 0, 100_000, False),  # a carrier that is away
        (0.099, 700, PILED - 1, False),  # nothing piles up
    ],
)
def test_pressed_when_cpu_is_short_and_a_queue_could_be_leaving_faster(cpu, sent, waiting, pressed):
    world = World()
    world.waiting = waiting
    assert world.after(cpu=cpu, sent=sent) is pressed


def test_looks_now_and_then_only_and_goes_by_what_happened_since():
    world = World()
    assert world.after(cpu=0.1, sent=1000)
    world.now += 0.011
    world.waiting = 0
    assert world.pressure.pressed()
    world.now += 0.011
    assert not world.pressure.pressed()
    world.waiting = PILED
    assert not world.after(cpu=0.01, sent=1000)
    assert world.after(cpu=0.1, sent=1000)
