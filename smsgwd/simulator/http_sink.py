"""The lean sink of receipts over HTTP: takes them, notes by number when, and answers, at a few microseconds each.

It is what the gateway is measured against; signatures, failures, delays and records are in catcher.py. A request is
taken apart by searching octets: after each `mark` stand the last eight digits of a destination. One request may hold
many receipts (a tenant's `dlr_batch`), and it may be a GET with the receipt in its address (other gateways).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

from smsgwd.simulator.lean_loop import LeanLink, LeanLoop
from smsgwd.simulator.sink_report import SinkReport
from smsgwd.simulator.stats import CpuMeter

OUR_MARK = b'"to":"+'  #: what precedes a number in a push of ours
_OURS_AHEAD = 5  # digits of it that stand before the eight
OUR_GOOD = b'"state":"delivered"'  #: what every push of a bench holds
_ID = b'"id":"'
_MAX_HEAD = 16 * 1024
_MAX_BODY = 4 * 1024 * 1024
_DIGITS = 8


class _Link(LeanLink):
    """One kept-alive connection of a gateway."""

    __slots__ = ("_sink",)
    read_size = 64 * 1024

    def __init__(self, sink: HttpSink) -> None:
        super().__init__(sink.loop)
        self._sink = sink

    def opened(self, now: float) -> None:
        """See LeanLink."""
        self._sink.connections += 1
        self._sink.links.add(self)

    def closed(self, now: float) -> None:
        """See LeanLink."""
        self._sink.links.discard(self)

    def take(self, data: bytes, now: float) -> int:
        """See LeanLink: every request that is whole."""
        sink = self._sink
        at, end = 0, len(data)
        while at < end:
            head = data.find(b"\r\n\r\n", at)
            if head < 0:
                if end - at > _MAX_HEAD:
                    sink.bad_requests += 1
                    raise ValueError("a head without end")
                break
            stop = head + 4 + self._length(data, at, head)
            if stop > end:
                break
            if data.startswith(b"GET /stats ", at):
                body = json.dumps(sink.summary()).encode()
                self.out.append(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            else:
                sink.pushed(data, at, stop, now)
                self.out.append(sink.answer)
            at = stop
        return at

    def _length(self, data: bytes, at: int, head: int) -> int:
        """Octets of the body. Raises ValueError for what this server does not take."""
        found = data.find(b"ontent-length: ", at, head)
        if found < 0:
            found = data.find(b"ontent-Length: ", at, head)
        if found < 0:
            lower = data[at:head].lower()
            if b"\r\ncontent-length:" in lower or b"\r\ntransfer-encoding:" in lower:
                self._sink.bad_requests += 1
                raise ValueError("a length that this server does not read")
            return 0
        line_end = data.find(b"\r", found, head + 1)
        length = int(data[found + 15 : line_end])
        if not 0 <= length <= _MAX_BODY:
            self._sink.bad_requests += 1
            raise ValueError(f"Content-Length {length}")
        return length


class HttpSink:
    """The sink: one loop, that wakes up at most once in `coalesce_s` (s).

    `mark` is what precedes the eight digits of a number in a request (OUR_MARK: five others and these), `good` what
    must follow it somewhere in the same receipt (empty: not looked at), `reply` the text of every answer (empty: 204).
    """

    def __init__(
        self,
        *,
        mark: bytes = OUR_MARK,
        good: bytes = OUR_GOOD,
        reply: bytes = b"",
        coalesce_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.loop = LeanLoop(clock, coalesce_s)
        self.report = SinkReport()
        self.links: set[_Link] = set()
        self.connections = 0
        self.requests = 0
        self.receipts = 0
        self.bad_requests = 0  #: no HTTP, or without a receipt in it
        self.not_good = 0  #: receipts without `good`
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        if reply:
            self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(reply), reply)
        self._mark = mark
        self._ahead = len(mark) + (_OURS_AHEAD if mark == OUR_MARK else 0)
        self._good = good
        self._cpu = CpuMeter()
        self._listening: socket.socket | None = None

    def listen(self, host: str, port: int) -> int:
        """Listen; return the port. Raises OSError."""
        sock = socket.create_server((host, port), backlog=1024)
        sock.setblocking(False)
        self._listening = sock
        self.loop.on_readable(sock, self._accept)
        return int(sock.getsockname()[1])

    def turn(self) -> None:
        """Wait a little for something to happen, and handle it."""
        self.loop.turn(0.2)

    def close(self) -> None:
        """Close everything."""
        if self._listening is not None:
            self._listening.close()
        for link in list(self.links):
            link.close()
        self.loop.close()

    def summary(self) -> dict[str, Any]:
        """The statistics so far; `unique` are the messages with a receipt."""
        names = ("connections", "requests", "receipts", "bad_requests", "not_good")
        found = {name: getattr(self, name) for name in names}
        found |= {"unique": self.report.unique, "repeated": self.report.repeated, "beyond": self.report.beyond}
        return found | self._cpu.figures(self.receipts)

    def pushed(self, data: bytes, at: int, stop: int, now: float) -> None:
        """Note the receipts of the request at data[at:stop]."""
        mark, good, find, ahead = self._mark, self._good, data.find, self._ahead
        took = self.report.took
        self.requests += 1
        place = find(mark, at, stop)
        if place < 0:
            self.bad_requests += 1
            return
        while place >= 0:
            digits = place + ahead
            text = data[digits : digits + _DIGITS]
            following = find(mark, digits, stop)
            if not text.isdigit():
                self.bad_requests += 1
            else:
                self.receipts += 1
                # In a push of ours the id stands before the number, behind the receipt before it.
                name = b""
                begin = find(_ID, at, place)
                if begin >= 0:
                    name = data[begin + 6 : find(b'"', begin + 6, stop)]
                if good and find(good, digits, following if following >= 0 else stop) < 0:
                    self.not_good += 1
                took(int(text), name, now)
            at, place = digits, following

    def _accept(self) -> None:
        assert self._listening is not None
        try:
            sock, _ = self._listening.accept()
        except OSError:
            return
        _Link(self).attach(sock, connected=True)
