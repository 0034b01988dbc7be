"""A provider connector for operators."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.ports.dispatch import BindStatus, ProviderStatus
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.provider.circuit import Circuit
from smsgwd.southbound.provider.link import ProviderLink
from smsgwd.southbound.provider.parts import Asking, Figures
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.sending import ProviderSending
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.suspension import Suspension

_SHOWN: Final = 10
#: Whatever counts binds counts a plugin that runs, too.
_AS_BIND: Final = {"running": "bound", "starting": "connecting", "failed": "waiting"}


def counted(settings: ProviderSettings, counts: Counts, sending: ProviderSending, circuit: Circuit) -> dict[str, Any]:
    """What it counts, and how far it may go, as fields of ConnectorStatus."""
    errors = sorted(sending.refusals.items(), key=lambda each: -each[1])
    return {
        "sent": counts.sent,
        "refused": counts.refused,
        "receipts": counts.receipts,
        "throughput": settings.throughput,
        "window": settings.window,
        "unknown": counts.unknown,
        "throttled": counts.throttled,
        "binds_lost": circuit.opened,
        "answer_ms": round(1000 * counts.answer_s, 1),
        "errors": tuple(errors[:_SHOWN]),
    }


def bind_status(
    settings: ProviderSettings, link: ProviderLink, sending: ProviderSending, circuit: Circuit, since: float
) -> BindStatus:
    """Its plugin in the place of a bind; `since` is monotonic."""
    return BindStatus(
        index=0,
        state=_AS_BIND.get(link.state, link.state),
        window_used=sending.calls,
        window=settings.window,
        since=since,
        last_error=link.runner.trouble,
        lost=circuit.opened,
        last_loss=circuit.why,
    )


def provider_status(
    settings: ProviderSettings,
    link: ProviderLink,
    circuit: Circuit,
    suspension: Suspension,
    permits: Permits,
    asking: Asking,
    figures: Figures,
    now: float,
    *,
    callbacks: int,
    callback_url: str,
) -> ProviderStatus:
    """What it has besides other connectors; `now` is monotonic."""
    balance = figures.balance
    halted = suspension.left(now) > 0
    return ProviderStatus(
        plugin=settings.plugin.name,
        state=link.state,
        trouble=link.runner.trouble,
        pid=link.runner.pid,
        halted=("stopped" if suspension.for_good else "parked") if halted else "",
        halted_why=suspension.why if halted else "",
        circuit_open=circuit.is_open,
        circuit_why=circuit.why,
        permits_waiting=permits.waiting,
        balance=None if balance is None else balance.amount,
        currency="" if balance is None else balance.currency,
        balance_at=figures.asked_at,
        facts=tuple(figures.facts.items()),
        polls_waiting=asking.waiting,
        requests=permits.granted,
        callbacks=callbacks,
        callback_url=callback_url,
    )
