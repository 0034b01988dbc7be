"""The requests that wait for the peer's answer, in the order of sending, and the sequence numbers they use."""

from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from smsgwd.smpp.constants import SEQUENCE_MAX

NEVER: Final = -1.0


class _Handout:
    """When the octets of some requests, given out together, left: `at` (s, monotonic) is NEVER before that."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = NEVER


Pending = tuple[int, Any, _Handout]  # command_id, context, handout


class Window:
    """Unanswered requests by sequence number, at most `limit` of them.

    Since octets are handed out in the order in which requests are added, the dict's order is the order of sending:
    the front is always the next to time out, and no request needs a timer of its own.
    """

    __slots__ = ("_handout", "_last", "_pending", "_unsent", "_wrapped", "limit")

    def __init__(self, limit: int, first_sequence: int = 1) -> None:
        self.limit = limit
        self._last = first_sequence - 1
        self._wrapped = False  # before that no number can be in use again
        self._pending: dict[int, Pending] = {}
        self._handout = _Handout()
        self._unsent = False  # is anything waiting for this handout

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._pending

    def next_sequence(self, also_taken: Container[int] = ()) -> int:
        """Return the next free number of 1..0x7FFFFFFF (SMPP 3.4 s5.1.4); outstanding ones are skipped.

        `also_taken` holds numbers in use outside the window (an enquire_link's, a bind's).
        """
        sequence = self._last + 1
        if sequence > SEQUENCE_MAX or self._wrapped:
            self._wrapped = True
            while sequence > SEQUENCE_MAX or sequence in self._pending or sequence in also_taken:
                sequence = 1 if sequence >= SEQUENCE_MAX else sequence + 1
        self._last = sequence
        return sequence

    def next_sequences(self, count: int, also_taken: Container[int] = ()) -> Sequence[int]:
        """Return `count` numbers as `next_sequence` would give them one after another."""
        first = self._last + 1
        if not self._wrapped and self._last + count <= SEQUENCE_MAX:
            self._last += count
            return range(first, first + count)
        return [self.next_sequence(also_taken) for _ in range(count)]

    def add(self, sequence: int, command_id: int, context: Any) -> None:
        """Remember a request; the caller has checked `limit`."""
        self._pending[sequence] = (command_id, context, self._handout)
        self._unsent = True

    def add_many(self, sequences: Sequence[int], command_id: int, contexts: Iterable[Any]) -> None:
        """Remember requests of one kind, in this order; the caller has checked `limit`."""
        pending, handout = self._pending, self._handout
        for sequence, context in zip(sequences, contexts, strict=True):
            pending[sequence] = (command_id, context, handout)
        self._unsent = True

    def mark_sent(self, now: float) -> None:
        """All requests added so far have been handed out at `now`."""
        if self._unsent:
            self._handout.at = now
            self._handout = _Handout()
            self._unsent = False

    def take(self, sequence: int, command_id: int = 0) -> tuple[Any, float] | None:
        """Take out the request with this number that was handed out: its context, and when that was.

        None when there is none, or when `command_id` (of a request) is given and it is another kind of request.
        """
        pending = self._pending.get(sequence)
        if pending is None:
            return None
        kind, context, handout = pending
        if handout.at == NEVER or (command_id and kind != command_id):
            return None
        del self._pending[sequence]
        return context, handout.at

    def oldest_sent(self) -> float | None:
        """When the request at the front was handed out; None when there is none."""
        for _, _, handout in self._pending.values():
            return None if handout.at == NEVER else handout.at
        return None

    def expire(self, sent_before: float) -> list[tuple[int, int, Any]]:
        """Take out the requests handed out at or before `sent_before`: sequence, command_id, context; oldest first."""
        expired: list[tuple[int, int, Any]] = []
        for sequence, (command_id, context, handout) in self._pending.items():
            if handout.at == NEVER or handout.at > sent_before:
                break
            expired.append((sequence, command_id, context))
        for sequence, _, _ in expired:
            del self._pending[sequence]
        return expired

    def drain(self) -> tuple[list[Any], list[Any]]:
        """Empty the window; return (contexts handed out, contexts never handed out) in the order of sending."""
        sent = [context for _, context, handout in self._pending.values() if handout.at != NEVER]
        unsent = [context for _, context, handout in self._pending.values() if handout.at == NEVER]
        self._pending.clear()
        self._unsent = False
        return sent, unsent
