"""A provider in a process of its own: whatever its plugin does, it does it there.

Promises: a call always ends, in time; a process that dies, breaks the framing or answers no pings is replaced, after
growing waits; what it had asked permits for is given back; and no call that may have sent something is told as unsent.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from math import inf
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from smsgwd.net.edge_frames import Splitter
from smsgwd.net.edge_link import EdgeLink, join
from smsgwd.net.turn import Turn
from smsgwd.ports.clock import Clock
from smsgwd.southbound.provider.calls import Call, Done
from smsgwd.southbound.provider.frames import (
    MOST,
    Alive,
    Ask,
    Begin,
    Failed,
    Finished,
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
from smsgwd.southbound.provider.local import NOT_RUNNING, STOPPED
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.results import line
from smsgwd.southbound.provider.said import sayer
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.worker_calls import WorkerCalls
from smsgwd.southbound.provider.worker_process import end_group, has_ended, spawned, words_of
from smsgwd.telemetry import ProviderMetrics, get_logger

MEMORY: Final = 512 * 1024 * 1024
"""Octets of data a plugin's process may have; Python, Twisted and a plugin begin with some 50 MB."""

_REAP_EVERY_S = 0.02
_KILLED = "it was killed"
_LONGEST_WHY = 200
#: Lines between two pings, and answers to nothing: a plugin's host keeps to 50 lines in ten seconds, and few calls are
#: given up just when they are answered.
_MOST_SAID = 1000
_log = get_logger("southbound")


