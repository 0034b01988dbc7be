"""When new submissions had better come in slowly."""

from __future__ import annotations

import pytest

from smsgwd.app.pressure import PILED, Pressure


class World:
    """100 ms at a time. The connector `far` is slow or away, and has a queue."""

    def __init__(self) -> None:
        self.now = self.cpu = 0.0
        self.taken = self.far_taken = 0
        self.waiting = PILED
        self.pressure = Pressure(self.flows, lambda: self.now, lambda: self.cpu)

    def flows(self) -> dict[str, tuple[int, int]]:
        return {"near": (self.waiting, self.taken), "far": (2 * PILED, self.far_taken)}

    def after(self, *, cpu: float, taken: int) -> bool:
        self.now += 0.1
        self.cpu += cpu
        self.taken += taken
        self.far_taken += 20
        return self.pressure.pressed()


@pytest.mark.parametrize(
    ("cpu", "taken", "waiting", "pressed"),
    [
        (0.099, 700, PILED, True),
        (0.06, 700, PILED, False),  # there is CPU to spare
        (0.099, 20, PILED, False),  # a slow carrier: the queue is its, not ours
        (0.099, 0, 100_000, False),  # a carrier that is away
        (0.099, 1500, PILED - 1, False),  # nothing piles up but for a carrier that is far
    ],
)
def test_pressed_when_cpu_is_short_and_a_queue_could_be_leaving_faster(cpu, taken, waiting, pressed):
    world = World()
    world.waiting = waiting
    assert world.after(cpu=cpu, taken=taken) is pressed


def test_looks_now_and_then_only_and_goes_by_what_happened_since():
    world = World()
    assert world.after(cpu=0.1, taken=1000)
    world.now += 0.011
    world.waiting = 0
    assert world.pressure.pressed()
    world.now += 0.011
    assert not world.pressure.pressed()
    world.waiting = PILED
    assert not world.after(cpu=0.01, taken=1000)
    assert world.after(cpu=0.1, taken=1000)
