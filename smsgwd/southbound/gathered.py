"""What one turn of the reactor brings on the binds of a connector: taken together when the turn ends.

At one PDU a read on four binds it would cost 5 us a message more to take each read by itself. Answers come before
requests, whatever came first: a receipt must not be looked at before the answer that has the id which it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smsgwd.net.smpp import SmppConnection
from smsgwd.ports.clock import Clock
from smsgwd.smpp.events import Answer
from smsgwd.smpp.pdu import Pdu, SubmitSmResp
from smsgwd.smpp.status import ESME_ROK
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.incoming import Incoming
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.throttle import Throttle
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")


class Gathered:
    """Reads add to `answers` and `requests`; `take` at the end of the turn hands them on."""

    def __init__(
        self,
        clock: Clock,
        throttle: Throttle,
        flights: Flights,
        counts: Counts,
        incoming: Incoming,
        answered: Callable[[Bind, Pdu, Any, float], None],
    ) -> None:
        """`answered` is BindOwner's: it gets each answer that does not say that a message of one PDU was taken."""
        self.answers: list[tuple[Bind, Sequence[Answer]]] = []
        self.requests: list[tuple[Bind, SmppConnection, Sequence[Pdu]]] = []
        self._clock = clock
        self._throttle = throttle
        self._flights = flights
        self._counts = counts
        self._incoming = incoming
        self._answered = answered

    def take(self) -> None:
        """All that this turn brought."""
        try:
            self.take_answers()
        finally:  # a bug in one of them must not cost what the other brought
            if self.requests:
                requests, self.requests = self.requests, []
                self._incoming.take(requests)

    def take_answers(self) -> None:
        """What was answered in this turn so far. Also before anything that must not overtake it: see `answered`."""
        if not self.answers:
            return
        gathered, self.answers = self.answers, []
        now = self._clock.monotonic()
        taken: list[tuple[Outgoing, bytes, int]] = []
        written, took, alike = now, 0, 0  # of the answer before, and how many were written with it
        for bind, answers in gathered:
            for context, status, message_id, sent_at in answers:
                if status == ESME_ROK and type(context) is Outgoing:
                    context.open -= 1
                    if sent_at != written:
                        if alike:
                            self._counts.answer(ESME_ROK, now - written, alike)
                        written, took, alike = sent_at, int(1000 * (now - sent_at)), 0
                    alike += 1
                    taken.append((context, message_id, took))
                else:
                    if taken:  # in order: what was taken before tells one that is singled out
                        self._accepted(taken, now, written)
                        taken = []
                    try:
                        self._answered(bind, SubmitSmResp(status=status, message_id=message_id), context, sent_at)
                    except Exception as error:  # a bug in taking one must not cost the answers of the whole turn
                        _failed(error)
        if alike:
            self._counts.answer(ESME_ROK, now - written, alike)
        if taken:
            self._accepted(taken, now, written)

    def _accepted(self, taken: list[tuple[Outgoing, bytes, int]], now: float, written: float) -> None:
        """These were taken, the last one written at `written`."""
        try:
            self._throttle.success(now, written, len(taken))
        except Exception as error:
            _failed(error)
        try:
            self._flights.accepted_lone(taken)
        except Exception as error:
            _failed(error)


def _failed(error: Exception) -> None:
    _log.error("connector.error", reason=f"answers: {type(error).__name__}", exc_info=error)
