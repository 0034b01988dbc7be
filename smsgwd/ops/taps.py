"""Looking at SMPP connections for a while: taps that are read row by row, and captures that end in a file.

All is bounded: how many look at once, for how long, how many PDUs and octets wait to be read. Nothing is decoded before
somebody reads it, and nothing private is kept longer than that.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.net.wiretap import Frame, Link, Listener, Wiretap
from smsgwd.ops.pcap import Capture
from smsgwd.ops.registry import CommandError
from smsgwd.ports.clock import Clock
from smsgwd.smpp.constants import HEADER_LENGTH, RESPONSE_BIT
from smsgwd.smpp.text import blank, describe

MOST: Final = 8  #: look at once
MOST_PACKETS: Final = 100_000  #: of a capture
_UNREAD_S: Final = 10.0  # a tap that nobody reads is over
_WAIT_S: Final = 1.0  # for rows
_STEP_S: Final = 0.2  # rows are gathered that long
_MOST_ROWS: Final = 4000  # PDUs that wait to be read
_MOST_BYTES: Final = 1 << 20
_MOST_CAPTURED: Final = 16 << 20  # octets of a capture
_PAGE: Final = 300  # rows of an answer: about 10 ms
_SLICE: Final = 100  # PDUs of a capture written in one turn
_MOST_ASKED: Final = 10_000  # requests that wait for their answer
_header = Struct(">IIII").unpack_from


@dataclass(frozen=True, slots=True)
class About:
    """Which PDUs: all given conditions hold at once. With `full` texts and numbers are shown."""

    connector: str = ""
    account: str = ""
    number: str = ""  #: digits
    full: bool = False

    def wants(self, link: Link) -> bool:
        """Whether it is about this connection."""
        if self.connector:
            return link.connector == self.connector
        if self.account:
            return link.is_server and link.account == self.account
        return True


class _Pairs:
    """Requests and their answers: how long an answer took, and whether it belongs to a number."""

    def __init__(self, number: str) -> None:
        self._digits = number.encode()
        self._asked: dict[tuple[int, bool, int], float] = {}

    def look(self, frame: Frame) -> tuple[bool, float | None]:
        """Whether the PDU is wanted, and the seconds that an answer took where its request was seen."""
        _, command_id, _, sequence = _header(frame.octets)
        if command_id & RESPONSE_BIT:
            asked = self._asked.pop((frame.link.number, not frame.sent, sequence), None)
            return not self._digits or asked is not None, None if asked is None else frame.at - asked
        if self._digits and self._digits not in frame.octets:
            return False, None
        self._asked[(frame.link.number, frame.sent, sequence)] = frame.at
        if len(self._asked) > _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        return True, None


class _Tap:
    """PDUs that wait to be read; the oldest give way."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.over = False
        self.timers: list[IDelayedCall] = []
        self._pairs = _Pairs(about.number)
        self._waiting: deque[tuple[Frame, float | None]] = deque()
        self._bytes = 0
        self._left_out = 0

    def wants(self, link: Link) -> bool:
        """See Listener."""
        return self.about.wants(link)

    def seen(self, frame: Frame) -> None:
        """See Listener."""
        wanted, took = self._pairs.look(frame)
        if not wanted:
            return
        self._waiting.append((frame, took))
        self._bytes += len(frame.octets)
        while len(self._waiting) > _MOST_ROWS or self._bytes > _MOST_BYTES:
            self._bytes -= len(self._waiting.popleft()[0].octets)
            self._left_out += 1

    @property
    def waiting(self) -> int:
        """PDUs that nobody has read."""
        return len(self._waiting)

    def take(self, wall_s: float) -> list[dict[str, Any]]:
        """A page of rows; `wall_s` + monotonic is the wall clock."""
        rows: list[dict[str, Any]] = []
        if self._left_out and self._waiting:
            at = _time(self._waiting[0][0].at + wall_s)
            rows.append(_row(at, detail=f"{self._left_out} PDUs left out: more came than were read"))
            self._left_out = 0
        for _ in range(min(_PAGE, len(self._waiting))):
            frame, took = self._waiting.popleft()
            self._bytes -= len(frame.octets)
            rows.append(self._told(frame, took, wall_s))
        return rows

    def _told(self, frame: Frame, took: float | None, wall_s: float) -> dict[str, Any]:
        shown = describe(frame.octets, texts=self.about.full, numbers=self.about.full)
        words = [f"{name}={_quoted(value)}" for name, value in shown.fields.items()]
        if shown.fault:
            words.append(f"FAULT={_quoted(shown.fault)}")
        return _row(
            _time(frame.at + wall_s),
            link=frame.name,
            way="sent" if frame.sent else "received",
            pdu=shown.command,
            sequence=shown.sequence,
            status=shown.status,
            ms=None if took is None else round(took * 1000, 1),
            detail=" ".join(words),
        )


class _Recording:
    """PDUs of a capture. It is over when it is full."""

    def __init__(self, about: About, packets: int, full: Deferred[None]) -> None:
        self.about = about
        self.frames: list[Frame] = []
        self._packets = packets
        self._bytes = 0
        self._full: Deferred[None] | None = full

    def wants(self, link: Link) -> bool:
        """See Listener."""
        return self._full is not None and self.about.wants(link)

    def seen(self, frame: Frame) -> None:
        """See Listener."""
        if self._full is None:
            return
        self.frames.append(frame)
        self._bytes += len(frame.octets) + HEADER_LENGTH
        if len(self.frames) >= self._packets or self._bytes >= _MOST_CAPTURED:
            self.end()

    def end(self) -> None:
        """It is over, once."""
        full, self._full = self._full, None
        if full is not None:
            full.callback(None)


