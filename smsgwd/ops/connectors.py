"""`connector list`, `show`, `start`, `stop`, `pause`, `resume`, `rebind`, `set`: connectors while they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from twisted.internet.defer import Deferred

from smsgwd.model.operators import Caller
from smsgwd.ops.params import carried_out, whole_number
from smsgwd.ops.registry import CALLER, Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus, Dispatcher, ProviderStatus
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec import format_epoch_ms

Verb = Literal["start", "stop", "pause", "resume"]

_CONFIG: Final = "config"  # back to what the configuration says
_MOST_RATE: Final = 1e6
_MOST_WINDOW: Final = 10_000
_MOST_REASON: Final = 200
_WHICH = Parameter("id", "Its id", required=True, values="connector")
_REASON = Parameter("reason", "Why: `connector show` and the audit have it")


class Desk(Protocol):
    """What operators want of connectors, kept over restarts and reloads.

    All raise (or fail with) Refused(INVALID) for a connector that there is not, naming those there are; changes fail
    with StoreUnavailable, and then nothing is changed.
    """

    def wish(self, connector: str) -> dict[str, Any]:
        """What operators want: state, throughput, window (None = as configured), reason, who, at (ms)."""
        ...

    def config(self, connector: str) -> dict[str, Any]:
        """The settings in effect, JSON-ready, without secrets."""
        ...

    def configured(self, connector: str) -> tuple[float, int]:
        """Throughput and window that the configuration says."""
        ...

    def want(self, connector: str, who: str, verb: Verb, reason: str = "") -> Deferred[None]:
        """Start, stop, pause or resume it; after a stop it fires when all binds are closed. Fails with Refused(INVALID)
        for a pause or resume of one that is stopped."""
        ...

    def limit(self, connector: str, who: str, limits: Mapping[str, float | int | None]) -> Deferred[None]:
        """Another `throughput` (parts/s, 0 = no limit) or `window`; None = as configured."""
        ...

    def rebind(self, connector: str, bind: int | None) -> None:
        """Bind anew, one or all; Refused(INVALID) for a bind that there is not, and where it is stopped."""
        ...


class Connectors:
    """Commands about connectors."""

    def __init__(self, dispatcher: Dispatcher, desk: Desk, store: Store, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._desk = desk
        self._store = store
        self._clock = clock

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "connector",
                "list",
                "Connectors: what is wanted of them, since when down, suspended, at what rate",
                self._list,
                examples=("connector list",),
            ),
            Command(
                "connector",
                "show",
                "One connector: binds, rate, queue, refusals, what operators want, settings in effect; of a provider"
                " its plugin, circuit breaker, balance, and for the role admin the address of its callbacks",
                lambda params: carried_out(self._show(params["id"], CALLER.get())),
                (_WHICH,),
                examples=("connector show sim",),
            ),
            self._change(
                "start",
                "Bind and send, after a stop or a pause",
                lambda params: self._want("start", params),
                examples=("connector start sim",),
            ),
            self._change(
                "stop",
                "Send nothing more, wait up to 10 s for answers, unbind; stays so over a restart, until `start`",
                lambda params: self._want("stop", params),
                (_REASON,),
                long=True,
                examples=("connector stop sim", "connector stop sim reason='their maintenance'"),
            ),
            self._change(
                "pause",
                "Send nothing more, but stay bound and take receipts; stays so over a restart, until `resume`",
                lambda params: self._want("pause", params),
                (_REASON,),
                examples=("connector pause sim", "connector pause sim reason='ticket 4711'"),
            ),
            self._change(
                "resume",
                "Send again, after a pause or after a status of the SMSC, or a word of the provider, that suspended it",
                lambda params: self._want("resume", params),
                examples=("connector resume sim",),
            ),
            self._change(
                "rebind",
                "Leave binds in order and bind anew at once; one that waits for its next try tries now. Of a"
                " provider: end its plugin in order and start it anew, with the code that is installed now",
                self._rebind,
                (Parameter("bind", "Only this one of this node's, by its number; all, of all nodes, if not given"),),
                examples=("connector rebind sim", "connector rebind sim bind=0"),
            ),
            self._change(
                "set",
                "Another rate or window, at once and over restarts, until it is `config` again",
                self._set,
                (
                    Parameter("rate", "Parts a second, 0 = no limit, `config` = as in the configuration"),
                    Parameter(
                        "window",
                        "Submits without an answer on each bind (of a provider: groups of messages), or `config`",
                    ),
                ),
                examples=("connector set sim rate=50", "connector set sim rate=config window=20"),
            ),
        ]

    def _change(
        self,
        verb: str,
        text: str,
        run: Any,
        more: tuple[Parameter, ...] = (),
        *,
        long: bool = False,
        examples: tuple[str, ...],
    ) -> Command:
        """A command that changes one connector."""
        return Command(
            "connector",
            verb,
            text,
            run,
            (_WHICH, *more),
            changes=True,
            long=long,
            role="operate",
            look=lambda params: carried_out(self._look(params["id"])),
            examples=examples,
        )

    # -- looking ---------------------------------------------------------------------------------------------------

    def _list(self, params: Params) -> list[dict[str, Any]]:
        return [self._row(connector) for connector in self._dispatcher.status()]

    def _row(self, connector: ConnectorStatus) -> dict[str, Any]:
        bound = sum(1 for bind in connector.binds if bind.state == "bound")
        return {
            "id": connector.id,
            "kind": connector.kind,
            "state": connector.state,
            "up": connector.up,
            "binds": "elsewhere" if connector.elsewhere else f"{bound}/{len(connector.binds)}",
            "down_s": round(self._dispatcher.down_for(connector.id), 1),
            "suspended_s": round(connector.suspended_s, 1),
            "rate": round(connector.rate, 1),
            "window": connector.window,
            "ready": connector.ready,
            "in_flight": connector.in_flight,
            "sent": connector.sent,
            "refused": connector.refused,
            "unknown": connector.unknown,
            "answer_ms": connector.answer_ms,
        }

    async def _show(self, name: str, caller: Caller) -> dict[str, Any]:
        connector = self._status(name)
        now = self._clock.monotonic()
        throughput, window = self._desk.configured(name)
        return {
            **self._row(connector),
            "binds": [
                {
                    "bind": bind.index,
                    "state": bind.state,
                    "for_s": round(max(0.0, now - bind.since), 1),
                    "window_used": bind.window_used,
                    "window": bind.window,
                    "lost": bind.lost,
                    "last_error": bind.last_error or bind.last_loss,
                }
                for bind in connector.binds
            ],
            "throughput": connector.throughput,
            "receipts": connector.receipts,
            "throttled": connector.throttled,
            "binds_lost": connector.binds_lost,
            "errors": dict(connector.errors),
            **({} if connector.provider is None else {"provider": _provider(connector.provider, caller.may("admin"))}),
            "queue": await self._queue(name),
            "wanted": self._wanted(name),
            "configured": {"throughput": throughput, "window": window},
            "config": self._desk.config(name),
        }

    async def _queue(self, name: str) -> dict[str, Any]:
        """What the store has queued for it."""
        try:
            counts = await self._store.counts()
        except StoreUnavailable as error:
            return {"error": str(error)}
        return {"queued": sum(queue.queued for queue in counts.queues if queue.connector == name)}

    def _wanted(self, name: str) -> dict[str, Any]:
        wish = self._desk.wish(name)
        return {**wish, "at": format_epoch_ms(wish["at"]) if wish["at"] else None}

    async def _look(self, name: str) -> dict[str, Any]:
        """What a change is about: what is wanted, the limits in effect, and where each bind is."""
        connector = self._status(name)
        wish = self._desk.wish(name)
        return {
            "state": connector.state,
            "reason": wish["reason"],
            "throughput": connector.throughput,
            "window": connector.window,
            "binds": [bind.state for bind in connector.binds],
        }

    def _status(self, name: str) -> ConnectorStatus:
        self._desk.wish(name)  # Refused, naming those there are
        for connector in self._dispatcher.status():
            if connector.id == name:
                return connector
        raise CommandError(f"there is no connector {name}")

    # -- changing --------------------------------------------------------------------------------------------------

    def _want(self, verb: Verb, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._wants(verb, params["id"], CALLER.get().who, _reason(params)))

    async def _wants(self, verb: Verb, name: str, who: str, reason: str) -> dict[str, Any]:
        await self._desk.want(name, who, verb, reason)
        return self._answer(name)

    def _rebind(self, params: Params) -> Deferred[dict[str, Any]]:
        bind = whole_number(params, "bind", 0) if "bind" in params else None
        return carried_out(self._rebinds(params["id"], bind))

    async def _rebinds(self, name: str, bind: int | None) -> dict[str, Any]:
        self._desk.rebind(name, bind)
        return self._answer(name)

    def _set(self, params: Params) -> Deferred[dict[str, Any]]:
        limits: dict[str, float | int | None] = {}
        if "rate" in params:
            limits["throughput"] = _rate(params["rate"])
        if "window" in params:
            limits["window"] = _window(params)
        if not limits:
            raise CommandError("connector set needs rate= or window=")
        return carried_out(self._sets(params["id"], CALLER.get().who, limits))

    async def _sets(self, name: str, who: str, limits: Mapping[str, float | int | None]) -> dict[str, Any]:
        await self._desk.limit(name, who, limits)
        return self._answer(name)

    def _answer(self, name: str) -> dict[str, Any]:
        """How it is now."""
        connector = self._status(name)
        return {
            "id": name,
            "state": connector.state,
            "up": connector.up,
            "throughput": connector.throughput,
            "window": connector.window,
            "binds": [bind.state for bind in connector.binds],
        }


def _provider(status: ProviderStatus, admin: bool) -> dict[str, Any]:
    """What only a provider has; the address of callbacks is a secret."""
    return {
        "plugin": status.plugin,
        "state": status.state,
        "pid": status.pid,
        "trouble": status.trouble,
        "halted": status.halted,
        "halted_why": status.halted_why,
        "circuit": "open" if status.circuit_open else "closed",
        "circuit_why": status.circuit_why,
        "permits_waiting": status.permits_waiting,
        "balance": status.balance,
        "currency": status.currency,
        "balance_at": None if status.balance_at is None else format_epoch_ms(status.balance_at),
        "facts": dict(status.facts),
        "polls_waiting": status.polls_waiting,
        "requests": status.requests,
        "callbacks": status.callbacks,
        "callback_url": status.callback_url if admin or not status.callback_url else "*** (role admin)",
    }


def _reason(params: Params) -> str:
    reason = params.get("reason", "").strip()
    if len(reason) > _MOST_REASON:
        raise CommandError(f"reason has at most {_MOST_REASON} characters")
    return reason


def _rate(written: str) -> float | None:
    if written == _CONFIG:
        return None
    try:
        rate = float(written)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= _MOST_RATE:
        raise CommandError(f"rate must be parts a second from 0 (no limit) to {_MOST_RATE:,.0f}, or `config`")
    return rate


def _window(params: Params) -> int | None:
    if params["window"] == _CONFIG:
        return None
    window = whole_number(params, "window", 0, _MOST_WINDOW)
    if not window:
        raise CommandError(f"window must be a number from 1 to {_MOST_WINDOW}, or `config`")
    return window
