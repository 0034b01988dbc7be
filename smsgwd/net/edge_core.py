"""The gateway's side of HTTP workers: opens the sockets, starts the processes, answers their requests, replaces them.

Promises: the handler is the one that would serve connections here, and what it was asked runs to its end even when the
worker that asked is gone; a worker that dies, breaks the framing or does not answer for `_PINGS` pings is replaced,
after growing waits when that keeps happening; the listening sockets stay open meanwhile, so that clients wait rather
than being refused. The workers end with this process: they read the end of their socket pair.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, DeferredList, succeed

from smsgwd.net.edge_child import EdgeChild
from smsgwd.net.edge_frames import Setup
from smsgwd.net.edge_shares import Shares
from smsgwd.net.http_message import Handler, Observer
from smsgwd.net.listening import open_socket
from smsgwd.net.turn import Turn
from smsgwd.telemetry import get_logger

_START_LIMIT_S = 30.0
_STOP_GRACE_S = 2.0  # over the drain limit: what a worker needs to end after its last connection
_log = get_logger("http")


class WorkersFailed(Exception):
    """The workers did not start; the text says why."""


class HttpWorkers:
    """Serves HTTP through other processes, with the methods of an HttpListener that the daemon uses."""

    def __init__(
        self,
        reactor: Any,
        turn: Turn,
        handler: Handler,
        setup: Setup,
        command: Sequence[str],
        count: int,
        *,
        observer: Observer | None = None,
        on_up: Callable[[int], None] | None = None,
    ) -> None:
        """`command` starts a worker; the descriptor of its end of the socket pair is added as the last argument.

        `setup` is completed with number and sockets for each. `on_up` is told how many accept connections.
        """
        self._wanted = count
        self._reactor = reactor
        self._setup = setup
        self._on_up = on_up or (lambda up: None)
        self._sockets: list[socket.socket] = []
        self._memory = Shares.create(count)
        self._shares = Shares(self._memory, count)
        self._started: Deferred[None] | None = None
        self._start_limit: Any = None
        self._stopping = False
        self._children = [
            EdgeChild(
                reactor,
                turn,
                handler,
                number,
                command,
                setup=self._setup_of,
                observer=observer,
                changed=self._changed,
            )
            for number in range(1, count + 1)
        ]

    # -- life ------------------------------------------------------------------------------------------------------

    def listen(self, host: str, port: int, *, shared: bool = False) -> int:
        """Open a socket for the workers; returns the port (the one chosen when `port` is 0). `shared`: see
        `net.listening.listen_tcp`.

        Raises twisted.internet.error.CannotListenError.
        """
        made = open_socket(host, port, shared=shared)
        self._sockets.append(made)
        return int(made.getsockname()[1])

    def start(self) -> Deferred[None]:
        """Start the processes, after all `listen`. Fires when all accept connections; fails with WorkersFailed."""
        started: Deferred[None] = Deferred()
        self._started = started
        self._start_limit = self._reactor.callLater(
            _START_LIMIT_S, self._start_failed, f"HTTP workers: not all were there within {_START_LIMIT_S:g} s"
        )
        for child in self._children:
            try:
                child.start()
            except OSError as error:
                self._start_failed(f"HTTP worker {child.number}: {error}")
                break
        return started

    def stop(self, limit_s: float = 10.0) -> Deferred[None]:
        """Accept nothing more, answer what was taken, end the workers. Fires when they are gone.

        Connections still open after `limit_s` seconds are aborted; a worker that takes longer yet is killed.
        """
        if self._stopping:
            return succeed(None)
        self._stopping = True
        self._cancel_start_limit()
        waits = [child.stop(limit_s, limit_s + _STOP_GRACE_S) for child in self._children]
        self._close_sockets()
        return DeferredList(waits).addCallback(lambda _: None)

    def reload(self) -> None:
        """Tell the workers to read the certificate files again."""
        for child in self._children:
            child.reload()

    @property
    def connections(self) -> int:
        """How many connections are open, as the workers said last (every few seconds)."""
        return sum(child.connections for child in self._children)

    @property
    def up(self) -> int:
        """How many workers accept connections."""
        return sum(child.up for child in self._children)

    @property
    def wanted(self) -> int:
        """How many workers there are meant to be."""
        return self._wanted

    @property
    def pids(self) -> list[int]:
        """The process ids of those that run."""
        return [child.pid for child in self._children if child.pid]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _setup_of(self, number: int) -> Setup:
        sockets = [(each.fileno(), int(each.family)) for each in self._sockets]
        return msgspec.structs.replace(self._setup, number=number, sockets=sockets, shares=(self._memory, self._wanted))

    def _changed(self, number: int, died: str) -> None:
        """A worker has come up, or died: before all were up for the first time that is a failed start."""
        self._on_up(self.up)
        if died:
            self._shares.gone(number)
        if self._started is None or self._stopping:
            return
        if died:
            self._start_failed(f"HTTP workers: {died}")
        elif self.up == self._wanted:
            self._cancel_start_limit()
            started, self._started = self._started, None
            started.callback(None)

    def _start_failed(self, why: str) -> None:
        started, self._started = self._started, None
        if started is None:
            return
        self._stopping = True
        self._cancel_start_limit()
        for child in self._children:
            child.kill()
        self._close_sockets()
        started.errback(WorkersFailed(why))

    def _cancel_start_limit(self) -> None:
        if self._start_limit is not None and self._start_limit.active():
            self._start_limit.cancel()

    def _close_sockets(self) -> None:
        for each in self._sockets:
            each.close()
        self._sockets = []
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1