class ProcessRunner:
    """See runner.Runner."""

    def __init__(
        self,
        settings: ProviderSettings,
        reactor: Any,
        clock: Clock,
        permits: Permits,
        callback_url: str = "",
        *,
        begin_s: float = 30.0,
        ping_every_s: float = 5.0,
        pings: int = 3,
        waits_s: tuple[float, float] = (0.5, 60.0),
        good_after_s: float = 60.0,
        grace_s: float = 5.0,
        memory: int = MEMORY,
        metrics: ProviderMetrics | None = None,
    ) -> None:
        """`begin_s`: from the start of a process to its first word; `pings` without an answer, `ping_every_s` apart,
        are its end; `waits_s`: the first and the longest wait before the next process; `good_after_s`: so long up, and
        the wait is the first again; `grace_s`: how much later than its limit a call is given up from here."""
        self.state = "stopped"
        self.trouble = ""
        self.restarts = 0  #: processes after the first one
        self._settings = settings
        self._reactor = reactor
        self._callback_url = callback_url
        self._begin_s = begin_s
        self._ping_every_s = ping_every_s
        self._most_pings = pings
        self._waits_s = waits_s
        self._good_after_s = good_after_s
        self._memory = memory
        self._metrics = metrics
        self._say = sayer(settings.id)
        self._calls = WorkerCalls(reactor, permits, self._send, grace_s, metrics)
        self._turn = Turn(reactor)
        self._frames: list[bytes] = []
        self._changed: Callable[[], None] = lambda: None
        self._process: subprocess.Popen[bytes] | None = None
        self._link: EdgeLink | None = None
        self._pings = 0  # counted, not timed: a gateway that stood still itself shall not blame its plugins
        self._said = 0
        self._why = ""  # it is being killed
        self._bad_frame = ""  # why its link was closed
        self._up_since = inf
        self._wait_s = waits_s[0]
        self._timer: IDelayedCall | None = None  # the next ping, or the next start
        self._stopping: Deferred[None] | None = None

    @property
    def pid(self) -> int:
        """See Runner."""
        return 0 if self._process is None else self._process.pid

    # -- Runner ----------------------------------------------------------------------------------------------------

    def start(self, changed: Callable[[], None]) -> None:
        """See Runner."""
        self._changed = changed
        self._wait_s = self._waits_s[0]
        if self._stopping is None:
            self._spawn_or_wait()
        else:  # the one before has not ended yet
            self._be("starting")

    def stop(self) -> Deferred[None]:
        """See Runner. What is out is given up: whoever wants its answers waits for them first."""
        self._cancel_timer()
        if self._process is not None and self._stopping is None:
            self._stopping = Deferred()
            self._kill("")
        self._be("stopped")
        self._calls.end_all(STOPPED, fault=False)
        if self._stopping is None:
            return succeed(None)
        ended: Deferred[None] = Deferred()
        self._stopping.addCallback(lambda _: ended.callback(None))
        return ended

    def call(self, call: Call, limit_s: float, *, record: bool = False) -> Deferred[Done]:
        """See Runner."""
        if self.state != "running":
            return succeed(Done(trouble=NOT_RUNNING))
        number, result = self._calls.add(call, limit_s)
        try:
            self._send(Begin(number, call, limit_s, record))
        except (TooLarge, UnicodeEncodeError, TypeError) as error:  # nothing that the plugin did, or could do
            self._calls.end(number, Done(trouble=f"it cannot be handed over: {error}", fault=True))
        return result

    # -- its life --------------------------------------------------------------------------------------------------

    def _spawn_or_wait(self) -> None:
        self._timer = None
        try:
            self._spawn()
        except (OSError, NotImplementedError, TypeError, TooLarge) as error:
            self._failed(f"its process cannot be started: {error}")

    def _spawn(self) -> None:
        """Start a process. Raises OSError when the system has no room for one, others for options not to be sent."""
        settings = self._settings
        setup = encode(
            Setup(
                settings.plugin.name,
                dict(settings.options),
                settings.id,
                self._callback_url,
                settings.connect_s,
                settings.answer_s,
            )
        )
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = spawned(theirs.fileno(), os.getpid(), self._memory)
            # One that takes nothing is not listened to: what it says would fill our memory.
            self._link = link = EdgeLink(Splitter(ToHost, MOST), self._received, self._lost, reads_when_full=False)
            self._pings, self._said, self._why, self._frames = 0, 0, "", []
            join(self._reactor, ours, link)
        link.send_frames([setup])
        self._timer = self._reactor.callLater(self._begin_s, self._hung, self._begin_s)
        self._be("starting")

    def _received(self, message: ToHost) -> None:
        if self._stopping is not None:
            return
        if isinstance(message, Ask):
            if not self._calls.ask(message.request, message.call):
                self._kill("it asks for too many requests")
        elif isinstance(message, Over):
            if not self._calls.over(message.request, message.status, message.written):
                self._needless()
        elif isinstance(message, Finished):
            if not self._calls.end(message.number, message.done):
                self._needless()
        elif isinstance(message, Alive):
            if not self._pings:
                self._needless()
            self._pings = 0
        elif isinstance(message, Said):
            self._log(message)
        elif isinstance(message, Ready):
            self._cancel_timer()
            self._up_since = self._reactor.seconds()
            self._ping()
            _log.info("provider.started", connector=self._settings.id, plugin=self._settings.plugin.name, pid=self.pid)
            self._be("running")
        elif isinstance(message, Failed):
            self._kill(line(message.reason, _LONGEST_WHY) or "it cannot be made")

    def _log(self, said: Said) -> None:
        if self._needless():
            self._say(said.event, said.fields)

    def _needless(self) -> bool:
        """It says what nobody waits for, which takes our time; False when it is too much of that."""
        self._said += 1
        if self._said > _MOST_SAID:
            self._kill("it says too much")
        return self._said <= _MOST_SAID

    def _ping(self) -> None:
        self._timer = None
        if self._pings >= self._most_pings:
            self._hung(self._pings * self._ping_every_s)
            return
        self._pings += 1
        self._said = 0
        self._send(Ping())
        self._timer = self._reactor.callLater(self._ping_every_s, self._ping)

    def _hung(self, seconds: float) -> None:
        self._timer = None
        _log.error("provider.hung", connector=self._settings.id, pid=self.pid, seconds=seconds)
        self._kill(f"its process did not answer for {seconds:g} s")

    def _kill(self, why: str) -> None:
        """End the process. The link is closed from here: what the process has started may hold the other end."""
        self._why = self._why or why
        if self._process is not None:
            end_group(self._process)
        if self._link is not None:
            self._link.break_off(_KILLED)

    def _lost(self, why: str) -> None:
        """The link is closed: whatever is left of the process goes too."""
        self._link = None
        self._frames = []
        self._cancel_timer()
        if self._process is not None:
            self._bad_frame = why if self._stopping is None and why.startswith("a frame") else ""
            self._reap(0)

    def _reap(self, times: int) -> None:
        process = self._process
        assert process is not None
        if not has_ended(process):
            if times == 5:  # one that is ending by itself has had its time: its own status says more than ours
                self._kill("")
            self._reactor.callLater(_REAP_EVERY_S, self._reap, times + 1)
            return
        end_group(process)  # what it has started is not left behind; its number is nobody else's until it is waited for
        process.wait()
        self._process = None
        if self._stopping is not None:
            stopping, self._stopping = self._stopping, None
            if self.state == "starting":  # somebody has started it meanwhile
                self._spawn_or_wait()
            stopping.callback(None)
            return
        # What it could not say well is why, unless it ended in the middle of it.
        bad_frame = self._bad_frame if process.returncode in (0, -signal.SIGKILL) else ""
        self._failed(self._why or bad_frame or f"its process ended: {words_of(process.returncode)}")

    def _failed(self, why: str) -> None:
        """No process: the next one comes later."""
        if self._reactor.seconds() - self._up_since > self._good_after_s:
            self._wait_s = self._waits_s[0]
        self._up_since = inf
        self.trouble = why
        _log.error("provider.failed", connector=self._settings.id, reason=why, wait=self._wait_s)
        self._timer = self._reactor.callLater(self._wait_s, self._again)
        self._wait_s = min(2 * self._wait_s, self._waits_s[1])
        self._be("failed")
        self._calls.end_all(why, fault=True)

    def _again(self) -> None:
        self.restarts += 1
        if self._metrics is not None:
            self._metrics.worker_restarts.inc()
        self._spawn_or_wait()

    # -- words to it -----------------------------------------------------------------------------------------------

    def _send(self, message: ToPlugin) -> None:
        frame = encode(message)
        if not self._frames:
            self._turn.add(self._flush)
        self._frames.append(frame)

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if self._link is not None and frames:
            self._link.send_frames(frames)

    def _be(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._changed()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
