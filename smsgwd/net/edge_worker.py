"""The worker's side: accepts on the gateway's sockets, does TLS and HTTP as an HttpListener does, asks for the answers.

The worker decides nothing: what is malformed, too large or too slow is answered here, by the same code that does it in
the gateway's process, and told for its counters; every whole request travels there. Whatever cannot travel yet waits
here, with its client not being read from: a connection has one request at a time.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smsgwd.net.edge_frames import (
    MOST_UNANSWERED,
    Alive,
    Answers,
    Asked,
    Begun,
    Drain,
    End,
    More,
    Ping,
    Ready,
    Refused,
    Reload,
    Setup,
    Splitter,
    ToWorker,
    encode_requests,
    request_frame_limit,
)
from smsgwd.net.edge_link import EdgeLink, join
from smsgwd.net.edge_shares import Shares
from smsgwd.net.edge_streams import Relays
from smsgwd.net.http_message import HttpRequest, HttpResponse, Later, Refuser
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.tls import ReloadableServerOptions, TlsError
from smsgwd.net.turn import Turn
from smsgwd.telemetry import get_logger

_ELSEWHERE = "counted by the gateway"
_log = get_logger("http")


class EdgeWorker:
    """One worker. `end` is called once, with the exit status, when there is nothing left to do."""

    def __init__(
        self, reactor: Any, descriptor: int, configure: Callable[[Setup], Refuser | None], end: Callable[[int], None]
    ) -> None:
        """`descriptor` = our end of the socket pair, taken over; `configure` gets the gateway's first frame, and says
        how refusals are told."""
        self._reactor = reactor
        self._turn = Turn(reactor)
        self._configure = configure
        self._end = end
        self._listener: HttpListener | None = None
        self._tls: ReloadableServerOptions | None = None
        self._frame_limit = 0
        self._number = 0
        self._waiting: dict[int, Later] = {}  # all requests without an answer
        self._sent = 0  # how many of them the gateway has
        self._asking: list[Asked] = []  # go out at the end of this turn
        self._asking_since = 0.0
        self._held: deque[Asked] = deque()  # go out when the gateway has answered others, or read more
        self._refused: list[int] = []
        self._link = link = EdgeLink(Splitter(ToWorker), self._received, self._lost, self._go_on)
        self._relays = Relays(link)
        with socket.socket(fileno=descriptor) as made:
            join(reactor, made, link)

    # -- the gateway -----------------------------------------------------------------------------------------------

    def _received(self, message: ToWorker) -> None:
        if isinstance(message, Answers):
            self._answered(message)
        elif isinstance(message, More):
            self._relays.more(message)
        elif isinstance(message, Begun):
            self._begun(message)
        elif isinstance(message, End):
            self._relays.end(message.number)
        elif isinstance(message, Ping):
            self._link.send(Alive(0 if self._listener is None else self._listener.connections))
        elif isinstance(message, Setup):
            self._set_up(message)
        elif isinstance(message, Reload):
            self._reload()
        elif isinstance(message, Drain):
            self._drain(message.limit_s)

    def _set_up(self, setup: Setup) -> None:
        refuse = self._configure(setup)
        try:
            if setup.certificate:
                self._tls = ReloadableServerOptions(Path(setup.certificate), Path(setup.key))
            limits = HttpLimits(**setup.limits)
            self._frame_limit = request_frame_limit(limits.max_body, limits.max_headers)
            self._listener = listener = HttpListener(
                self._reactor,
                self._ask,
                limits,
                trusted_proxies=tuple(ipaddress.ip_network(network) for network in setup.trusted_proxies),
                observer=self._observe,
                tls=self._tls,
                refuse=refuse,
            )
            shares = Shares(*setup.shares)
            os.close(setup.shares[0])
            for descriptor, family in setup.sockets:
                listener.adopt(descriptor, family, lambda: shares.has_most(setup.number, listener.connections))
                socket.close(descriptor)  # the listener has its own
        except (TlsError, OSError) as error:
            _log.error("worker.failed", reason=str(error))
            self._end(1)
            return
        shares.put(setup.number, 0)
        self._link.send(Ready())

    def _reload(self) -> None:
        if self._tls is None:
            return
        try:
            self._tls.reload()
        except TlsError as error:  # the gateway could read it a moment ago
            _log.error("listener.certificate_kept", listener="http", reason=str(error))
        else:
            _log.debug("worker.certificate_reloaded")

    def _drain(self, limit_s: float) -> None:
        if self._listener is None:
            self._end(0)
        else:
            self._listener.stop(limit_s).addCallback(self._drained)

    def _drained(self, _: object) -> None:
        self._tell_refused()
        self._end(0)

    def _lost(self, why: str) -> None:
        """Without the gateway nothing can be answered: its clients see the end of their connections, and ask again."""
        self._end(1)

    # -- requests --------------------------------------------------------------------------------------------------

    def _ask(self, request: HttpRequest) -> Later:
        """The handler of our listener."""
        self._number += 1
        later = self._waiting[self._number] = Later()
        asked = Asked(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            request.address,
            request.raw_query,
            request.query_fault,
            number=self._number,
        )
        if self._held or self._sent >= MOST_UNANSWERED or self._link.full:
            self._held.append(asked)
        else:
            self._send_soon(asked)
        return later

    def _send_soon(self, asked: Asked) -> None:
        if not self._asking:
            self._asking_since = time.monotonic()
            self._turn.add(self._send)
        self._asking.append(asked)
        self._sent += 1

    def _send(self) -> None:
        asking, self._asking = self._asking, []
        self._link.send_frames(encode_requests(self._asking_since, asking, self._frame_limit))

    def _answered(self, answers: Answers) -> None:
        self._sent -= len(answers.answered)
        for answered in answers.answered:
            later = self._waiting.pop(answered.number, None)
            if later is not None:
                later.answer(HttpResponse(answered.status, answered.headers, answered.body, _ELSEWHERE))
        if self._held:
            self._go_on()

    def _begun(self, begun: Begun) -> None:
        self._sent -= 1
        answered = begun.answered
        later = self._waiting.pop(answered.number, None)
        if later is not None:
            stream = self._relays.begin(answered.number)
            later.answer(HttpResponse(answered.status, answered.headers, answered.body, _ELSEWHERE, stream))
        if self._held:
            self._go_on()

    def _go_on(self) -> None:
        """There may be room for what is held."""
        while self._held and self._sent < MOST_UNANSWERED and not self._link.full:
            self._send_soon(self._held.popleft())

    def _observe(self, route: str, status: int, seconds: float) -> None:
        """Answers that are not the handler's are our listener's refusals."""
        if route != _ELSEWHERE:
            if not self._refused:
                self._turn.add(self._tell_refused)
            self._refused.append(status)

    def _tell_refused(self) -> None:
        refused, self._refused = self._refused, []
        if refused:
            self._link.send(Refused(refused))
