"""The HTTP load of a bench: kept-alive connections, one request in flight on each, at some microseconds a request.

What is known of a message stands in arrays by its number (`HttpBooks`); a request is octets filled in with numbers.
Nothing is sent a second time: an answer that does not come is counted.
(http_load.py drives jobs that may go again.)
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from smsgwd.simulator.http_books import HttpBooks
from smsgwd.simulator.http_load import parse_answer
from smsgwd.simulator.lean_loop import LeanLink, LeanLoop
from smsgwd.simulator.request_template import RequestTemplate

_CONNECTING_AT_ONCE = 8  # some gateways have a listen backlog of 10
_RECONNECT_S = 0.02
_TICK_S = 0.05
_MOST_HEADS = 512


class _Link(LeanLink):
    """One connection; `first` is the first number of the request on it, -1 when there is none."""

    __slots__ = ("_storm", "connecting", "first", "next_try")
    read_size = 64 * 1024

    def __init__(self, storm: HttpStorm) -> None:
        super().__init__(storm.loop)
        self._storm = storm
        self.connecting = False
        self.first = -1
        self.next_try = 0.0

    def opened(self, now: float) -> None:
        """See LeanLink."""
        self._storm.opened(self, now)

    def closed(self, now: float) -> None:
        """See LeanLink."""
        self._storm.closed(self, now)

    def take(self, data: bytes, now: float) -> int:
        """See LeanLink: the one answer that is due. Raises ValueError when it is none."""
        storm = self._storm
        head = data.find(b"\r\n\r\n")
        if head < 0:
            return 0
        # Heads repeat but for their date, so what one says is looked up instead of searched for (saves 2 us).
        known = storm.heads.get(data[:head])
        if known is None:
            answer = parse_answer(data)
            if answer is None:
                return 0
            status, body, close = answer
            if b"\r\ntransfer-encoding:" not in data[:head].lower():
                if len(storm.heads) >= _MOST_HEADS:
                    storm.heads.clear()
                storm.heads[data[:head]] = status, head + 4 + len(body), close
        else:
            status, end, close = known
            if len(data) < end:
                return 0
            body = data[head + 4 : end]
        first, self.first = self.first, -1
        if first >= 0:
            storm.answered(first, status, body, now)
        if close or first < 0:  # an answer nobody asked for, such as 408 on an idle connection
            self.close()
        else:
            storm.free(self, now)
        return len(data)


class HttpStorm:
    """Sends numbers over kept-alive connections. `coalesce_s` as in LeanLoop."""

    def __init__(
        self,
        template: RequestTemplate,
        books: HttpBooks,
        connections: int,
        *,
        coalesce_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.loop = LeanLoop(clock, coalesce_s)
        self.books = books
        self.heads: dict[bytes, tuple[int, int, bool]] = {}  #: of answers: status, octets of all, whether it closes
        self.first_at = 0.0  #: when the present run began (s, monotonic)
        self.connects = 0
        self._template = template
        self._clock = clock
        self._step = max(0.0005, coalesce_s)  # of a paced load
        self._idle: deque[_Link] = deque()
        self._waiting = deque(_Link(self) for _ in range(connections))  # to be connected
        self._links = list(self._waiting)
        self._connecting = 0
        self._in_flight = 0
        self._next = self._stop = self._start = self._limit = 0
        self._rate = 0.0
        self._closing = False

    def run(
        self, numbers: range, *, rate: float = 0.0, stalled_s: float = 30.0, tick: Callable[[], None] | None = None
    ) -> bool:
        """Send the numbers (a multiple of the template's size), at `rate` messages a second (0 = as fast as it goes);
        True when all are answered, False when no answer came for `stalled_s`. `tick` is called every 50 ms."""
        books = self.books
        now = moved = ticked = self._clock()
        self.first_at = now
        self._start = self._next = numbers.start
        self._stop = numbers.stop
        self._limit = numbers.start if rate else numbers.stop
        self._rate = rate
        seen = -1
        while True:
            if rate:
                self._limit = min(self._stop, self._start + int((now - self.first_at) * rate))
                if now - self.first_at >= (self._stop - self._start) / rate:
                    self._limit = self._stop
            self._connect(now)
            self._hand_out(now)
            if self._next >= self._stop and not self._in_flight:
                return True
            state = books.accepted_count + books.refused.total() + books.unanswered
            if state != seen:
                seen, moved = state, now
            elif now - moved > stalled_s:
                return False
            if tick is not None and now - ticked > _TICK_S:
                ticked = now
                tick()
            now = self.loop.turn(self._step if rate or self._waiting else _TICK_S)

    def close(self) -> None:
        """Close every socket."""
        self._closing = True
        for link in self._links:
            link.close()
        self.loop.close()

    # ------------------------------------------------------------------ calls of the links
    def opened(self, link: _Link, now: float) -> None:
        """A link is connected."""
        link.connecting = False
        self._connecting -= 1
        self.connects += 1
        self.free(link, now)

    def closed(self, link: _Link, now: float) -> None:
        """A link's socket is closed, or could not be connected."""
        if self._closing:
            return
        if link.first >= 0:
            self._in_flight -= 1
            self.books.unanswered += self._template.size
            link.first = -1
        elif link.connecting:
            link.connecting = False
            self._connecting -= 1
        elif link in self._idle:
            self._idle.remove(link)
        link.next_try = now + _RECONNECT_S
        self._waiting.append(link)

    def answered(self, first: int, status: int, body: bytes, now: float) -> None:
        """The answer to the request that begins with this number."""
        self._in_flight -= 1
        self.books.answered(first, self._template.size, status, body, now)

    def free(self, link: _Link, now: float) -> None:
        """A link has nothing to do: the next request, or it waits."""
        if self._next < self._limit and not self._idle:
            self._send(link, now)
        else:
            self._idle.append(link)

    # ------------------------------------------------------------------ sending
    def _send(self, link: _Link, now: float) -> None:
        first, size = self._next, self._template.size
        self._next = first + size
        self._in_flight += 1
        link.first = first
        due = now
        if self._rate:  # latency counts from when it should have left
            due = self.first_at + (first + size - self._start) / self._rate
        dues = self.books.due
        for number in range(first, first + size):
            dues[number] = due
        link.out.append(self._template.request(first))

    def _hand_out(self, now: float) -> None:
        """Give idle links what may leave now."""
        idle, size = self._idle, self._template.size
        while idle and self._next + size <= self._limit:
            link = idle.popleft()
            self._send(link, now)
            link.flush()

    def _connect(self, now: float) -> None:
        waiting = self._waiting
        while waiting and self._connecting < _CONNECTING_AT_ONCE and waiting[0].next_try <= now:
            link = waiting.popleft()
            link.connecting = True
            self._connecting += 1
            link.connect(self._template.address)
