"""What an answer with an error asks of a connector: to go slower, to bind anew, to send nothing for a while."""

from __future__ import annotations

from smsgwd.delivery.rate import LinkRate
from smsgwd.delivery.trouble import Action
from smsgwd.smpp.status import status_name
from smsgwd.southbound.answers import Answers
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.sender import Sender
from smsgwd.southbound.suspension import Suspension
from smsgwd.southbound.throttle import Throttle
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")


class Refusals:
    """Of one connector."""

    def __init__(
        self,
        connector: str,
        answers: Answers,
        rate: LinkRate,
        throttle: Throttle,
        sender: Sender,
        suspension: Suspension,
        counts: Counts,
    ) -> None:
        self._connector = connector
        self._answers = answers
        self._rate = rate
        self._throttle = throttle
        self._sender = sender
        self._suspension = suspension
        self._counts = counts
        self._throttled = False

    def take(self, bind: Bind, out: Outgoing, number: int, status: int, now: float, sent_at: float) -> None:
        """PDU `number`, written at `sent_at` on `bind`, was answered with an error. Times are monotonic seconds."""
        self._counts.refused += 1
        action = self._answers.refused(out, number, status, int(1000 * (now - sent_at)))
        self._sender.stop_writing(out)
        if action is Action.THROTTLE:
            self._counts.throttled += 1
            if self._throttle.singles_out(out, status):
                out.decide(Verdict.RETRY, out.error, 1, out.latency_ms)
            elif self._throttle.slow_down(status, now, sent_at):
                self._slowed(status, now)
        elif action is Action.REBIND:
            bind.rebind(f"submit_sm answered {status_name(status)}")
        elif action is Action.SUSPEND:
            self._suspension.begin(status_name(status))

    def _slowed(self, status: int, now: float) -> None:
        """Say so, but not each time that a limit is felt for."""
        pause = round(max(0.0, self._throttle.until - now), 1)
        said = {
            "connector": self._connector,
            "status": status_name(status),
            "pause_s": pause,
            "rate": round(self._rate.rate, 1),
        }
        if pause or not self._throttled:
            _log.warning("connector.throttled", **said)
        else:
            _log.debug("connector.rate_changed", **said)
        self._throttled = True
