"""Runs the calls of one provider, in whatever process it is: coroutines in, `Done` out, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from pydantic import ValidationError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.providers.callbacks import Callback, CallbackRefused
from smsgwd.providers.http import NoAnswer, NotSent
from smsgwd.providers.plugin import Plugin, Provider
from smsgwd.providers.verdicts import Halt
from smsgwd.southbound.provider.calls import (
    AskBalance,
    AskFacts,
    AskStates,
    Call,
    Done,
    LookUp,
    Receive,
    Send,
)
from smsgwd.southbound.provider.engine_host import EngineHost, Quota, Say, Waits
from smsgwd.southbound.provider.masking import Masking, masking_of
from smsgwd.southbound.provider.recording import exchanges_of
from smsgwd.southbound.provider.requests import Errand, Gate
from smsgwd.southbound.provider.results import BadResult, done_of, halted, oddities

_LONGEST_TROUBLE: Final = 200
_MOST_AT_A_TIME: Final = 100  # requests of one call
_MOST_RECORDED: Final = 20


class CannotRun(Exception):  # noqa: N818 -- about somebody else's code
    """The provider could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider is run on: who it serves, and for how long its requests may take (seconds)."""

    connector: str
    callback_url: str
    connect_s: float
    answer_s: float


class Engine:
    """One provider at work. `say(event, fields)` takes log lines: `provider.said` and `provider.fault`."""

    def __init__(
        self,
        plugin: Plugin,
        options: Mapping[str, Any],
        terms: Terms,
        reactor: Any,
        now_ms: Callable[[], int],
        client: LeanHttpClient,
        gate: Gate,
        say: Say,
    ) -> None:
        """Raises CannotRun for options that the plugin does not take, or when it fails."""
        self.terms = terms
        self.reactor = reactor
        self.client = client
        self.gate = gate
        self._say = say
        self._faults = Quota(reactor.seconds)
        self._running: dict[int, _Running] = {}
        try:
            # Not strict: the configuration was checked so; what travelled has lists where there were tuples.
            read = plugin.options.model_validate(dict(options), strict=False)
        except Exception as error:
            raise CannotRun(f"its options: {_mistakes(error)}") from None
        self.masking: Masking = masking_of(read)
        host = EngineHost(reactor, terms.connector, terms.callback_url, now_ms, self.masking, say, _RUNNING.get)
        try:
            self._provider: Provider = plugin.provider(read, host)
        except BaseException as error:  # SystemExit of a stranger included
            if isinstance(error, KeyboardInterrupt):
                raise
            self.fault("", error)
            raise CannotRun(self.masking.text(f"{describe(error)}: {_words(error)}")[:_LONGEST_TROUBLE]) from None

    def begin(self, number: int, call: Call, limit_s: float, record: bool, then: Callable[[Done], None]) -> None:
        """Begin a call under a number of its own; `then` gets what came of it, once, perhaps before this returns.

        `limit_s` does not run while a request of the call waits for its permit.
        """
        running = self._running[number] = _Running(self, number, call, limit_s, record, then)
        running.begin()

    def cancel(self, number: int, why: str, *, fault: bool = True) -> None:
        """Give a call up, if it is still there; `fault`: the plugin is to blame."""
        running = self._running.get(number)
        if running is not None:
            running.give_up(why, fault=fault)

    def stop(self, why: str) -> None:
        """Give up all calls, which is nobody's fault."""
        for number in list(self._running):
            self.cancel(number, why, fault=False)

    def forget(self, number: int) -> None:
        """A call is over."""
        self._running.pop(number, None)

    def coroutine(self, call: Call) -> Any:
        """What the plugin makes of a call: a coroutine, if it keeps to the rules. Raises whatever it raises."""
        provider = self._provider
        if isinstance(call, Send):
            return provider.send(call.group)
        if isinstance(call, AskStates):
            return provider.states(call.sent)
        if isinstance(call, Receive):
            return provider.received(call.request)
        if isinstance(call, AskBalance):
            return provider.balance()
        if isinstance(call, AskFacts):
            return provider.facts()
        if isinstance(call, LookUp):
            return provider.lookup(call.msisdn)
        return provider.push_contacts(call.contacts)

    def fault(self, method: str, error: BaseException | str) -> None:
        """Log what a plugin did wrong: where, without what an exception says, which may quote messages."""
        if not self._faults.take():
            return
        fields: dict[str, Any] = {"method": method}
        if isinstance(error, str):
            fields["reason"] = self.masking.text(error)
        else:
            fields["reason"] = describe(error)
            fields["traceback"] = _frames(error)
        self._say("provider.fault", fields)


