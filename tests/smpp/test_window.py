from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp.constants import SEQUENCE_MAX, SUBMIT_SM
from smsgwd.smpp.window import Window


def filled(*sequences, sent=None):
    window = Window(100)
    for sequence in sequences:
        window.add(sequence, SUBMIT_SM, f"c{sequence}")
        if sent is not None:
            window.mark_sent(sent)
    return window


def test_numbers_run_from_one_and_wrap_past_the_greatest():
    window = Window(10)
    assert [window.next_sequence() for _ in range(3)] == [1, 2, 3]
    window = Window(10, SEQUENCE_MAX)
    assert [window.next_sequence() for _ in range(3)] == [SEQUENCE_MAX, 1, 2]


def test_outstanding_numbers_are_skipped():
    window = Window(10, SEQUENCE_MAX)
    for _ in range(3):
        window.add(window.next_sequence(), SUBMIT_SM, None)
    assert list(window._pending) == [SEQUENCE_MAX, 1, 2]
    assert window.next_sequence({3: 1}) == 4
    assert window.next_sequence({5: 1}) == 6


@given(st.integers(0, 30), st.integers(1, 12), st.integers(0, 12))
def test_many_numbers_at_once_are_those_one_by_one(before_the_end, count, outstanding):
    one, many = Window(100, SEQUENCE_MAX - before_the_end), Window(100, SEQUENCE_MAX - before_the_end)
    for window in (one, many):
        for _ in range(outstanding):
            window.add(window.next_sequence(), SUBMIT_SM, None)
    taken = {3: 1, SEQUENCE_MAX - 1: 1} if one._wrapped else {}
    given = many.next_sequences(count, taken)
    assert list(given) == [one.next_sequence(taken) for _ in range(count)]
    many.add_many(given, SUBMIT_SM, range(count))
    many.mark_sent(1.0)
    assert [many.take(sequence, SUBMIT_SM) for sequence in given] == [(at, 1.0) for at in range(count)]


@given(st.lists(st.booleans(), max_size=200))
def test_no_number_is_ever_given_twice_while_outstanding(takes):
    window = Window(1000, SEQUENCE_MAX - 20)
    outstanding = []
    for take in takes:
        if take and outstanding:
            assert window.take(outstanding.pop(0)) is not None
        else:
            sequence = window.next_sequence()
            assert sequence not in outstanding and 1 <= sequence <= SEQUENCE_MAX
            outstanding.append(sequence)
            window.add(sequence, SUBMIT_SM, None)
            window.mark_sent(0.0)


def test_time_runs_from_the_handing_out():
    window = filled(1, 2)
    assert window.oldest_sent() is None
    assert window.expire(1e9) == []
    window.mark_sent(5.0)
    window.add(3, SUBMIT_SM, "c3")
    window.mark_sent(6.0)
    assert window.oldest_sent() == 5.0
    assert window.expire(5.0) == [(1, SUBMIT_SM, "c1"), (2, SUBMIT_SM, "c2")]
    assert len(window) == 1 and 3 in window


def test_what_was_not_handed_out_cannot_be_answered():
    window = filled(1)
    assert window.take(1) is None
    window.mark_sent(1.0)
    assert window.take(1, SUBMIT_SM + 1) is None
    assert window.take(1, SUBMIT_SM) == ("c1", 1.0)
    assert window.take(1) is None


def test_drain_tells_sent_from_unsent():
    window = filled(1, 2, sent=1.0)
    window.add(3, SUBMIT_SM, "c3")
    assert window.drain() == (["c1", "c2"], ["c3"])
    assert window.drain() == ([], [])
