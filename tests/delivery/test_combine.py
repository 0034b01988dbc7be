import itertools

import pytest

from smsgwd.delivery.combine import combined
from smsgwd.model.message import State

D, U, X, S = State.DELIVERED, State.UNDELIVERED, State.UNKNOWN, State.SENT


@pytest.mark.parametrize(
    ("states", "total", "expected"),
    [
        ([], 2, None),
        ([D], 2, None),
        ([D, S], 2, None),
        ([D, D], 2, D),
        ([U], 2, U),
        ([S, U], 2, U),
        ([D, D, State.EXPIRED], 3, State.EXPIRED),
        ([State.REJECTED, D], 2, State.REJECTED),
        ([State.CANCELLED], 3, State.CANCELLED),
        ([X], 2, None),
        ([X, S], 2, None),
        ([X, D], 2, X),
        ([X, X], 2, X),
        ([X, U], 2, U),
        ([D], 1, D),
        ([X], 1, X),
    ],
)
def test_combined(states, total, expected):
    assert combined(states, total) is expected


def test_delivered_only_when_all_are_and_an_end_never_changes():
    finals = [state for state in State if state.final]
    for parts in itertools.product(finals, repeat=3):
        whole = combined(parts, 3)
        assert whole is not None
        assert (whole is D) == (set(parts) == {D})
        first = next((end for n in range(1, 4) if (end := combined(parts[:n], 3)) is not None), None)
        assert first is whole
