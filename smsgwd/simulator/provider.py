"""A simulated HTTP provider: an API of `provider_registry` on sockets, with faults, states over time and callbacks.

docs/provider-simulators.md tells what it is asked and how. Messages come to their final state `final_after_ms` after
they were taken (half that: under way), and callbacks go out then; `/_sim/...` says what happened and steers it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, DeferredList

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.ports.push import HttpAnswer, HttpClient
from smsgwd.simulator.provider_api import BASE36, NEVER, Api, Out, Refused, json_answer
from smsgwd.simulator.provider_books import DELIVERED, FAILED, QUEUED, SENT, Books, Message
from smsgwd.simulator.provider_faults import Fault, Faults
from smsgwd.simulator.provider_listener import DROPPED, DroppingListener
from smsgwd.simulator.provider_options import SimulatorOptions, changed
from smsgwd.simulator.provider_registry import api_called

Answer = HttpResponse | Deferred[HttpResponse]

_CALLBACK_TIMEOUT_S: Final = 10.0
_STOP_S: Final = 0.1
_LONGEST_WAIT_S: Final = 10 * 86_400.0  #: what a reactor's timer can be trusted with


class ProviderSimulator:
    """One provider. `wall` is the clock that its dates are of, in seconds since 1970; `client` sends its callbacks."""

    def __init__(
        self,
        reactor: Any,
        name: str,
        options: SimulatorOptions | None = None,
        *,
        wall: Callable[[], float] = time.time,
        client: HttpClient | None = None,
    ) -> None:
        """Raises ValueError for a provider or options that there are not."""
        self.options = options or SimulatorOptions()
        self.books = Books()
        self.now = wall
        self._reactor = reactor
        api = api_called(name)
        self.api: Api = api(self)
        self._check(self.options)
        self._faults = Faults(api, self.options.seed)
        self._ids = Random(f"ids {self.options.seed}")
        self._fates = Random(f"fates {self.options.seed}")
        self._luck = Random(f"callbacks {self.options.seed}")
        self._given: set[str] = set()
        self._fresh: list[Message] = []
        self._calls: set[Any] = set()
        self._stopped = False
        self._client: Any = client or LeanHttpClient(
            reactor, allow_private_targets=True, user_agent=f"{name}-simulator"
        )
        self._listener = DroppingListener(reactor, self.handle)

    # -- from outside ----------------------------------------------------------------------------------------------

    def listen(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Accept requests; the port. Raises CannotListenError."""
        return self._listener.listen(host, port)

    def stop(self) -> Deferred[Any]:
        """Close everything, what hangs included; fires when all sockets are gone."""
        self._stopped = True  # what fails by that is not tried again
        for call in self._calls:
            call.cancel()
        self._calls.clear()
        ends = [self._listener.stop(_STOP_S)]
        if hasattr(self._client, "close"):
            ends.append(self._client.close())
        return DeferredList(ends).addCallback(lambda _: None)

    def stats(self) -> dict[str, Any]:
        """What was counted."""
        return self.books.stats()

    def messages(self) -> list[dict[str, Any]]:
        """What was taken, in order."""
        return self.books.rows()

    def script(self, answers: Sequence[dict[str, Any]]) -> None:
        """What the next sends get, or the next calls named `on`. Raises ValueError."""
        self._faults.script(answers)

    def set(self, **changes: Any) -> None:
        """Change options from now on, all but the seed. Raises ValueError."""
        if "seed" in changes:
            raise ValueError("the seed is given at the start")
        options = changed(self.options, changes)
        self._check(options)
        self.options = options

    def event(self, kind: str, **fields: Any) -> None:
        """Send a callback about something else than a message's state; kind `report` tells a state again, or another.

        Raises ValueError.
        """
        if kind == "report":
            self._report_again(fields)
        else:
            self._call_back([self.api.event(kind, fields)])

    # -- for the API (provider_api.Desk) ---------------------------------------------------------------------------

    def take(self, message: Message) -> None:
        """Accept a message."""
        options = self.options
        fate = next((fate for digits, fate in options.numbers.items() if message.to.endswith(digits)), None)
        drawn, which = self._fates.uniform(0, 100), self._fates.choice(self.api.FAILURES)
        if fate is None:
            fate = which if drawn < options.fail_pct else self.api.DELIVERED
        message.fate = "" if fate == NEVER else fate
        message.failed = fate != self.api.DELIVERED
        self.books.take(message)
        self._fresh.append(message)

    def pay(self, messages: int) -> bool:
        """Take the price of messages from the credits."""
        left = self.options.credits - messages * self.options.price
        if left < 0 or (left == 0 and not self.options.price):
            return False
        self.options = msgspec.structs.replace(self.options, credits=left)
        return True

    def drawn_id(self, length: int, alphabet: str = BASE36) -> str:
        """An id that was not given before."""
        while True:
            found = "".join(self._ids.choices(alphabet, k=length))
            if found not in self._given:
                self._given.add(found)
                return found

    # -- requests --------------------------------------------------------------------------------------------------

    def handle(self, request: HttpRequest) -> Answer:
        """Answer one request."""
        if request.path.startswith("/_sim/"):
            return self._control(request)
        books, options = self.books, self.options
        called = self.api.called(request)
        recent = books.arrived(called, self._reactor.seconds())
        limit = self.api.THROTTLE if options.throttle is None else options.throttle
        if limit and recent > limit:
            books.counts["throttled"] += 1
            return self._delayed(self.api.throttled(), options.delay_ms)
        fault = self._faults.next(options, called, sending=self.api.sends(request))
        delay_ms = options.delay_ms + fault.delay_ms
        if not fault.taken:
            return self._not_taken(request, fault, delay_ms)
        self._fresh = []
        response = self._answered(request)
        fresh, self._fresh = self._fresh, []
        early = self._begin(fresh)
        if fault.kind == "timeout":
            books.counts["timeouts"] += 1
            return Deferred()
        if fault.kind == "drop":
            books.counts["drops"] += 1
            response = DROPPED
        if early is not None:
            return early.addCallback(lambda _: self._delayed(response, delay_ms))
        return self._delayed(response, delay_ms)

    def _not_taken(self, request: HttpRequest, fault: Fault, delay_ms: float) -> Answer:
        counts = self.books.counts
        if fault.kind == "timeout":
            counts["timeouts"] += 1
            return Deferred()
        if fault.kind == "drop":
            counts["drops"] += 1
            return self._delayed(DROPPED, delay_ms)
        if fault.kind == "error":
            return self._delayed(self._refused(Refused(fault.error, request=request)), delay_ms)
        if fault.status >= 500:
            self.books.errors["5xx"] += 1
        return self._delayed(HttpResponse(fault.status, (("Content-Type", fault.content_type),), fault.body), delay_ms)

    def _answered(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.api.answer(request)
        except Refused as refused:
            return self._refused(refused)

    def _refused(self, refused: Refused) -> HttpResponse:
        self.books.errors[refused.name] += 1
        return self.api.refusal(refused.name, **refused.extra)

    def _delayed(self, response: HttpResponse, delay_ms: float) -> Answer:
        if not delay_ms:
            return response
        answer: Deferred[HttpResponse] = Deferred()
        self._later(delay_ms / 1000, lambda: answer.callback(response))
        return answer

    # -- what becomes of messages ----------------------------------------------------------------------------------

    def _begin(self, fresh: list[Message]) -> Deferred[Any] | None:
        """Messages were taken: their states come by themselves. With early callbacks, fires when these have ended."""
        now, after_s = self.now(), self.options.final_after_ms / 1000
        by_wait: dict[float, list[Message]] = {}
        for message in fresh:
            by_wait.setdefault(min(max(0.0, message.not_before - now), _LONGEST_WAIT_S), []).append(message)
        early = None
        for wait, group in by_wait.items():
            if self.options.early_callbacks and not wait:
                early = DeferredList([self._tell(group, SENT), self._tell(group, FAILED)])
            else:
                self._later(wait + after_s / 2, partial(self._tell, group, SENT))
                self._later(wait + after_s, partial(self._tell, group, FAILED))
        return early

    def _tell(self, messages: list[Message], state: str) -> Deferred[Any]:
        """Messages go on, to SENT or to their end, and who wants to know is told. Fires when callbacks have ended."""
        now, outs = self.now(), []
        for message in messages:
            if state == SENT:
                if message.state != QUEUED:
                    continue
                message.state = SENT
            elif message.fate:
                message.state, message.final_at = FAILED if message.failed else DELIVERED, now
            else:
                continue
            outs += self.api.reports(message)
        return self._call_back(outs)

    def _report_again(self, fields: Mapping[str, Any]) -> None:
        found = self.books.of(str(fields.get("id", "")))
        if "to" in fields:
            found = [message for message in found if message.to == fields["to"]]
        if not found:
            raise ValueError("no message has this id (and number)")
        words = {SENT: (SENT, ""), self.api.DELIVERED: (DELIVERED, self.api.DELIVERED)}
        words |= {word: (FAILED, word) for word in self.api.FAILURES}
        wanted = str(fields.get("state", self.api.DELIVERED))
        if wanted not in words:
            raise ValueError(f"no state '{wanted}'; there are: {', '.join(words)}")
        state, fate = words[wanted]
        outs = []
        for message in found:
            told = msgspec.structs.replace(message, state=state, fate=fate, failed=state == FAILED)
            told.final_at = message.final_at or self.now()
            outs += self.api.reports(told)
        self._call_back(outs)

    # -- callbacks -------------------------------------------------------------------------------------------------

    def _call_back(self, outs: Sequence[Out]) -> Deferred[Any]:
        """Send callbacks, some not and some twice. Fires when each was answered or failed once."""
        options, books = self.options, self.books
        under_way = []
        for out in outs:
            lost, doubled = self._luck.uniform(0, 100), self._luck.uniform(0, 100)
            if lost < options.lose_callbacks_pct:
                books.counts["lost"] += 1
                continue
            under_way.append(self._send(out, options.callback_tries))
            if doubled < options.double_callbacks_pct:
                books.counts["doubled"] += 1
                under_way.append(self._send(out, options.callback_tries))
        return DeferredList(under_way, consumeErrors=True)

    def _send(self, out: Out, tries: int) -> Deferred[Any]:
        counts = self.books.counts

        def answered(answer: HttpAnswer) -> None:
            if 200 <= answer.status < 300:
                counts["callbacks"] += 1
            else:
                failed(None)

        def failed(_: object) -> None:
            if tries > 1:
                self._later(self.options.callback_retry_ms / 1000, lambda: self._send(out, tries - 1))
            else:
                counts["callbacks_failed"] += 1

        answer = self._client.request(out.method, out.url, out.headers, out.body, _CALLBACK_TIMEOUT_S)
        return answer.addCallbacks(answered, failed)  # type: ignore[no-any-return]

    # -- steering --------------------------------------------------------------------------------------------------

    def _control(self, request: HttpRequest) -> HttpResponse:
        """`/_sim/...`: docs/provider-simulators.md."""
        what = (request.method, request.path.removeprefix("/_sim/"))
        if what == ("GET", "stats"):
            return json_answer(200, self.stats())
        if what == ("GET", "messages"):
            return json_answer(200, self.messages())
        if what == ("GET", "errors"):
            return json_answer(200, {name: error._asdict() for name, error in self.api.ERRORS.items()})
        if request.method != "POST" or what[1] not in ("next", "event", "set"):
            return json_answer(404, {"error": "GET stats, messages, errors; POST next, event, set"})
        try:
            said = msgspec.json.decode(request.body, type=dict[str, Any])
            if what[1] == "set":
                self.set(**said)
            elif what[1] == "event":
                self.event(str(said.pop("kind", "")), **said)
            else:
                self.script(msgspec.convert(said.get("answers"), list[dict[str, Any]]))
        except (ValueError, TypeError) as problem:
            return json_answer(400, {"error": str(problem)})
        return json_answer(200, {"ok": True})

    def _check(self, options: SimulatorOptions) -> None:
        if unknown := sorted(set(options.errors) - set(self.api.ERRORS)):
            raise ValueError(f"no error '{unknown[0]}'; there are: {', '.join(self.api.ERRORS)}")
        fates = {NEVER, self.api.DELIVERED, *self.api.FAILURES}
        if strange := sorted(set(options.numbers.values()) - fates):
            raise ValueError(f"no final state '{strange[0]}'; there are: {', '.join(sorted(fates))}")

    def _later(self, seconds: float, call: Callable[[], object]) -> None:
        def due() -> None:
            self._calls.discard(handle)
            call()

        if self._stopped:
            return
        handle = self._reactor.callLater(seconds, due)
        self._calls.add(handle)
