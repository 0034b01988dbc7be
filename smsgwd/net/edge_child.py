"""One HTTP worker as the gateway's process sees it: a child process that asks, is answered, is watched and replaced."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from twisted.internet.defer import Deferred, succeed

from smsgwd.net.edge_frames import (
    MOST_UNANSWERED,
    Alive,
    Answered,
    Answers,
    Drain,
    Gone,
    Ping,
    Ready,
    Refused,
    Reload,
    Requests,
    Setup,
    Splitter,
    Taken,
    ToGateway,
    encode,
    request_frame_limit,
)
from smsgwd.net.edge_link import EdgeLink, join
from smsgwd.net.edge_streams import Streams
from smsgwd.net.http_message import Handler, HttpResponse, Later, Observer
from smsgwd.net.http_server import HttpListener
from smsgwd.net.http_stream import Stream
from smsgwd.net.turn import Turn
from smsgwd.telemetry import get_logger

_BEGIN_S = 30.0  # from its start to its first word
_PING_EVERY_S = 5.0
_PINGS = 3  # without an answer; counted, not timed: a gateway that stood still itself shall not blame its workers
_OLDEST_S = 600.0  # a request that comes from a worker
_REAP_EVERY_S = 0.02
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 10.0
_GOOD_AFTER_S = 60.0  # up for that long, a worker that dies is replaced at once again
_NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # systemd's words are for the daemon alone
_log = get_logger("http")


class EdgeChild:
    """A worker over all the processes it is in its time. `up` while one accepts connections."""

    def __init__(
        self,
        reactor: Any,
        turn: Turn,
        handler: Handler,
        number: int,
        command: Sequence[str],
        *,
        setup: Callable[[int], Setup],
        observer: Observer | None,
        changed: Callable[[int, str], None],
    ) -> None:
        """`changed` is called with our number when it comes up, with "", and when it died, with how."""
        self.number = number
        self.up = False
        self.connections = 0
        self._reactor = reactor
        self._turn = turn
        # Never listens: it turns what a handler raises into an answer, as it does for connections of its own.
        self._respond = HttpListener(reactor, handler).respond
        self._command = list(command)
        self._setup = setup
        self._observe = observer or (lambda route, status, seconds: None)
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._link: EdgeLink | None = None
        self._unanswered = 0
        self._answers: list[Answered] = []
        self._streams = Streams()
        self._pings = 0
        self._up_since = inf
        self._wait_s = _FIRST_WAIT_S
        self._timer: Any = None  # the next ping, or the next start
        self._stopping = False
        self._ended: Deferred[None] | None = None
        self._end_limit: Any = None

    @property
    def pid(self) -> int:
        """The process id, 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process. Raises OSError when the system has no room for one."""
        self._timer = None
        self._up_since = inf
        setup = self._setup(self.number)
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- a command of this package, no shell
                [*self._command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), setup.shares[0], *(descriptor for descriptor, _ in setup.sockets)),
                env=environment,
            )
            limits = setup.limits
            limit = request_frame_limit(limits["max_body"], limits["max_headers"])
            self._link = link = self._new_link(limit)
            self._unanswered, self._answers, self._pings = 0, [], 0
            join(self._reactor, ours, link)
        link.send(setup)
        self._timer = self._reactor.callLater(_BEGIN_S, self._hung, _BEGIN_S)

    def _new_link(self, limit: int) -> EdgeLink:
        """Our end for a new process. One that takes no answers is not listened to: they would fill our memory."""
        return EdgeLink(Splitter(ToGateway, limit), self._received, self._lost, reads_when_full=False)

    def stop(self, limit_s: float, kill_after_s: float) -> Deferred[None]:
        """Let it answer what was taken, for `limit_s` seconds at most. Fires when the process is gone."""
        self._stopping = True
        if self._process is None:
            self._cancel_timer()
            return succeed(None)
        self._ended = Deferred()
        self._end_limit = self._reactor.callLater(kill_after_s, self._too_long)
        if self._link is not None:
            self._link.send(Drain(limit_s))
        return self._ended

    def kill(self) -> None:
        """End the process now, and start no other."""
        self._stopping = True
        self._cancel_timer()
        if self._process is not None:
            self._process.kill()

    def reload(self) -> None:
        """Tell it to read its certificate files again. One that is just starting reads the new ones anyway."""
        if self._link is not None:
            self._link.send(Reload())

    # -- what it says ----------------------------------------------------------------------------------------------

    def _received(self, message: ToGateway) -> None:
        if isinstance(message, Requests):
            self._asked(message)
        elif isinstance(message, Taken):
            if not self._streams.taken(message) and self._link is not None:
                self._link.break_off("it took more of an answer than it was sent")
        elif isinstance(message, Gone):
            self._streams.gone(message.number)
        elif isinstance(message, Refused):
            self._refused(message.statuses)
        elif isinstance(message, Alive):
            self._pings = 0
            self.connections = message.connections
        elif isinstance(message, Ready):
            self.up = True
            self._up_since = self._reactor.seconds()
            self._cancel_timer()
            self._ping()
            _log.info("worker.up", worker=self.number, pid=self.pid)
            self._changed(self.number, "")

    def _refused(self, statuses: list[int]) -> None:
        """Count what it answered by itself. Each status is a series that is kept: no worker may invent some."""
        for status in statuses:
            if status != 200 and not 400 <= status < 600:  # some providers' APIs tell errors with 200
                if self._link is not None:
                    self._link.break_off(f"it refused a request with status {status}")
                return
            self._observe("", status, 0.0)

    def _asked(self, requests: Requests) -> None:
        """Have requests answered. About 3 µs each beside the handler, at 8 in a frame."""
        link = self._link
        assert link is not None
        self._unanswered += len(requests.asked)
        if self._unanswered > MOST_UNANSWERED:
            link.break_off(f"it sent more than {MOST_UNANSWERED} requests before they were answered")
            return
        respond, answer, at = self._respond, self._answer, requests.at
        now = self._reactor.seconds()
        if not now - _OLDEST_S < at <= now:  # it cannot be, or is no number, which would stay in the sum for good
            at = now
        for request in requests.asked:
            result = respond(request)
            asked = (link, request.number, at)
            if isinstance(result, HttpResponse):
                answer(result, asked)
            elif isinstance(result, Later):
                result.on_answer(answer, asked)
            else:
                result.addCallback(answer, asked)

    def _answer(self, response: HttpResponse, asked: tuple[EdgeLink, int, float]) -> None:
        """Count an answer and send it at the end of the turn, unless the process that asked is gone meanwhile."""
        link, number, at = asked
        self._observe(response.route, response.status, self._reactor.seconds() - at)
        if response.stream is not None:
            self._begin(response, response.stream, link, number)
            return
        if link is not self._link:
            return
        if not self._answers:
            self._turn.add(self._send_answers)
        self._answers.append(Answered(number, response.status, response.headers, response.body))

    def _begin(self, response: HttpResponse, stream: Stream, link: EdgeLink, number: int) -> None:
        """Send an answer that goes on, unless the process that asked is gone meanwhile."""
        if link is not self._link:
            stream.gone()
        else:
            self._unanswered -= 1
            self._streams.begin(link, number, response, stream)

    def _send_answers(self) -> None:
        answers, self._answers = self._answers, []
        if self._link is not None and answers:
            self._unanswered -= len(answers)
            self._link.send_frames([encode(Answers(answers))])

    # -- watching and replacing ------------------------------------------------------------------------------------

    def _ping(self) -> None:
        self._timer = None
        if self._pings >= _PINGS:
            self._hung(_PINGS * _PING_EVERY_S)
            return
        self._pings += 1
        if self._link is not None:
            self._link.send(Ping())
        self._timer = self._reactor.callLater(_PING_EVERY_S, self._ping)

    def _hung(self, seconds: float) -> None:
        self._timer = None
        _log.error("worker.hung", worker=self.number, pid=self.pid, seconds=seconds)
        if self._process is not None:
            self._process.kill()  # its end of the socket pair closes with it

    def _lost(self, why: str) -> None:
        """The link is closed: whatever is left of the process goes too."""
        self._link = None
        self._answers = []
        self._streams.all_gone()
        self.up, self.connections = False, 0
        self._cancel_timer()
        if self._process is not None:
            if not self._stopping:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            self._reap(why)

    def _reap(self, why: str) -> None:
        process = self._process
        assert process is not None
        status = process.poll()
        if status is None:
            self._reactor.callLater(_REAP_EVERY_S, self._reap, why)
            return
        self._process = None
        if self._stopping:
            if self._end_limit is not None and self._end_limit.active():
                self._end_limit.cancel()
            if self._ended is not None:
                ended, self._ended = self._ended, None
                ended.callback(None)
            return
        if self._reactor.seconds() - self._up_since > _GOOD_AFTER_S:
            self._wait_s = _FIRST_WAIT_S
        _log.error("worker.lost", worker=self.number, pid=process.pid, status=status, reason=why, wait=self._wait_s)
        self._again()
        self._changed(self.number, f"worker {self.number} ended with status {status}")

    def _again(self) -> None:
        self._timer = self._reactor.callLater(self._wait_s, self._restart)
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)

    def _restart(self) -> None:
        try:
            self.start()
        except OSError as error:
            _log.error("worker.lost", worker=self.number, pid=0, status=0, reason=str(error), wait=self._wait_s)
            self._again()

    def _too_long(self) -> None:
        if self._process is not None:
            _log.warning("daemon.drain_timeout", reason=f"HTTP worker {self.number} takes too long")
            self._process.kill()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
