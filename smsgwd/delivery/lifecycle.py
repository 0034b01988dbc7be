"""The life of a message: one table, state x event → state. Every move that is not in it is refused and changes nothing.

The first final state stands: events for a final message are counted and kept in its history, and change neither state
nor money.
"""

from enum import Enum

from smsgwd.model.message import State


class Event(Enum):
    """What can happen to a message as a whole."""

    DUE = "due"  #: the time to send, or to try again, has come
    POSTPONED = "postponed"  #: an attempt failed for now
    ALL_SENT = "all_sent"  #: the SMSC has accepted every part
    REFUSED = "refused"  #: refused for good with no part taken
    BROKEN = "broken"  #: refused for good after some parts were taken
    EXPIRED = "expired"  #: validity ended before it was sent
    CANCELLED = "cancelled"
    BARRED = "barred"  #: held as unusual traffic, and rejected by an operator
    HELD = "held"  #: stopped by an operator before any SMSC had a part
    PURGED = "purged"  #: ended by an operator before it left
    NOT_TAKEN = "not_taken"  #: acknowledged while the store was away, and refused by it afterwards
    GIVEN_UP = "given_up"  #: outcome unknown, and policy says not to try again
    TIMED_OUT = "timed_out"  #: no receipt within validity and the waiting time
    RESENT = "resent"  #: undelivered; the route has another way
    RECEIPT_DELIVERED = "receipt_delivered"
    RECEIPT_UNDELIVERED = "receipt_undelivered"
    RECEIPT_EXPIRED = "receipt_expired"
    RECEIPT_REJECTED = "receipt_rejected"
    RECEIPT_CANCELLED = "receipt_cancelled"
    RECEIPT_UNKNOWN = "receipt_unknown"


# A receipt may be known before the last response is: it is about a part the SMSC did take, so it ends an unsent
# (QUEUED or WAITING) message too. This is what makes a receipt that overtakes its response harmless.
_RECEIPTS = {
    Event.RECEIPT_DELIVERED: State.DELIVERED,
    Event.RECEIPT_UNDELIVERED: State.UNDELIVERED,
    Event.RECEIPT_EXPIRED: State.EXPIRED,
    Event.RECEIPT_REJECTED: State.REJECTED,
    Event.RECEIPT_CANCELLED: State.CANCELLED,
    Event.RECEIPT_UNKNOWN: State.UNKNOWN,
}

TABLE: dict[State, dict[Event, State]] = {
    State.SCHEDULED: {
        Event.DUE: State.QUEUED,
        Event.EXPIRED: State.EXPIRED,
        Event.CANCELLED: State.CANCELLED,
        Event.BARRED: State.REJECTED,
        Event.PURGED: State.REJECTED,
        Event.NOT_TAKEN: State.REJECTED,
    },
    State.WAITING: {
        Event.DUE: State.QUEUED,
        Event.ALL_SENT: State.SENT,
        Event.EXPIRED: State.EXPIRED,
        Event.CANCELLED: State.CANCELLED,
        Event.PURGED: State.REJECTED,
        Event.GIVEN_UP: State.UNKNOWN,
        Event.RESENT: State.QUEUED,
        **_RECEIPTS,
    },
    State.QUEUED: {
        Event.HELD: State.SCHEDULED,
        Event.PURGED: State.REJECTED,
        Event.NOT_TAKEN: State.REJECTED,
        Event.POSTPONED: State.WAITING,
        Event.ALL_SENT: State.SENT,
        Event.REFUSED: State.REJECTED,
        Event.BROKEN: State.UNDELIVERED,
        Event.EXPIRED: State.EXPIRED,
        Event.CANCELLED: State.CANCELLED,
        Event.GIVEN_UP: State.UNKNOWN,
        Event.RESENT: State.QUEUED,
        **_RECEIPTS,
    },
    State.SENT: {
        Event.TIMED_OUT: State.UNKNOWN,
        Event.RESENT: State.QUEUED,
        **_RECEIPTS,
    },
    State.DELIVERED: {},
    State.UNDELIVERED: {},
    State.EXPIRED: {},
    State.REJECTED: {},
    State.CANCELLED: {},
    State.UNKNOWN: {},
}

#: What a start does with a message found in each durable state (docs/lifecycle.md shows it beside the table).
RECOVERY: dict[State, str] = {
    State.SCHEDULED: "waits in the store; the scheduler queues it when due",
    State.WAITING: "waits in the store; the scheduler queues it when due",
    State.QUEUED: "paged in and sent on the way it is on; parts an SMSC answered before the stop are not sent again",
    State.SENT: "waits for its receipt, which may send it on its second way; ends as unknown after validity and the"
    " receipt waiting time",
    State.DELIVERED: "nothing; a push still owed is in the outbox",
    State.UNDELIVERED: "nothing; a push still owed is in the outbox",
    State.EXPIRED: "nothing; a push still owed is in the outbox",
    State.REJECTED: "nothing; a push still owed is in the outbox",
    State.CANCELLED: "nothing; a push still owed is in the outbox",
    State.UNKNOWN: "nothing; a push still owed is in the outbox",
}

#: The event that a receipt with a final state is, by that state.
RECEIPT_EVENTS: dict[State, Event] = {state: event for event, state in _RECEIPTS.items()}

#: Ends at which the SMSC never took a part: what was reserved is given back.
REFUNDED = frozenset({Event.REFUSED, Event.EXPIRED, Event.CANCELLED, Event.BARRED, Event.PURGED, Event.NOT_TAKEN})


class IllegalMove(Exception):  # noqa: N818 -- named after what it refuses
    """The table has no such move; nothing was changed."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} does not move a message that is {state.name}")
        self.state = state
        self.event = event


def move(state: State, event: Event) -> State:
    """The state after `event`; raises IllegalMove, having changed nothing."""
    after = TABLE[state].get(event)
    if after is None:
        raise IllegalMove(state, event)
    return after
