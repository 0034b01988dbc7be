"""Places of a listener, and how often a peer may make us log."""

from smsgwd.northbound.esme.limits import LinePace, Places


def test_places_are_counted_by_address_bound_and_not_bound():
    places = Places(most=10, most_of_one=3, most_unbound_of_one=2)
    places.enter("a")
    places.enter("a")
    assert places.refusal("a") == "unbound" and places.refusal("b") == ""
    places.bound("a")
    assert places.refusal("a") == ""
    places.enter("a")
    assert places.refusal("a") == "address"
    places.leave("a", was_bound=True)
    assert places.refusal("a") == "unbound"
    places.leave("a", was_bound=False)
    places.leave("a", was_bound=False)
    assert places.taken == 0 and places.refusal("a") == ""


def test_all_together_and_a_quarter_for_one():
    places = Places(most=8, most_of_one=0, most_unbound_of_one=99)
    for address in "aabbccd":
        assert places.refusal(address) == ""
        places.enter(address)
    assert places.refusal("a") == "address" and places.refusal("e") == ""
    places.enter("e")
    assert places.refusal("e") == "connections"


def test_addresses_that_left_are_not_remembered():
    places = Places(most=8, most_of_one=0, most_unbound_of_one=8)
    for number in range(1000):
        places.enter(str(number))
        places.bound(str(number))
        places.leave(str(number), was_bound=True)
        assert places.refusal(str(number)) == ""
    assert not places._of and not places._unbound


def test_one_line_a_second_and_those_left_out_are_told():
    pace = LinePace()
    assert pace.skipped("a", 100.0) == 0
    assert [pace.skipped("a", 100.0 + n / 10) for n in range(1, 8)] == [None] * 7
    assert pace.skipped("b", 100.5) == 0
    assert pace.skipped("a", 101.0) == 7
    assert pace.skipped("a", 102.5) == 0
    for number in range(10_000):
        pace.skipped(str(number), 103.0)
    assert len(pace._last) <= 4096