class _Running:
    """A call under way."""

    def __init__(
        self, engine: Engine, number: int, call: Call, limit_s: float, record: bool, then: Callable[[Done], None]
    ) -> None:
        self._engine = engine
        self._number = number
        self._call = call
        self._left_s = limit_s
        self._limit_s = limit_s
        self._record = record
        self._then = then
        self._errands: dict[Errand, Waits] = {}  # without their outcome
        self._recorded: list[Errand] = []
        self._sleeps: set[IDelayedCall] = set()
        self._waiting: set[Errand] = set()  # for their permits
        self._written = False
        self._since = 0.0
        self._timer: IDelayedCall | None = None
        self._coroutine: Coroutine[Any, Any, Any] | None = None
        self.over = False

    def begin(self) -> None:
        """Have the plugin's method run until it first waits."""
        self._run_clock()
        token = _RUNNING.set(self)
        try:
            made = self._engine.coroutine(self._call)
            if not isinstance(made, Coroutine):
                raise BadResult(f"{self._method} returned {type(made).__name__}: it is no coroutine")
            self._coroutine = made
            result: Deferred[Any] = Deferred.fromCoroutine(made)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self._failed(error)
            return
        finally:
            _RUNNING.reset(token)
        result.addCallbacks(self._returned, self._raised)

    # -- what the plugin asks of its host (engine_host.Owner)

    def request(self, request: Any, waits: Waits) -> None:
        """Send a request; `waits` gets its outcome. Nothing happens for a call that is over."""
        if self.over:
            return
        if len(self._errands) >= _MOST_AT_A_TIME:
            raise RuntimeError(f"a call has {_MOST_AT_A_TIME} requests at a time at most")
        engine = self._engine
        errand = Errand(request, engine.terms.connect_s, engine.terms.answer_s, engine.client, self._ended)
        self._errands[errand] = waits
        if self._record and len(self._recorded) < _MOST_RECORDED:
            self._recorded.append(errand)
        errand.begin(engine.gate, self._number, self._granted)
        if not errand.granted and not errand.over:
            self._waiting.add(errand)
            self._stop_clock()

    def sleep(self, seconds: float, waits: Waits) -> None:
        """Wake `waits` after that time."""
        if self.over:
            return

        def wake() -> None:
            self._sleeps.discard(timer)
            waits.wake(None)

        timer: IDelayedCall = self._engine.reactor.callLater(seconds, wake)
        self._sleeps.add(timer)

    def _granted(self, errand: Errand) -> None:
        if errand in self._waiting:
            self._waiting.discard(errand)
            if not self._waiting:
                self._run_clock()

    def _ended(self, errand: Errand, outcome: Any) -> None:
        self._written |= errand.written
        self._errands.pop(errand).wake(outcome)

    # -- its time

    def _run_clock(self) -> None:
        if not self.over and self._timer is None:
            self._since = self._engine.reactor.seconds()
            self._timer = self._engine.reactor.callLater(self._left_s, self._too_long)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._left_s = max(0.0, self._left_s - (self._engine.reactor.seconds() - self._since))

    def _too_long(self) -> None:
        self._timer = None
        self.give_up(f"{self._method} took longer than {self._limit_s:g} s")

    # -- its end

    def give_up(self, why: str, *, fault: bool = True) -> None:
        """End it from outside."""
        if self.over:
            return
        waiting = self._finish(Done(trouble=why, fault=fault), tell=False)
        coroutine, self._coroutine = self._coroutine, None
        if coroutine is not None:
            try:
                coroutine.close()
            except BaseException as error:  # it goes on at its end, or fails there: nobody listens
                self._engine.fault(self._method, error)
        for waits in waiting:  # other calls may wait for an answer that this one asked for
            waits.wake(NoAnswer("given up"))
        if fault:
            self._engine.fault(self._method, why)
        self._tell()

    def _returned(self, result: Any) -> None:
        if self.over:
            return
        try:
            done = done_of(self._call, result)
            odd = oddities(self._call, result)
        except BadResult as error:
            self._engine.fault(self._method, str(error))
            done = Done(trouble=str(error), fault=True)
        except Exception as error:  # a result that is itself code of the plugin
            self._engine.fault(self._method, error)
            done = Done(trouble=describe(error), fault=True)
        else:
            if odd:
                self._engine.fault(self._method, odd)
        self._finish(done)

    def _raised(self, failure: Failure) -> None:
        if failure.value is not None:
            self._failed(failure.value)

    def _failed(self, error: BaseException) -> None:
        if self.over:
            return
        if isinstance(error, NotSent | NoAnswer):
            self._finish(Done(trouble=self._engine.masking.text(str(error))[:_LONGEST_TROUBLE]))
            return
        if isinstance(error, CallbackRefused) and isinstance(self._call, Receive):
            status = error.status if isinstance(error.status, int) and 400 <= error.status <= 599 else 400
            reason = self._engine.masking.text(str(error.reason))[:_LONGEST_TROUBLE]
            self._finish(Done(callback=Callback((), status, reason.encode("utf-8", "replace")), refused=True))
            return
        if isinstance(error, Halt):
            try:
                self._finish(halted(error))
                return
            except BadResult as bad:
                error = bad
        self._engine.fault(self._method, str(error) if isinstance(error, BadResult) else error)
        words = str(error) if isinstance(error, BadResult) else describe(error)
        if self._record and not isinstance(error, BadResult):  # for whoever writes the plugin, and asked
            words = f"{words}: {self._engine.masking.text(_words(error))}"
        self._finish(Done(trouble=words[:_LONGEST_TROUBLE], fault=True))

    def _finish(self, done: Done, *, tell: bool = True) -> list[Waits]:
        """Nothing of it goes on; its errands without an outcome are given up: who waits for them."""
        self.over = True
        self._stop_clock()
        for timer in self._sleeps:
            timer.cancel()
        self._sleeps.clear()
        left, self._errands = self._errands, {}
        for errand in left:
            errand.give_up()
            self._written |= errand.written
        self._engine.forget(self._number)
        exchanges = exchanges_of(self._recorded, self._engine.masking) if self._record else ()
        self._done = msgspec.structs.replace(done, written=self._written, exchanges=exchanges)
        if tell:
            self._tell()
        return list(left.values())

    def _tell(self) -> None:
        self._then(self._done)

    @property
    def _method(self) -> str:
        return str(self._call.__struct_config__.tag)


_RUNNING: ContextVar[_Running | None] = ContextVar("smsgwd_provider_call", default=None)


def describe(error: BaseException) -> str:
    """An exception's type and where it was raised: nothing that it quotes."""
    if isinstance(error, NotImplementedError):
        return "the plugin cannot do that"
    frames = _frames(error)
    return f"{type(error).__name__} at {frames[-1]}" if frames else type(error).__name__


def _frames(error: BaseException) -> list[str]:
    """The last frames of a traceback, the outermost first: `file:line function`."""
    found: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        path = code.co_filename.replace("\\", "/").rsplit("/", 2)
        found.append(f"{'/'.join(path[-2:])}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return found[-8:]


def _mistakes(error: Exception) -> str:
    """What is wrong with options, without their values."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all'}: {each['msg']}" for each in found)
    return describe(error)


def _words(error: BaseException) -> str:
    """What an exception says; some cannot even do that."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return type(error).__name__
