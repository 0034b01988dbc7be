import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.delivery.lifecycle import RECEIPT_EVENTS, RECOVERY, REFUNDED, TABLE, Event, IllegalMove, move
from smsgwd.model.message import State

S, E = State, Event
_RECEIPTS = {
    E.RECEIPT_DELIVERED: S.DELIVERED,
    E.RECEIPT_UNDELIVERED: S.UNDELIVERED,
    E.RECEIPT_EXPIRED: S.EXPIRED,
    E.RECEIPT_REJECTED: S.REJECTED,
    E.RECEIPT_CANCELLED: S.CANCELLED,
    E.RECEIPT_UNKNOWN: S.UNKNOWN,
}
_UNSENT_ENDS = {E.EXPIRED: S.EXPIRED, E.CANCELLED: S.CANCELLED, E.PURGED: S.REJECTED}

#: Written down a second time on purpose: a change of the table must be meant.
LEGAL = {
    (S.SCHEDULED, E.DUE): S.QUEUED,
    (S.SCHEDULED, E.BARRED): S.REJECTED,
    (S.SCHEDULED, E.NOT_TAKEN): S.REJECTED,
    (S.QUEUED, E.NOT_TAKEN): S.REJECTED,
    (S.WAITING, E.DUE): S.QUEUED,
    (S.WAITING, E.ALL_SENT): S.SENT,
    (S.WAITING, E.GIVEN_UP): S.UNKNOWN,
    (S.QUEUED, E.HELD): S.SCHEDULED,
    (S.QUEUED, E.POSTPONED): S.WAITING,
    (S.QUEUED, E.ALL_SENT): S.SENT,
    (S.QUEUED, E.REFUSED): S.REJECTED,
    (S.QUEUED, E.BROKEN): S.UNDELIVERED,
    (S.QUEUED, E.GIVEN_UP): S.UNKNOWN,
    (S.SENT, E.TIMED_OUT): S.UNKNOWN,
    **{(state, E.RESENT): S.QUEUED for state in (S.WAITING, S.QUEUED, S.SENT)},
    **{(state, event): after for state in (S.SCHEDULED, S.WAITING, S.QUEUED) for event, after in _UNSENT_ENDS.items()},
    **{(state, event): after for state in (S.WAITING, S.QUEUED, S.SENT) for event, after in _RECEIPTS.items()},
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
@pytest.mark.parametrize("event", Event, ids=lambda event: event.name)
def test_every_state_with_every_event(state, event):
    after = LEGAL.get((state, event))
    if after is None:
        with pytest.raises(IllegalMove) as caught:
            move(state, event)
        assert (caught.value.state, caught.value.event) == (state, event)
        assert state.name in str(caught.value)
        assert event.value in str(caught.value)
    else:
        assert move(state, event) is after


def test_the_first_final_state_stands():
    for state in State:
        if state.final:
            assert TABLE[state] == {}


def test_every_state_can_reach_an_end():
    for state in State:
        seen, todo = set(), [state]
        while todo:
            here = todo.pop()
            seen.add(here)
            todo += [after for after in TABLE[here].values() if after not in seen]
        assert any(each.final for each in seen)


def test_every_state_has_a_recovery_and_a_row():
    assert set(TABLE) == set(RECOVERY) == set(State)


def test_every_final_state_has_its_receipt_event():
    assert {state: event for event, state in _RECEIPTS.items()} == RECEIPT_EVENTS
    assert set(RECEIPT_EVENTS) == {state for state in State if state.final}


def test_only_ends_before_sending_are_refunded():
    assert {E.REFUSED, E.EXPIRED, E.CANCELLED, E.BARRED, E.PURGED, E.NOT_TAKEN} == REFUNDED
    for state in (S.SENT,):
        assert not REFUNDED & set(TABLE[state])


@given(st.sampled_from(State), st.lists(st.sampled_from(Event), max_size=40))
def test_any_events_in_any_order(state, events):
    """Only legal moves happen, what is refused changes nothing, and the first final state stands."""
    table = {each: dict(moves) for each, moves in TABLE.items()}
    ended = None
    for event in events:
        try:
            after = move(state, event)
        except IllegalMove:
            assert (state, event) not in LEGAL
        else:
            assert LEGAL[state, event] is after
            state = after
        if ended is not None:
            assert state is ended
        elif state.final:
            ended = state
    assert table == TABLE
