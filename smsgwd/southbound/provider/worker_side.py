"""The plugin's side of the socket pair: makes the provider, has its calls run, asks the gateway for permits."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

from smsgwd.net.edge_frames import Splitter
from smsgwd.net.edge_link import EdgeLink, join
from smsgwd.net.turn import Turn
from smsgwd.providers.loading import PluginTrouble, load
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.engine import CannotRun, Engine, Terms
from smsgwd.southbound.provider.frames import (
    MOST,
    Alive,
    Ask,
    Begin,
    Cancel,
    Failed,
    Finished,
    Granted,
    Over,
    Ping,
    Ready,
    Said,
    Setup,
    ToHost,
    TooLarge,
    ToPlugin,
    encode,
)
from smsgwd.southbound.provider.requests import client_for_plugins


class FramedTicket:
    """A request's place in the line that is kept in the gateway's process."""

    __slots__ = ("_number", "_over")

    def __init__(self, number: int, over: Callable[[int, int, bool], None]) -> None:
        self._number = number
        self._over = over

    def over(self, status: int = 0, written: bool = False) -> None:
        """See requests.Ticket."""
        self._over(self._number, status, written)


class PluginSide:
    """One plugin's process. `end` is called once, with the exit status."""

    def __init__(self, reactor: Any, descriptor: int, end: Callable[[int], None]) -> None:
        """`descriptor` = our end of the socket pair, taken over."""
        self._reactor = reactor
        self._turn = Turn(reactor)
        self._end = end
        self._engine: Engine | None = None
        self._asked: dict[int, Callable[[], None]] = {}
        self._number = 0
        self._frames: list[bytes] = []
        # This end reads always: of the two, one must.
        self._link = link = EdgeLink(Splitter(ToPlugin, MOST), self._received, self._lost)
        with socket.socket(fileno=descriptor) as made:
            join(reactor, made, link)

    # -- the gateway -----------------------------------------------------------------------------------------------

    def _received(self, message: ToPlugin) -> None:
        if isinstance(message, Granted):
            go = self._asked.pop(message.request, None)
            if go is not None:
                go()
        elif isinstance(message, Begin):
            self._begin(message)
        elif isinstance(message, Ping):
            self._send(Alive())
        elif isinstance(message, Cancel):
            if self._engine is not None:
                self._engine.cancel(message.number, "it was given up")
        else:
            self._set_up(message)

    def _set_up(self, setup: Setup) -> None:
        try:
            plugin = load(setup.plugin)
            self._engine = Engine(
                plugin,
                setup.options,
                Terms(setup.connector, setup.callback_url, setup.connect_s, setup.answer_s),
                self._reactor,
                lambda: time.time_ns() // 1_000_000,
                client_for_plugins(self._reactor),
                self,
                self._say,
            )
        except (PluginTrouble, CannotRun) as error:
            self._flush()
            self._link.send_frames([encode(Failed(str(error).encode("utf-8", "replace").decode()))])
            self._reactor.callLater(0, self._end, 1)
        else:
            self._send(Ready())

    def _lost(self, why: str) -> None:
        """Without the gateway there is nobody to work for."""
        self._end(0)

    # -- calls -----------------------------------------------------------------------------------------------------

    def _begin(self, begin: Begin) -> None:
        if self._engine is not None:
            number = begin.number
            self._engine.begin(number, begin.call, begin.limit_s, begin.record, lambda done: self._finish(number, done))

    def _finish(self, number: int, done: Done) -> None:
        try:
            frame = encode(Finished(number, done))
        except TooLarge as error:
            frame = encode(Finished(number, Done(trouble=str(error), fault=True, written=done.written)))
        self._add(frame)

    # -- permits (requests.Gate) -----------------------------------------------------------------------------------

    def ask(self, call: int, granted: Callable[[], None]) -> FramedTicket:
        """See Gate."""
        self._number += 1
        self._asked[self._number] = granted
        self._send(Ask(self._number, call))
        return FramedTicket(self._number, self._over)

    def _over(self, request: int, status: int, written: bool) -> None:
        self._asked.pop(request, None)
        self._send(Over(request, status, written))

    # -- lines -----------------------------------------------------------------------------------------------------

    def _say(self, event: str, fields: dict[str, Any]) -> None:
        with contextlib.suppress(TooLarge):
            self._send(Said(event, fields))

    def _send(self, message: ToHost) -> None:
        self._add(encode(message))

    def _add(self, frame: bytes) -> None:
        if not self._frames:
            self._turn.add(self._flush)
        self._frames.append(frame)

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if frames:
            self._link.send_frames(frames)
