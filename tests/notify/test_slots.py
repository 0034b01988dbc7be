"""Fair shares."""

from collections import Counter

from smsgwd.notify.slots import Slots


class FakeLane:
    def __init__(self, tenant, name, suspect=False):
        self.tenant, self.name, self.suspect = tenant, name, suspect

    def __repr__(self):
        return f"{self.tenant}/{self.name}"


def drain(slots):
    taken = []
    while (got := slots.take()) is not None:
        taken.append(got)
    return taken


def test_tenants_in_turn_and_lanes_within():
    slots = Slots(100, 100)
    for n in range(5):
        slots.add(FakeLane("big", n))
    for tenant in ("a", "b"):
        for n in range(2):
            slots.add(FakeLane(tenant, n))
    order = [repr(lane) for lane, _ in drain(slots)]
    assert order == ["big/0", "a/0", "b/0", "big/1", "a/1", "b/1", "big/2", "big/3", "big/4"]


def test_a_tenant_has_a_quarter_at_most():
    slots = Slots(40, 8)
    for n in range(30):
        slots.add(FakeLane("big", n))
    taken = drain(slots)
    assert len(taken) == 10
    slots.add(FakeLane("small", 0))
    assert [lane.tenant for lane, _ in drain(slots)] == ["small"]
    slots.give(taken[0][0], suspect=False)
    assert [lane.tenant for lane, _ in drain(slots)] == ["big"]
    assert slots.waiting == 19


def test_one_target_may_use_its_connections_even_if_that_is_more_than_a_quarter():
    slots = Slots(10, 8)
    for n in range(20):
        slots.add(FakeLane("one", n))
    assert len(drain(slots)) == 8


def test_suspects_have_half_at_most_and_take_turns():
    slots = Slots(20, 5)
    for n in range(40):
        slots.add(FakeLane(f"bad{n}", n, suspect=True))
    for n in range(4):
        slots.add(FakeLane(f"good{n}", n))
    taken = drain(slots)
    assert Counter(suspect for _, suspect in taken) == {True: 10, False: 4}
    assert [suspect for _, suspect in taken[:8]] == [True, False] * 4
    assert (slots.used, slots.used_by_suspects) == (14, 10)
    for lane, suspect in taken:
        slots.give(lane, suspect=suspect)
    assert (slots.used, slots.used_by_suspects) == (0, 0)
    assert len(drain(slots)) == 10


def test_a_lane_that_falls_from_grace_while_waiting_counts_as_suspect():
    slots = Slots(4, 1)
    lanes = [FakeLane(f"t{n}", n) for n in range(4)]
    for lane in lanes:
        slots.add(lane)
        lane.suspect = True
    assert [suspect for _, suspect in drain(slots)] == [True, True]
    assert slots.waiting == 2
