import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.ids import MAX_BLOCK, IdGenerator, first_id_at, node_number, time_of

NOW = 1_790_000_000_000


@given(st.lists(st.tuples(st.integers(1, MAX_BLOCK), st.integers(-5000, 5000)), max_size=60), st.integers(0, 1023))
def test_ids_never_repeat_and_never_go_back(blocks, node):
    """Whatever the wall clock does, and however large the blocks are."""
    ids, last = IdGenerator(node), -1
    for count, drift in blocks:
        first = ids.block(count, NOW + drift)
        assert first > last
        last = first + count - 1
        assert first >> 12 == last >> 12  # a block stays within one millisecond and node
        assert (first >> 12) & 1023 == node
        assert 0 < last < 1 << 63


@given(st.integers(0, (1 << 62) - 1), st.integers(-5000, 5000))
def test_after_a_restart_ids_go_on_above_the_highest_known(floor, drift):
    assert IdGenerator(1, floor).block(1, NOW + drift) > floor


def test_the_time_is_in_the_id():
    ids = IdGenerator(7)
    assert time_of(ids.block(1, NOW)) == NOW
    assert time_of(ids.block(1, NOW + 1)) == NOW + 1
    assert time_of(ids.block(1, NOW)) == NOW + 1  # the clock went back, ids do not
    assert first_id_at(NOW) <= IdGenerator(0).block(1, NOW)
    assert time_of(first_id_at(NOW)) == NOW
    assert time_of(first_id_at(NOW) - 1) == NOW - 1
    assert first_id_at(0) == 0


def test_nodes_do_not_meet():
    assert IdGenerator(1).block(MAX_BLOCK, NOW) != IdGenerator(2).block(MAX_BLOCK, NOW)
    assert 0 <= node_number("gw1") < 1024
    assert node_number("gw1") != node_number("gw2")


@pytest.mark.parametrize("count", [0, -1, MAX_BLOCK + 1])
def test_a_block_has_its_bounds(count):
    with pytest.raises(ValueError, match=str(count)):
        IdGenerator(1).block(count, NOW)


@pytest.mark.parametrize("node", [-1, 1024])
def test_a_node_has_its_bounds(node):
    with pytest.raises(ValueError, match=str(node)):
        IdGenerator(node)
