"""Closed, open, probed, closed again."""

from smsgwd.delivery.breaker import FIRST_S, LONGEST_S, THRESHOLD, Breaker


def opened(now=100.0):
    breaker = Breaker()
    for n in range(THRESHOLD):
        assert breaker.failed(now, probe=False, random=lambda: 0.5) is (n == THRESHOLD - 1)
    return breaker


def test_opens_after_failures_in_a_row_only():
    breaker = Breaker()
    for _ in range(20):
        for _ in range(THRESHOLD - 1):
            assert not breaker.failed(0, probe=False, random=lambda: 0.5)
        assert not breaker.succeeded()
    assert not breaker.is_open


def test_one_probe_at_its_time():
    breaker = opened()
    assert breaker.is_open
    assert not breaker.may_probe(100 + FIRST_S - 0.1)
    assert breaker.may_probe(100 + FIRST_S)
    breaker.probing = True
    assert not breaker.may_probe(1000)


def test_probes_grow_apart_up_to_a_limit():
    breaker, now, waits = opened(0.0), 0.0, []
    for _ in range(9):
        waits.append(breaker.probe_at - now)
        now = breaker.probe_at
        breaker.probing = True
        assert not breaker.failed(now, probe=True, random=lambda: 0.5)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert LONGEST_S == 300


def test_late_failures_of_before_change_nothing():
    breaker = opened()
    at = breaker.probe_at
    for _ in range(10):
        assert not breaker.failed(103, probe=False, random=lambda: 0.9)
    assert breaker.probe_at == at


def test_a_success_closes_and_the_next_opening_begins_small():
    breaker = opened(0.0)
    for _ in range(4):
        breaker.probing = True
        breaker.failed(50, probe=True, random=lambda: 0.5)
    assert breaker.succeeded()
    assert not breaker.is_open
    for _ in range(THRESHOLD):
        breaker.failed(100, probe=False, random=lambda: 0.5)
    assert breaker.probe_at == 105


def test_a_probe_without_a_verdict_may_be_made_again():
    breaker = opened(0.0)
    breaker.probing = True
    breaker.abandoned(probe=True)
    assert breaker.may_probe(10)
