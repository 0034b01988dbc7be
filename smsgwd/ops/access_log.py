"""The access log: a line for each HTTP request of tenants, gathered for a second and written off the reactor.

An answer that goes on (`net.http_stream`) has its line when it begins, so that whoever looks is seen while they look:
`seconds` until then, and as `sent` its first bytes. It costs no request any time; lines that cannot be written are left
out and counted. The query of a URL, which may hold numbers, texts and passwords, is never written; nor is the token of
a provider's callback.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from smsgwd.config.model.operations import AccessLog as Section
from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse, Later
from smsgwd.ops.rotating import RotatingFile
from smsgwd.telemetry import get_logger
from smsgwd.telemetry.logs import without_controls
from smsgwd.telemetry.redact import mask_number

_EVERY_S: Final = 1.0
_MOST: Final = 100_000  # lines that wait for a disk
_LONGEST: Final = 500  # characters of a path or a User-Agent
_MB: Final = 1_000_000
#: A number of a person as a part of a path (a group's member); ids have more digits, and are what one looks for.
_NUMBER: Final = re.compile(r"(?<=/)(?:\+|%2[Bb])?[0-9]{7,15}(?=/|$)")
#: What follows a connector's name in the path of a callback is a secret, however somebody escaped it.
_CALLBACK: Final = re.compile(r"(callback(?:/|%2f)+[^/%]*)(?:/|%2f).*", re.IGNORECASE | re.DOTALL)
_encode = msgspec.json.Encoder().encode
_log = get_logger("access")


class Clock(Protocol):
    """Times."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class AccessLog:
    """Writes what `handler` answers. `lost` are lines left out since start."""

    def __init__(self, reactor: Any, clock: Clock, section: Section) -> None:
        self._reactor = reactor
        self._clock = clock
        self._section = section
        self._file: RotatingFile | None = None  # used by the thread that writes
        self._file_of = section
        self._lines: list[bytes] = []
        self._call: IDelayedCall | None = None
        self._writing: Deferred[Any] | None = None
        self._told = ""
        self.lost = 0

    def become(self, section: Section) -> None:
        """Go by another configuration from the next line on."""
        if section != self._section:
            self._section = section

    def over(self, handler: Handler) -> Handler:
        """The handler, with every answer of it noted while that is wanted."""

        def handle(request: HttpRequest) -> HttpResponse | Later | Deferred[HttpResponse]:
            if self._section.path is None:
                return handler(request)
            begun = self._clock.monotonic()
            answer = handler(request)
            if isinstance(answer, HttpResponse):
                self._note(request, answer, begun)
            elif isinstance(answer, Later):
                later = Later()
                answer.on_answer(self._noted, (request, begun, later))
                return later
            else:
                answer.addCallback(self._passed, request, begun)
            return answer

        return handle

    def stop(self) -> Deferred[None]:
        """Write what was gathered; fires when that is over."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        if self._writing is None:
            self._write()
        if self._writing is None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._writing.addBoth(lambda _: done.callback(None))
        return done.addCallback(lambda _: self.stop())  # what was gathered while that was written

    def _noted(self, response: HttpResponse, arg: tuple[HttpRequest, float, Later]) -> None:
        request, begun, later = arg
        self._note(request, response, begun)
        later.answer(response)

    def _passed(self, response: HttpResponse, request: HttpRequest, begun: float) -> HttpResponse:
        self._note(request, response, begun)
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, begun: float) -> None:
        if len(self._lines) >= _MOST:
            self.lost += 1
            return
        clock = self._clock
        now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
        self._lines.append(
            without_controls(
                _encode(
                    {
                        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                        "address": request.address,
                        "method": request.method,
                        "path": _CALLBACK.sub(r"\1/***", _NUMBER.sub(_cut, request.path[:_LONGEST])),
                        "route": response.route,
                        "status": response.status,
                        "seconds": round(clock.monotonic() - begun, 6),
                        "received": len(request.body),
                        "sent": len(response.body),
                        "agent": request.headers.get("user-agent", "")[:_LONGEST],
                    }
                )
            )
        )
        if self._call is None and self._writing is None:
            self._call = self._reactor.callLater(_EVERY_S, self._write)

    def _write(self) -> None:
        self._call = None
        lines, self._lines = self._lines, []
        if not lines:
            return
        self._writing = deferToThread(self._written, lines, self._section)
        self._writing.addErrback(self._failed, len(lines)).addCallback(self._again)

    def _written(self, lines: list[bytes], section: Section) -> None:
        """In a thread, one at a time; `section` may be no longer the one in force."""
        if section.path is None:
            return
        if self._file is None or self._file_of is not section:
            if self._file is not None:
                self._file.close()
            self._file, self._file_of = None, section
            file = RotatingFile(
                section.path,
                lambda: self._clock.now_ms() / 1000,
                max_bytes=int(section.max_mb * _MB),
                max_age_s=section.max_age_h * 3600,
                keep=section.keep,
            )
            file.open()
            self._file = file
        self._file.write(lines, sync=False)

    def _again(self, _: object) -> None:
        self._writing = None
        if self._lines and self._call is None:
            self._call = self._reactor.callLater(_EVERY_S, self._write)

    def _failed(self, failure: Failure, count: int) -> None:
        self.lost += count
        self._file = None
        said = str(failure.value)
        if said != self._told:
            self._told = said
            _log.error("access.write_failed", path=str(self._section.path), reason=said)


def _cut(found: re.Match[str]) -> str:
    return mask_number(found[0].replace("%2B", "+").replace("%2b", "+"))
