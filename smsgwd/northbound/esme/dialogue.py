"""One bind's requests: how they are read, how they are answered, how many may wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from smsgwd.model.refusals import Refusal
from smsgwd.northbound.esme.account import EsmeBind
from smsgwd.northbound.esme.congestion import congestion
from smsgwd.northbound.esme.statuses import Statuses
from smsgwd.northbound.esme.translate import Translator
from smsgwd.northbound.pace import Pace
from smsgwd.smpp.constants import VERSION_5_0
from smsgwd.smpp.pdu import Pdu
from smsgwd.smpp.tables import response_to
from smsgwd.smpp.tlv import Tlvs
from smsgwd.telemetry import Metrics

if TYPE_CHECKING:
    from prometheus_client import Counter

    from smsgwd.northbound.esme.asks import Ask

Answer = tuple[int, int, bytes]
"""sequence_number, command_status, message_id."""

_LEAST_WINDOW = 50
_ALL_WINDOWS = 16_000  # requests that all binds together may have waiting: the pipeline takes 20,000
_SEPARATE_STATUSES = 64


class Windows:
    """How many unanswered requests a bind may have: what is configured, less when many binds share the pipeline."""

    def __init__(self, configured: int) -> None:
        self._configured = configured
        self._binds = 0
        self.limit = configured

    def count(self, change: int) -> None:
        """That many binds more (or fewer) send."""
        self._binds += change
        self.limit = max(1, min(self._configured, max(_LEAST_WINDOW, _ALL_WINDOWS // max(1, self._binds))))


class Dialogue:
    """`EsmeBind.state`: what is kept for a bind that sends. Nothing is answered once it is `gone`."""

    __slots__ = (
        "_counters",
        "_fill",
        "_metrics",
        "_pace",
        "_windows",
        "behind",
        "bind",
        "finished",
        "gone",
        "looking",
        "paused",
        "started",
        "statuses",
        "translator",
    )

    def __init__(
        self,
        bind: EsmeBind,
        windows: Windows,
        pace: Pace,
        fill: Callable[[], float],
        metrics: Metrics,
        max_parts: int,
    ) -> None:
        owner = bind.account.owner
        self.bind = bind
        self.statuses = Statuses(owner.tenant.smpp_errors)
        self.translator = Translator(
            bind.account.name,
            owner.credential.esme.alphabet,
            max_parts=max_parts,
            too_long=self.statuses.of(Refusal.TOO_MANY_PARTS.code),
        )
        self.gone = False
        self.paused = False
        self.started = 0  #: messages to be submitted
        self.finished = 0  #: of these, in the same order
        self.behind: deque[Ask] = deque()  #: one that looks for a message submitted before, and what came after it
        self.looking = False  #: the first one of them does
        self._windows = windows
        self._pace = pace
        self._fill = fill
        self._metrics = metrics
        self._counters: dict[int, Counter] = {}

    def answer(self, command_id: int, answers: Sequence[Answer]) -> None:
        """Answer several requests of one kind: `command_id` of a response that has a message_id and no more."""
        if self.gone or not answers:
            return
        bind = self.bind
        bind.connection.respond_many(command_id, answers, self.congestion() if bind.version >= VERSION_5_0 else ())
        bad = [answer[1] for answer in answers if answer[1]]
        if len(bad) < len(answers):
            self._counter(0).inc(len(answers) - len(bad))
        for status in bad:
            self._counter(status).inc()
        if self.paused:
            self._read_on()

    def respond(self, response: Pdu) -> None:
        """Answer one request."""
        if self.gone:
            return
        self.bind.connection.respond(response)
        self._counter(response.status).inc()
        if self.paused:
            self._read_on()

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer one request of any kind with an error."""
        self.respond(response_to(request.command_id, request.sequence, status))

    def hold_back(self) -> None:
        """Read no more from an ESME that has enough waiting."""
        if not self.paused and not self.gone and self._waiting() >= self._windows.limit:
            self.paused = True
            self.bind.connection.pause_reading()

    def congestion(self) -> Tlvs:
        """congestion_state: the fullest of the gateway, this bind's window and its account's rate."""
        owner = self.bind.account.owner
        return congestion(
            self._fill(),
            self.bind.connection.session.unanswered / self._windows.limit,
            self._pace.in_use(owner) if self._pace.limited(owner) else 0.0,
        )

    def _waiting(self) -> int:
        """Requests without an answer, or the messages of them where these are more: a submit_multi has up to 254."""
        return max(self.bind.connection.session.unanswered, self.started - self.finished)

    def _read_on(self) -> None:
        if self._waiting() * 2 <= self._windows.limit:
            self.paused = False
            self.bind.connection.resume_reading()

    def _counter(self, status: int) -> Counter:
        counter = self._counters.get(status)
        if counter is None:
            counter = self._metrics.esme_answers.labels(self.bind.account.name, f"0x{status:08x}")
            if len(self._counters) < _SEPARATE_STATUSES:
                self._counters[status] = counter
        return counter
