"""An answer that goes on: what follows its first bytes (Server-Sent Events, say), until either side ends it.

The handler makes a `Stream`, puts it into its `HttpResponse` and sends when it likes. The engine attaches a `Sink`:
the connection itself (`http_channel`), or the way to the worker that has it (`edge_streams`). Nothing waits here: what
the client does not take in time is thrown away, and who sent it is told so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smsgwd.telemetry import get_logger

_log = get_logger("http")


class Sink(Protocol):
    """Where a stream's bytes go; the engine's side of it."""

    @property
    def full(self) -> bool:
        """The client has not taken what was sent before."""

    def more(self, data: bytes) -> None:
        """Send bytes, now."""

    def finish(self) -> None:
        """Send no more: the stream was ended. Called once, and nothing after it."""


class Stream:
    """What follows the first bytes of one answer. `open` until either side has ended it, or the listener stops.

    A client that has left without a word is found out by what is sent to it: send something now and then, a comment
    line at least.
    """

    __slots__ = ("_callbacks", "_sink", "open")

    def __init__(self) -> None:
        self.open = True
        self._sink: Sink | None = None
        self._callbacks: list[Callable[[], None]] = []

    # -- for handlers ----------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> bool:
        """Send bytes. False: they were thrown away, all of them. The answer has not begun yet, or is over, or the
        client has not taken what was sent before (some 64 KiB may be on their way to it)."""
        sink = self._sink
        if sink is None or sink.full:
            return False
        sink.more(data)
        return True

    def end(self) -> None:
        """The answer is whole: what was sent still goes out, then the connection is closed. May be called again."""
        sink = self._sink
        self._sink = None
        if sink is not None:
            sink.finish()
        self.gone()

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Call `callback` once: when the client leaves, the stream is ended or the listener stops; now if that has
        been. One that fails is logged, and keeps nothing else from its end."""
        if self.open:
            self._callbacks.append(callback)
        else:
            _call(callback)

    # -- for the engine --------------------------------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        """The first bytes are sent: from now on there is somewhere to send more to. An ended stream finishes it."""
        if self.open:
            self._sink = sink
        else:
            sink.finish()

    def gone(self) -> None:
        """Nothing more can be sent: the client has left, or was never there. May be called again."""
        self.open = False
        self._sink = None
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            _call(callback)

    def room(self) -> None:
        """The client has taken what was sent before. Handlers need not know; a worker tells the gateway."""


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        _log.error("daemon.unhandled_error", exc_info=True)
