"""What is left at the provider, and what else it says of our account: asked now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.ports.clock import Clock
from smsgwd.providers.reports import Balance
from smsgwd.southbound.provider.calls import AskBalance, AskFacts, Done
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import ProviderMetrics, get_logger

_FIRST_S: Final = 3.0
_LOOK_AGAIN_S: Final = 30.0  # while the provider is left alone
_MOST_FACTS: Final = 50
_LONGEST: Final = 500  # characters of a fact
_log = get_logger("southbound")


class Account:
    """Of one connector (`parts.Figures`). `ask` puts a question to the plugin and never fails; `may_ask` is False while
    the provider is to be left alone."""

    def __init__(
        self,
        settings: ProviderSettings,
        reactor: IReactorTime,
        clock: Clock,
        ask: Callable[[AskBalance | AskFacts], Deferred[Done]],
        *,
        random: Callable[[], float],
        may_ask: Callable[[], bool] = lambda: True,
        metrics: ProviderMetrics | None = None,
    ) -> None:
        """`random` gives 0 ≤ x < 1."""
        self._settings = settings
        self._reactor = reactor
        self._clock = clock
        self._ask = ask
        self._random = random
        self._may_ask = may_ask
        self._metrics = metrics
        self._running = False
        self._out = False  # a question is
        self._timer: IDelayedCall | None = None
        self.balance: Balance | None = None  #: the last one told
        self.facts: dict[str, str] = {}  #: the last ones told
        self.asked_at: int | None = None  #: when `balance` was told, ms since 1970
        self.trouble = ""  #: why it was not the last time; '' = it was
        self.failures = 0  #: questions without an answer, since the start

    def start(self) -> None:
        """Ask from now on."""
        if not self._running:
            self._running = True
            self._set(_FIRST_S * (0.5 + self._random()))

    def stop(self) -> None:
        """Ask no more."""
        self._running = False
        self._unset()

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, from now on."""
        before, self._settings = self._settings.balance_every_s, settings
        if settings.balance_every_s != before and self._running and not self._out:
            self._unset()
            self._set(_FIRST_S * (0.5 + self._random()))

    def _set(self, seconds: float) -> None:
        plugin = self._settings.plugin
        self._unset()
        if self._out:
            return  # its end sets the next one
        if self._settings.balance_every_s > 0 and (plugin.can("balance") or plugin.can("facts")):
            self._timer = self._reactor.callLater(seconds, self._look)

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if not self._may_ask():
            self._set(min(_LOOK_AGAIN_S, self._settings.balance_every_s))
            return
        self._out = True
        Deferred.fromCoroutine(self._questions()).addErrback(self._broken).addBoth(self._over)

    def _over(self, _: object) -> None:
        self._out = False
        if self._running:
            self._set(self._settings.balance_every_s * (0.9 + 0.2 * self._random()))

    def _broken(self, failure: Failure) -> None:
        _log.error("connector.error", connector=self._settings.id, reason=repr(failure.value))

    async def _questions(self) -> None:
        plugin, trouble = self._settings.plugin, ""
        if plugin.can("balance"):
            done = await self._ask(AskBalance())
            if done.balance is None:
                trouble = self._failed(done)
            else:
                self.balance, self.asked_at = done.balance, self._clock.now_ms()
                if self._metrics is not None:
                    self._metrics.balance(done.balance.amount, done.balance.currency)
        if plugin.can("facts") and self._running:
            done = await self._ask(AskFacts())
            if done.facts is None:
                failed = self._failed(done)
                trouble = trouble or failed
            else:
                facts = list(done.facts.items())[:_MOST_FACTS]
                self.facts = {name[:_LONGEST]: text[:_LONGEST] for name, text in facts}
        if trouble and not self.trouble:
            _log.warning("provider.balance_failed", connector=self._settings.id, reason=trouble)
        self.trouble = trouble

    def _failed(self, done: Done) -> str:
        self.failures += 1
        if done.halted is not None:
            return str(getattr(done.halted, "reason", "")) or type(done.halted).__name__
        return done.trouble or "the plugin answered nothing"
