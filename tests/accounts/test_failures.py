import pytest

from smsgwd.accounts.failures import FailureLimiter


def fail(limiter, times, address="192.0.2.1", name="ann", now=0.0):
    for _ in range(times):
        limiter.charge(address, name, now)


def test_a_name_at_an_address_is_stopped_and_nobody_else():
    limiter = FailureLimiter(by_name=3, by_address=100, window_s=60)
    fail(limiter, 3)
    assert limiter.wait("192.0.2.1", "ann", 0) == 20
    assert limiter.wait("192.0.2.2", "ann", 0) == 0  # the tenant's other addresses do not notice
    assert limiter.wait("192.0.2.1", "bob", 0) == 0
    assert limiter.wait("192.0.2.1", "ann", 19) == pytest.approx(1)
    assert limiter.wait("192.0.2.1", "ann", 20) == 0


def test_an_address_that_tries_many_names_is_stopped():
    limiter = FailureLimiter(by_name=3, by_address=10, window_s=60)
    for n in range(10):
        assert limiter.wait("192.0.2.1", f"name{n}", 0) == 0
        fail(limiter, 1, name=f"name{n}")
    assert limiter.wait("192.0.2.1", "fresh", 0) == 6
    assert limiter.wait("192.0.2.1", "fresh", 6) == 0


def test_good_attempts_are_given_back():
    limiter = FailureLimiter(by_name=2)
    for _ in range(50):
        limiter.charge("192.0.2.1", "ann", 0)
        limiter.give_back("192.0.2.1", "ann", 0)
    assert limiter.wait("192.0.2.1", "ann", 0) == 0
    assert len(limiter) == 0


def test_failing_on_while_blocked_does_not_block_for_ever():
    limiter = FailureLimiter(by_name=3, window_s=60)
    fail(limiter, 90)
    assert limiter.wait("192.0.2.1", "ann", 0) == 20


def test_failures_are_forgotten_evenly():
    limiter = FailureLimiter(by_name=3, window_s=60)
    for minute in range(100):
        assert limiter.wait("192.0.2.1", "ann", minute * 20.0) == 0
        fail(limiter, 1, now=minute * 20.0)


def test_an_ipv6_network_and_a_mapped_address_count_as_one():
    limiter = FailureLimiter(by_name=1)
    fail(limiter, 1, "2001:db8::1")
    assert limiter.wait("2001:db8::ffff", "ann", 0) > 0
    assert limiter.wait("2001:db8:0:1::1", "ann", 0) == 0
    fail(limiter, 1, "::ffff:192.0.2.9")
    assert limiter.wait("192.0.2.9", "ann", 0) > 0


def test_what_is_no_address_is_limited_too():
    limiter = FailureLimiter(by_name=1)
    fail(limiter, 1, "")
    assert limiter.wait("", "ann", 0) > 0


def test_memory_is_bounded():
    limiter = FailureLimiter(size=100)
    for n in range(1000):
        limiter.charge(f"192.0.{n % 250}.{n // 250}", "x" * 1000 + str(n), n)
    assert len(limiter) == 200
