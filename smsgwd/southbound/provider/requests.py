"""How a plugin's HTTP requests leave: each with a permit, each once, each with a time limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.providers.http import NoAnswer, NotSent, Reply, Request

MOST_BODY: Final = 1024 * 1024
"""Octets of a provider's answer; a longer one is none."""

_REUSED_WITHIN_S: Final = 2.0  # servers close idle connections after 5 s and more: nothing leaves into such a close
_PLAIN_QUERY: Final = re.compile(r"[A-Za-z0-9._~%=&+-]+")

Outcome = Reply | NotSent | NoAnswer


class Ticket(Protocol):
    """One request's place in the line of its account."""

    def over(self, status: int = 0, written: bool = False) -> None:
        """The request has ended, or is not wanted any more, granted or not; called once. `status` of its answer, 0 =
        none, and then `written` says if it had left."""
        ...


class Gate(Protocol):
    """Where permits come from: `permits.Permits`, or the gateway's process."""

    def ask(self, call: int, granted: Callable[[], None]) -> Ticket:
        """A place for a request of a call; `granted` is called once when it may leave, perhaps before this returns."""
        ...


def client_for_plugins(reactor: Any, *, trust_root: Any = None) -> LeanHttpClient:
    """The HTTP client that requests leave by: it repeats nothing. Providers are the operator's own, private or not."""
    return LeanHttpClient(
        reactor,
        allow_private_targets=True,
        max_connections_per_host=1000,
        trust_root=trust_root,
        repeats=False,
        idle_s=_REUSED_WITHIN_S,
        most_body=MOST_BODY,
    )


class Errand:
    """One request from its asking to its end. `written` = its first octet has left."""

    def __init__(
        self,
        request: Request,
        connect_s: float,
        answer_s: float,
        client: LeanHttpClient,
        ended: Callable[[Errand, Outcome], None],
    ) -> None:
        """`ended` is called once, when it has its outcome; not after `give_up`. Raises TypeError or ValueError for what
        is no request."""
        checked(request)
        self.request = request
        self.granted = False
        self.written = False
        self.over = False
        self.outcome: Outcome | None = None
        self.began = self.took_ms = 0.0
        self._connect_s = connect_s
        self._answer_s = answer_s if request.timeout_s is None else min(answer_s, request.timeout_s)
        self._client = client
        self._ended = ended
        self._ticket: Ticket | None = None
        self._answer: Deferred[HttpAnswer] | None = None

    def begin(self, gate: Gate, call: int, granted: Callable[[Errand], None]) -> None:
        """Ask for a permit, then send; `granted` is told in between."""

        def go() -> None:
            if self.over:
                return
            self.granted = True
            granted(self)
            self._send()

        ticket = gate.ask(call, go)
        if self.over:  # in the meantime
            ticket.over()
        else:
            self._ticket = ticket

    def give_up(self) -> None:
        """It is not waited for any more. What was written, was written."""
        if self.over:
            return
        self._ended = _nobody
        if self._answer is not None:
            self._answer.cancel()  # tells whether it was written
        self.outcome = NoAnswer("given up") if self.written else NotSent("given up")
        self._end()

    def _send(self) -> None:
        self.began = perf_counter()
        request = self.request
        url, question, query = request.url.partition("?")
        if not question or not _PLAIN_QUERY.fullmatch(query):  # goes as part of the URL, which must not be so long
            url, query = request.url, ""
        self._answer = answer = self._client.request(
            request.method, url, request.headers, request.body, self._connect_s, query, answer_s=self._answer_s
        )
        answer.addCallbacks(self._answered, self._failed)

    def _answered(self, answer: HttpAnswer) -> None:
        self.written = True
        if len(answer.body) >= MOST_BODY:
            self._settle(NoAnswer(f"answered with more than {MOST_BODY} octets"))
        else:
            self._settle(Reply(answer.status, dict(answer.headers), answer.body))

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        reason = str(error)
        if isinstance(error, HttpFailure):
            self.written = error.sent
        else:  # a fault of ours: nobody knows
            self.written = True
            reason = f"{type(error).__name__}: {reason}"
        self._settle(NoAnswer(reason) if self.written else NotSent(reason))

    def _settle(self, outcome: Outcome) -> None:
        if not self.over:
            self.outcome = outcome
            self._end()
            self._ended(self, outcome)

    def _end(self) -> None:
        if self.over:
            return
        self.over = True
        self._answer = None
        if self.began:
            self.took_ms = 1000 * (perf_counter() - self.began)
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.over(self.outcome.status if isinstance(self.outcome, Reply) else 0, self.written)


def checked(request: Request) -> None:
    """Raises TypeError for what is no request at all. A plugin's types are its own until here."""
    if not isinstance(request, Request):
        raise TypeError(f"host.request takes a Request, not {type(request).__name__}")
    if not isinstance(request.method, str) or not isinstance(request.url, str):
        raise TypeError("method and url of a Request are str")
    if not isinstance(request.body, bytes):
        raise TypeError(f"body of a Request is bytes, not {type(request.body).__name__}")
    if not isinstance(request.headers, Mapping) or not all(
        isinstance(name, str) and isinstance(value, str) for name, value in request.headers.items()
    ):
        raise TypeError("headers of a Request are a mapping of str to str")
    limit = request.timeout_s
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0):
        raise TypeError("timeout_s of a Request is a number of seconds over 0")


def _nobody(errand: Errand, outcome: Outcome) -> None:
    """Listens to what was given up."""
