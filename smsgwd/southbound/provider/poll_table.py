"""Which messages a provider is asked about, and when: what is remembered of it, a few numbers each."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from smsgwd.ports.clock import Clock
from smsgwd.providers.plugin import Poll

GRACE_S: Final = 5.0
"""From the end of a message's validity to the last question."""
MOST: Final = 20_000
"""Messages remembered of one connector; the store knows the others."""
_SOON_S: Final = 10.0  # in which those are asked for that a start finds, as far as they are due
_LAST_TRIES_S: Final = 3600.0  # for a last question that gets no answer
_STALE: Final = 1000


class PollTable:
    """Of one connector. A message is asked for first when `poll` says, then each time its age has grown by the factor,
    until its validity is over: then once more, and forgotten."""

    def __init__(self, poll: Poll, clock: Clock, random: Callable[[], float], most: int = MOST) -> None:
        """`random` gives 0 ≤ x < 1; `most` messages are remembered."""
        self._poll = poll
        self._clock = clock
        self._random = random
        self._most = most
        self._known: dict[int, tuple[float, int, int]] = {}  # id -> (due, sent ms, deadline ms); due < 0: being asked
        self._heap: list[tuple[float, int]] = []  # (due, id); one that does not agree with _known is stale

    def __len__(self) -> int:
        return len(self._known)

    @property
    def room(self) -> int:
        """How many more it takes."""
        return self._most - len(self._known)

    def adopt(self, poll: Poll) -> None:
        """Other times, from the next question of each on."""
        self._poll = poll

    def add(self, message_id: int, sent_ms: int, deadline_ms: int, *, late: bool = False) -> bool:
        """Remember a message; one that is known stays as it is. False when there is no room. With `late` its time may
        have come long ago: then it is asked for soon, not all at once."""
        if message_id in self._known:
            return True
        if self.room <= 0:
            return False
        wait = self._wait(sent_ms)
        if late and self._age(sent_ms) >= self._first:
            wait = min(wait, _SOON_S) * self._random()
        self._put(message_id, sent_ms, deadline_ms, wait)
        return True

    def drop(self, ids: Iterable[int]) -> None:
        """Forget these."""
        for number in ids:
            self._known.pop(number, None)
        if len(self._heap) > 2 * len(self._known) + _STALE:
            self._heap = [(due, number) for number, (due, _, _) in self._known.items() if due >= 0]
            heapq.heapify(self._heap)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._heap.clear()

    def next_due(self) -> float | None:
        """When the next one is to be asked for (monotonic seconds); None = none is."""
        heap, known = self._heap, self._known
        while heap:
            due, number = heap[0]
            entry = known.get(number)
            if entry is not None and entry[0] == due:
                return due
            heapq.heappop(heap)
        return None

    def take(self, limit: int) -> list[int]:
        """Those whose time has come, `limit` at most; some that are due in a moment fill a group that is begun. `again`
        or `drop` must follow for each."""
        now = self._clock.monotonic()
        taken: list[int] = []
        due = self.next_due()
        if due is None or due > now:
            return taken
        now += min(1.0, self._poll.first_s / 4)
        while len(taken) < limit and due is not None and due <= now:
            _, number = heapq.heappop(self._heap)
            _, sent_ms, deadline_ms = self._known[number]
            self._known[number] = (-1.0, sent_ms, deadline_ms)
            taken.append(number)
            due = self.next_due()
        return taken

    def again(self, ids: Collection[int], *, asked: bool = True, spare: bool = False) -> Sequence[int]:
        """Their states are not known: ask again later. Those that were asked for the last time are forgotten, and
        returned; a question that was not answered (`asked` False) is the last one only when it is very late. With
        `spare` those that need not be asked for soon are forgotten, too."""
        over: list[int] = []
        spared: list[int] = []
        now_ms = self._clock.now_ms()
        for number in ids:
            entry = self._known.get(number)
            if entry is None:
                continue
            _, sent_ms, deadline_ms = entry
            if now_ms >= deadline_ms + (0 if asked else 1000 * _LAST_TRIES_S):
                over.append(number)
            elif spare and self._age(sent_ms) * (self._poll.factor - 1) >= self._poll.longest_s:
                spared.append(number)
            else:
                self._put(number, sent_ms, deadline_ms, self._wait(sent_ms))
        self.drop((*over, *spared))
        return over

    def _put(self, message_id: int, sent_ms: int, deadline_ms: int, wait: float) -> None:
        left = (deadline_ms - self._clock.now_ms()) / 1000
        if 0 < left < wait:  # the next one is the last one
            wait = left + GRACE_S
        due = self._clock.monotonic() + wait
        self._known[message_id] = (due, sent_ms, deadline_ms)
        heapq.heappush(self._heap, (due, message_id))

    def _age(self, sent_ms: int) -> float:
        return max(0.0, (self._clock.now_ms() - sent_ms) / 1000)

    @property
    def _first(self) -> float:
        poll = self._poll
        return poll.first_s if poll.after_callbacks_s is None else poll.after_callbacks_s

    def _wait(self, sent_ms: int) -> float:
        """Seconds until a message of this age is to be asked for (again), with some chance in it."""
        age, first, poll = self._age(sent_ms), self._first, self._poll
        if age < first:
            return (first - age) * (1.0 + 0.1 * self._random())
        wait = min(poll.longest_s, max(poll.first_s, age * (poll.factor - 1)))
        return wait * (0.9 + 0.2 * self._random())