class Taps:
    """Those who look. All calls are on the reactor's thread."""

    def __init__(self, wiretap: Wiretap, clock: Clock, reactor: IReactorTime) -> None:
        self._wiretap = wiretap
        self._clock = clock
        self._reactor = reactor
        self._taps: dict[str, _Tap] = {}
        self._listeners: list[Listener] = []

    def status(self) -> list[dict[str, Any]]:
        """Who looks at what, without numbers."""
        found: list[_Tap | _Recording] = [each for each in self._listeners if isinstance(each, _Tap | _Recording)]
        return [
            {
                "kind": "tap" if isinstance(each, _Tap) else "capture",
                "connector": each.about.connector,
                "account": each.about.account,
                "by_number": bool(each.about.number),
                "full": each.about.full,
            }
            for each in found
        ]

    # ------------------------------------------------------------------ row by row
    def begin(self, about: About, seconds: float) -> dict[str, Any]:
        """Look from now on, `seconds` at most; the first answer, which has no rows. CommandError when too many do."""
        tap = _Tap(about)
        self._add(tap)
        name = secrets.token_hex(8)
        self._taps[name] = tap
        tap.timers = [
            self._reactor.callLater(seconds, self._over, tap),
            self._reactor.callLater(_UNREAD_S, self._end, name),
        ]
        return {"rows": [], "next": name, "ended": False}

    def read(self, name: str, full: bool) -> Deferred[dict[str, Any]]:
        """What came since; waits a little for more. CommandError for a tap that is over, or is another command's."""
        tap = self._taps.get(name)
        if tap is None or tap.about.full is not full:
            raise CommandError("that tap is over: begin another one")
        tap.timers[1].reset(_UNREAD_S)
        answer: Deferred[dict[str, Any]] = Deferred()
        self._reactor.callLater(_STEP_S, self._answer, name, tap, answer, self._clock.monotonic() + _WAIT_S)
        return answer

    def _answer(self, name: str, tap: _Tap, answer: Deferred[dict[str, Any]], until: float) -> None:
        if not tap.waiting and not tap.over and self._clock.monotonic() < until - _STEP_S / 2:
            self._reactor.callLater(_STEP_S, self._answer, name, tap, answer, until)
            return
        rows = tap.take(self._wall_s())
        ended = tap.over and not tap.waiting
        if ended:
            self._end(name)
        answer.callback({"rows": rows, "next": name, "ended": ended})

    def _over(self, tap: _Tap) -> None:
        """Its time is up; what waits may still be read."""
        tap.over = True
        self._remove(tap)

    def _end(self, name: str) -> None:
        tap = self._taps.pop(name, None)
        if tap is None:
            return
        tap.over = True
        self._remove(tap)
        for timer in tap.timers:
            if timer.active():
                timer.cancel()

    # ------------------------------------------------------------------ to a file
    async def capture(self, about: About, seconds: float, packets: int) -> Capture:
        """Everything for so many seconds, or until there are so many PDUs. CommandError when too many look."""
        full: Deferred[None] = Deferred()
        recording = _Recording(about, packets, full)
        self._add(recording)
        timer = self._reactor.callLater(seconds, recording.end)
        try:
            await full
        finally:
            self._remove(recording)
            if timer.active():
                timer.cancel()
        wall_s = self._wall_s()
        made = Capture()
        for at, frame in enumerate(recording.frames, 1):
            octets = blank(frame.octets, texts=about.full, numbers=about.full)
            made.add(frame.link, frame.sent, frame.at + wall_s, octets)
            if at % _SLICE == 0:
                await self._next_turn()
        return made

    def _next_turn(self) -> Deferred[None]:
        turn: Deferred[None] = Deferred()
        self._reactor.callLater(0, turn.callback, None)
        return turn

    # ------------------------------------------------------------------ inside
    def _add(self, listener: Listener) -> None:
        if len(self._listeners) >= MOST:
            raise CommandError(f"{MOST} look at PDUs already; each is over 10 s after nobody reads it")
        self._listeners.append(listener)
        self._wiretap.add(listener)

    def _remove(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._wiretap.remove(listener)

    def _wall_s(self) -> float:
        """What is added to monotonic seconds to get seconds since 1970."""
        return self._clock.now_ms() / 1000 - self._clock.monotonic()


def _row(
    time: str,
    link: str = "",
    way: str = "",
    pdu: str = "",
    sequence: int | None = None,
    status: str = "",
    ms: float | None = None,
    detail: str = "",
) -> dict[str, Any]:
    """All rows have the same columns."""
    return {
        "time": time,
        "link": link,
        "way": way,
        "pdu": pdu,
        "sequence": sequence,
        "status": status,
        "ms": ms,
        "detail": detail,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(text: str) -> str:
    """A value as it stands behind '='; in quotes where it could not be told from the next one."""
    plain = text and text.isprintable() and not any(ch in ' "=' for ch in text)
    return (
        text
        if plain
        else '"' + "".join(ch if ch.isprintable() else f"\\u{ord(ch):04x}" for ch in text.replace('"', '\\"')) + '"'
    )
