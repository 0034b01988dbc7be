import random

from smsgwd.southbound.reconnect import Reconnect


def test_doubles_to_the_longest():
    waits = Reconnect(1, 60, lambda: 1.0)
    assert [waits.wait() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_full_jitter_with_a_floor():
    assert Reconnect(1, 60, lambda: 0.0).wait() == 0.5
    waits = Reconnect(1, 60, random.Random(1).random)
    drawn = [waits.wait() for _ in range(200)][10:]
    assert min(drawn) < 5 and max(drawn) > 55 and all(0.5 <= each <= 60 for each in drawn)


def test_a_bind_that_lasted_starts_over_and_one_that_did_not_goes_on():
    waits = Reconnect(1, 60, lambda: 1.0)
    for _ in range(5):
        waits.wait()
    waits.ended(2.0)
    assert waits.wait() == 32
    waits.ended(11.0)
    assert waits.wait() == 1


def test_refusals_wait_long_and_longer():
    for status in (0x0D, 0x0E, 0x0F, 0x53):
        waits = Reconnect(1, 60, lambda: 0.0)
        assert [waits.wait_refused(status) for _ in range(6)] == [60, 120, 240, 480, 600, 600]


def test_already_bound_waits_a_minute_at_least():
    waits = Reconnect(1, 5, lambda: 0.0)
    assert [waits.wait_refused(0x05) for _ in range(3)] == [60, 60, 60]


def test_other_refusals_are_ordinary_failures():
    waits = Reconnect(1, 60, lambda: 1.0)
    assert [waits.wait_refused(0x08), waits.wait_refused(0x58), waits.wait()] == [1, 2, 4]


def test_a_good_bind_forgets_refusals():
    waits = Reconnect(1, 60, lambda: 0.0)
    waits.wait_refused(0x0E)
    waits.wait_refused(0x0E)
    waits.ended(0.1)
    assert waits.wait_refused(0x0E) == 60
