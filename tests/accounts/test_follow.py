"""Limits on guessing, and what is remembered of good pairs, by another configuration."""

from smsgwd.accounts.cache import PairCache
from smsgwd.accounts.failures import FailureLimiter


def test_failures_so_far_count_against_the_new_limit():
    limiter = FailureLimiter(by_name=10, by_address=100, window_s=60)
    for _ in range(3):
        limiter.charge("192.0.2.1", "ann", 0)
    assert limiter.wait("192.0.2.1", "ann", 0) == 0
    limiter.follow(3, 100, 60)
    assert limiter.wait("192.0.2.1", "ann", 0) == 20
    limiter.follow(3, 100, 30)
    assert limiter.wait("192.0.2.1", "ann", 0) == 10
    limiter.follow(10, 2, 60)
    assert limiter.wait("192.0.2.1", "bob", 0) > 0


def test_pairs_live_no_longer_than_the_shorter_time():
    cache = PairCache(300)
    cache.remember(b"pair", "hash", 0)
    cache.follow(600)
    assert cache.found(b"pair", 100) == "hash"
    cache.follow(10)
    assert cache.found(b"pair", 100) is None
    cache.remember(b"pair", "hash", 100)
    assert cache.found(b"pair", 105) == "hash"
    assert cache.found(b"pair", 111) is None
