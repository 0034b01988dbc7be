from hypothesis import given
from hypothesis import strategies as st

from smsgwd.accounts.cache import PairCache, pair_digest

KEY = b"k" * 32


def test_a_pair_is_good_for_its_lifetime_against_its_hash_only():
    cache = PairCache(lifetime_s=300)
    digest = pair_digest(KEY, "password", "ann", "secret")
    assert cache.found(digest, 0) is None
    cache.remember(digest, "h1", 100)
    assert cache.found(digest, 399.9) == "h1"
    assert cache.found(digest, 400) is None
    assert len(cache) == 0


def test_a_pair_can_be_forgotten():
    cache = PairCache(300)
    cache.remember(b"d", "hash", 0)
    cache.forget(b"d")
    cache.forget(b"e")
    assert cache.found(b"d", 1) is None


def test_the_least_recently_used_goes_first():
    cache = PairCache(300, limit=2)
    cache.remember(b"a", "h", 0)
    cache.remember(b"b", "h", 0)
    assert cache.found(b"a", 1) == "h"
    cache.remember(b"c", "h", 1)
    assert [cache.found(one, 2) for one in (b"a", b"b", b"c")] == ["h", None, "h"]
    cache.clear()
    assert len(cache) == 0


def test_a_lifetime_of_zero_remembers_nothing():
    cache = PairCache(0)
    cache.remember(b"a", "h", 0)
    assert len(cache) == 0


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_digests_are_equal_for_equal_pairs_only(one, other):
    same = pair_digest(KEY, "password", *one) == pair_digest(KEY, "password", *other)
    assert same == (one == other)


def test_digests_depend_on_key_and_kind_and_hold_any_text():
    digest = pair_digest(KEY, "password", "a", "\ud800\0é")
    assert digest != pair_digest(b"x" * 32, "password", "a", "\ud800\0é")
    assert digest != pair_digest(KEY, "smpp", "a", "\ud800\0é")
    assert len(digest) == 32
