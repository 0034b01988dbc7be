"""One result for a message of several parts.

DELIVERED only when all parts are; the first permanent failure decides at once (what the recipient has is not the
message); UNKNOWN only when every part is final and none failed outright.
"""

from collections.abc import Sequence

from smsgwd.model.message import State

_FAILURES = (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)


def combined(states: Sequence[State], total: int) -> State | None:
    """The final state of a message of `total` parts whose parts known so far are in `states`; None while open."""
    for state in states:
        if state in _FAILURES:
            return state
    if len(states) < total or any(not state.final for state in states):
        return None
    return State.UNKNOWN if State.UNKNOWN in states else State.DELIVERED
