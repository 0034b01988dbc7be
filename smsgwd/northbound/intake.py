"""Where submissions over HTTP go in, whichever API they came by: their rate, the doorway, the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.doorway import Doorway
from smsgwd.northbound.pace import Pace, parts_of

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from smsgwd.ports.submit import Submitter


class Asking(Protocol):
    """A submission on its way, and whoever waits for what becomes of it."""

    @property
    def submission(self) -> Submission:
        """What is submitted."""
        ...

    @property
    def items(self) -> list[Item]:
        """Those of the submission."""
        ...

    @property
    def tenant(self) -> str:
        """Whose it is."""
        ...

    def told(self, outcome: Outcome | BaseException) -> None:
        """What became of it; Refused or another exception when nothing was taken. Called once; does not raise."""
        ...


class TooFast(Refused):
    """Over the tenant's rate; after `wait` seconds it is not any more."""

    def __init__(self, tenant: Tenant, wait: float) -> None:
        super().__init__(Refusal.OVER_RATE, f"this tenant may send {tenant.throughput} parts a second")
        self.wait = wait


class Intake:
    """One for all APIs on one listener. With a `reactor` submissions wait while too many are on their way into the
    store, more so while messages (`ready`) or this tenant's receipts (`lagging`) wait behind them, or the process is
    short of CPU (`pressed`): see northbound.doorway."""

    def __init__(
        self,
        submitter: Submitter,
        pace: Pace | None = None,
        *,
        reactor: IReactorTime | None = None,
        ready: Callable[[], int] = lambda: 0,
        lagging: Callable[[str], int] | None = None,
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._submitter = submitter
        self._pace = pace
        self._closed = False
        self._doorway: Doorway[Asking, str] | None = None
        if reactor is not None:
            self._doorway = Doorway(
                self._submit,
                ready,
                lagging,
                pressed=pressed,
                reactor=reactor,
                line_of=_tenant_of,
                tenant_of=_tenant_of,
            )

    @property
    def closed(self) -> bool:
        """True when nothing is taken any more."""
        return self._closed

    def close(self) -> None:
        """Refuse what waits and what still comes; what is on its way goes on."""
        self._closed = True
        if self._doorway is not None:
            for ask in self._doorway.clear():
                ask.told(Refused(Refusal.SHUTTING_DOWN))

    def open(self) -> None:
        """Take submissions again."""
        self._closed = False

    def take(self, ask: Asking, tenant: Tenant) -> None:
        """Submit it, in its turn. Raises Refused (SHUTTING_DOWN, OVERLOADED) or TooFast; then nobody is told."""
        if self._closed:
            raise Refused(Refusal.SHUTTING_DOWN)
        if self._pace is not None and tenant.throughput > 0:
            wait = self._pace.take(tenant, sum(map(parts_of, ask.items)))
            if wait > 0:
                raise TooFast(tenant, wait)
        if self._doorway is None:
            self._submit(ask)
        elif not self._doorway.enter(ask):
            raise Refused(Refusal.OVERLOADED)

    def aside(self, ask: Asking) -> None:
        """Submit what adds no message (an idempotency key that is asked for, a rehearsal): no turn, no rate."""
        try:
            self._submitter.take(ask.submission, _tell, ask)
        except Exception as error:  # a bug, before anything was stored
            ask.told(error)

    def _submit(self, ask: Asking) -> None:
        try:
            self._submitter.take(ask.submission, self._submitted, ask)
        except Exception as error:  # a bug, before anything was stored
            self._submitted(error, ask)

    def _submitted(self, outcome: Outcome | BaseException, ask: Asking) -> None:
        if self._doorway is not None:
            self._doorway.left(len(ask.items))
        ask.told(outcome)


def _tell(outcome: Outcome | BaseException, ask: Asking) -> None:
    ask.told(outcome)


def _tenant_of(ask: Asking) -> str:
    return ask.tenant
