"""Rates that nodes share, and numbers of nodes: what the server divides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.store.redis.keys import Keys
from tests.store.redis.nodes import nodes

RATE = 50.0
ROUNDING = 1e-5


class Rate:
    """A rate of so many nodes, at the server."""

    def __init__(self, live, kept=300_000):
        [self.node] = nodes("a")
        self.live, self.kept = live, kept
        self.parts = {}

    def ask(self, name, wanted, rate=RATE):
        [[part]] = self.node.ask(
            [("FCALL", "smsgwd_share", 1, self.node.keys.rate("t:x"), name, self.live, self.kept, rate, wanted)]
        )
        self.parts[name] = float(part)
        return self.parts[name]


@pytest.fixture
def rate():
    made = []

    def make(live, **options):
        made.append(Rate(live, **options))
        return made[-1]

    yield make
    for each in made:
        each.node.close()


def test_one_node_has_all_of_it(rate):
    assert rate(1).ask("a", 200) == pytest.approx(RATE, abs=ROUNDING)


def test_who_does_not_ask_has_a_tenth_of_an_equal_share(rate):
    assert rate(2).ask("a", 200) == pytest.approx(RATE - RATE / 20, abs=ROUNDING)


def test_demand_is_followed_when_each_has_asked_twice(rate):
    it = rate(2)
    it.ask("a", 200)
    for wants in ((200, 200), (1, 400), (400, 1)):
        for _ in range(2):
            for name, wanted in zip("ab", wants, strict=True):
                it.ask(name, wanted)
        least = RATE / 20
        fair = [least + 0.9 * RATE * wanted / sum(wants) for wanted in wants]
        assert [it.parts["a"], it.parts["b"]] == pytest.approx(fair, abs=ROUNDING)


def test_a_node_that_asks_no_more_leaves_its_part_to_the_others(rate):
    it = rate(2, kept=1)
    it.ask("b", 200)
    it.node.ask([("DEL", it.node.keys.rate("t:x"))])  # as the server does when nobody has asked for so long
    assert it.ask("a", 200) == pytest.approx(RATE - RATE / 20, abs=ROUNDING)


def test_a_lower_rate_counts_as_soon_as_all_have_asked(rate):
    it = rate(2)
    for _ in range(2):
        it.ask("a", 100), it.ask("b", 100)
    for _ in range(2):
        it.ask("a", 100, 10.0), it.ask("b", 100, 10.0)
    assert it.parts["a"] + it.parts["b"] == pytest.approx(10, abs=1e-3)


asks = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1e5)), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.sampled_from([0.1, 1.0, 50.0, 12_345.0]), asks)
def test_the_shares_never_add_up_to_more(live, whole, said):
    it = Rate(live)
    try:
        for name, wanted in said:
            it.ask(name, wanted, whole)
            silent = max(0, max(live, len(it.parts)) - len(it.parts))
            if len(it.parts) <= live:
                assert sum(it.parts.values()) + silent * whole / live / 10 <= whole * (1 + 1e-6) + 1e-6
            assert sum(it.parts.values()) <= whole * (1 + 1e-6)
    finally:
        it.node.close()


class Numbers:
    """Numbers of the nodes of one store."""

    def __init__(self):
        [self.node] = nodes("a")
        self.keys: Keys = self.node.keys

    def of(self, name):
        return self.node.ask([("FCALL", "smsgwd_numbered", 2, self.keys.node_numbers, self.keys.nodes, name)])[0]


@pytest.fixture
def numbers():
    found = Numbers()
    yield found
    found.node.close()


def test_each_name_has_a_number_and_keeps_it(numbers):
    assert [numbers.of(name) for name in ("a", "b", "c", "b", "a")] == [1, 2, 3, 2, 1]


def test_when_all_are_given_one_of_a_node_that_is_gone_is_given_again(numbers):
    names = [f"n{number}" for number in range(1, 1024)]
    assert [numbers.of(name) for name in names] == list(range(1, 1024))
    numbers.node.ask([("HSET", numbers.keys.nodes, *(each for name in names for each in (name, "1 {}")))])
    assert numbers.of("more") == 0
    numbers.node.ask([("HDEL", numbers.keys.nodes, "n500")])
    assert numbers.of("more") == 500
    numbers.node.ask([("HSET", numbers.keys.nodes, "more", "1 {}")])
    assert numbers.of("n500") == 0
    assert numbers.of("n499") == 499
