"""The requests that wait for the peer's answer, in the order of sending, and the sequence numbers they use."""

from collections.abc import Container
from typing import Any, Final

from smsgwd.smpp.constants import SEQUENCE_MAX

NEVER: Final = -1.0


class Pending:
    """One unanswered request. `sent_at` (s, monotonic) is NEVER until the octets have been handed out."""

    __slots__ = ("command_id", "context", "sent_at")

    def __init__(self, command_id: int, context: Any) -> None:
        self.command_id = command_id
        self.context = context
        self.sent_at = NEVER


class Window:
    """Unanswered requests by sequence number, at most `limit` of them.

    Since octets are handed out in the order in which requests are added, the dict's order is the order of `sent_at`:
    the front is always the next to time out, and no request needs a timer of its own.
    """

    __slots__ = ("_last", "_pending", "_unsent", "limit")

    def __init__(self, limit: int, first_sequence: int = 1) -> None:
        self.limit = limit
        self._last = first_sequence - 1
        self._pending: dict[int, Pending] = {}
        self._unsent: list[Pending] = []

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._pending

    def next_sequence(self, also_taken: Container[int] = ()) -> int:
        """Return the next free number of 1..0x7FFFFFFF (SMPP 3.4 s5.1.4); outstanding ones are skipped.

        `also_taken` holds numbers in use outside the window (an enquire_link's, a bind's).
        """
        sequence = self._last + 1
        while sequence > SEQUENCE_MAX or sequence in self._pending or sequence in also_taken:
            sequence = 1 if sequence >= SEQUENCE_MAX else sequence + 1
        self._last = sequence
        return sequence

    def add(self, sequence: int, command_id: int, context: Any) -> None:
        """Remember a request; the caller has checked `limit`."""
        pending = Pending(command_id, context)
        self._pending[sequence] = pending
        self._unsent.append(pending)

    def mark_sent(self, now: float) -> None:
        """All requests added so far have been handed out at `now`."""
        if self._unsent:
            for pending in self._unsent:
                pending.sent_at = now
            self._unsent.clear()

    def take(self, sequence: int, command_id: int = 0) -> Pending | None:
        """Take out the request with this number that was handed out.

        None when there is none, or when `command_id` (of a request) is given and it is another kind of request.
        """
        pending = self._pending.get(sequence)
        if pending is None or pending.sent_at == NEVER or (command_id and pending.command_id != command_id):
            return None
        del self._pending[sequence]
        return pending

    def oldest_sent(self) -> float | None:
        """When the request at the front was handed out; None when there is none."""
        for pending in self._pending.values():
            return None if pending.sent_at == NEVER else pending.sent_at
        return None

    def expire(self, sent_before: float) -> list[tuple[int, Pending]]:
        """Take out and return the requests handed out at or before `sent_before`, oldest first."""
        expired: list[tuple[int, Pending]] = []
        for sequence, pending in self._pending.items():
            if pending.sent_at == NEVER or pending.sent_at > sent_before:
                break
            expired.append((sequence, pending))
        for sequence, _ in expired:
            del self._pending[sequence]
        return expired

    def drain(self) -> tuple[list[Any], list[Any]]:
        """Empty the window; return (contexts handed out, contexts never handed out) in the order of sending."""
        sent = [pending.context for pending in self._pending.values() if pending.sent_at != NEVER]
        unsent = [pending.context for pending in self._pending.values() if pending.sent_at == NEVER]
        self._pending.clear()
        self._unsent.clear()
        return sent, unsent
