"""Who has which bind: evenly, with few moves, as operators say."""

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.delivery.allotment import allot, owner

binds = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 7), max_size=8)
nodes = st.sets(st.sampled_from([f"n{at}" for at in range(9)]), min_size=1)


@st.composite
def held(draw, binds_of, names):
    slots = [(connector, at) for connector, count in binds_of.items() for at in range(count)]
    return {slot: name for slot in slots if (name := draw(st.sampled_from([*sorted(names), "gone", None])))}


@st.composite
def situations(draw, binds=binds, nodes=nodes):
    of, names = draw(binds), draw(nodes)
    return of, names, draw(held(of, names))


def all_slots(binds):
    return {(connector, at) for connector, count in binds.items() for at in range(count)}


def even(binds, names, result):
    for counts in (
        Counter(result.values()),
        *(Counter(node for (one, _), node in result.items() if one == connector) for connector in binds),
    ):
        shares = [counts[name] for name in names]
        if max(shares) - min(shares) > 1:
            return False
    return True


def moves(current, result):
    return sum(current.get(slot) != node for slot, node in result.items())


@given(situations())
def test_every_slot_has_one_node_and_shares_are_even(situation):
    of, names, current = situation
    result = allot(of, names, current, {})
    assert result.keys() == all_slots(of)
    assert set(result.values()) <= names
    assert even(of, names, result)


@given(situations())
def test_what_is_as_it_should_be_stays(situation):
    of, names, current = situation
    result = allot(of, names, current, {})
    assert allot(of, names, result, {}) == result


@given(situations(), st.randoms())
def test_the_order_of_what_is_given_does_not_matter(situation, random):
    of, names, current = situation
    mixed = {}
    for name, given_ in (("of", of), ("current", current)):
        items = list(given_.items())
        random.shuffle(items)
        mixed[name] = dict(items)
    assert allot(mixed["of"], sorted(names, reverse=True), mixed["current"], {}) == allot(of, names, current, {})


def fewest(of, names, current):
    """By trying everything: all even shares, each with what it could keep."""
    names = sorted(names)
    rows = []
    for connector, count in of.items():
        base, extras = divmod(count, len(names))
        has = [sum(current.get((connector, at)) == name for at in range(count)) for name in names]
        row = []
        for chosen in itertools.combinations(range(len(names)), extras):
            shares = [base + (at in chosen) for at in range(len(names))]
            row.append((count - sum(map(min, shares, has)), shares))
        rows.append(row)
    best = None
    for choice in itertools.product(*rows):
        sums = [sum(each) for each in zip(*(shares for _, shares in choice), strict=True)]
        if not sums or max(sums) - min(sums) <= 1:
            cost = sum(cost for cost, _ in choice)
            best = cost if best is None else min(best, cost)
    return best


@settings(max_examples=400)
@given(
    situations(
        st.dictionaries(st.sampled_from("abcde"), st.integers(1, 5), max_size=5),
        st.sets(st.sampled_from(["n0", "n1", "n2", "n3"]), min_size=1),
    )
)
def test_no_even_way_needs_fewer_moves(situation):
    of, names, current = situation
    assert moves(current, allot(of, names, current, {})) == fewest(of, names, current)


one_bind_each = st.integers(0, 60).map(lambda count: {f"c{at:02}": 1 for at in range(count)})


@given(one_bind_each, nodes)
def test_a_node_that_joins_gets_its_share_and_nothing_else_moves(of, names):
    before = allot(of, names, {}, {})
    after = allot(of, {*names, "new"}, before, {})
    assert all(after[slot] == "new" for slot in before if after[slot] != before[slot])
    assert moves(before, after) == len(of) // (len(names) + 1)


@given(one_bind_each, nodes)
def test_what_a_node_had_that_leaves_moves_and_nothing_else(of, names):
    before = allot(of, {*names, "gone"}, {}, {})
    after = allot(of, names, before, {})
    assert all(before[slot] == "gone" for slot in before if after[slot] != before[slot])


@given(situations(), st.data())
def test_pins_are_obeyed_while_their_nodes_live_and_the_rest_is_even(situation, data):
    of, names, current = situation
    keys = [*all_slots(of), *((connector, None) for connector in of)]
    targets = st.sampled_from([*sorted(names), "dead"])
    pins = data.draw(st.dictionaries(st.sampled_from(keys), targets)) if keys else {}
    result = allot(of, names, current, pins)
    assert result.keys() == all_slots(of)
    loose = {}
    for slot, node in result.items():
        said = [pins[key] for key in (slot, (slot[0], None)) if pins.get(key) in names]
        if said:
            assert node == said[0]
        else:
            loose[slot] = node
    assert even(of, names, loose)
    assert allot(of, names, result, pins) == result


def test_no_nodes_no_owner():
    assert allot({"a": 3}, [], {}, {}) == {}
    assert owner("upkeep", []) is None


@given(st.lists(st.text(max_size=8), unique=True, max_size=40), nodes)
def test_roles_move_only_to_who_comes_and_from_who_goes(roles, names):
    for role in roles:
        before = owner(role, names)
        assert before in names
        assert owner(role, [*names, "new"]) in (before, "new")
        assert owner(role, [*names, "new"][::-1]) == owner(role, [*names, "new"])


def test_roles_are_spread():
    names = [f"n{at}" for at in range(10)]
    counts = Counter(owner(f"role{at}", names) for at in range(2000))
    assert all(120 < counts[name] < 280 for name in names)
