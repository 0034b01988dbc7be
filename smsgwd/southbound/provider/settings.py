"""A provider connector's settings as plain values: what the configuration section and its plugin say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smsgwd.delivery.retry import WAITS_S
from smsgwd.delivery.trouble import Rule
from smsgwd.providers.plugin import Plugin, Poll
from smsgwd.southbound.settings import UnknownOutcome

if TYPE_CHECKING:
    from smsgwd.config.model.connectors import ProviderConnector


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider connector. Times are seconds; `throughput` in parts/s, `requests_s` in requests a second."""

    id: str
    plugin: Plugin
    group: str  #: the account: reports are matched in it, limits shared by it
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  #: as configured; `plugin.options` reads them
    window: int = 10  #: calls of `send` at a time
    together: int = 1  #: messages of one call
    throughput: float = 0.0
    burst: float | None = None
    requests_s: float = 0.0
    connect_s: float = 10.0
    answer_s: float = 30.0
    call_s: float = 60.0
    unknown_outcome: UnknownOutcome = "resend"
    unknown_after_s: float | None = None
    retry_waits_s: tuple[float, ...] = WAITS_S
    retry_attempts: int = 3
    suspend_s: float = 300.0
    keep_order: bool = True
    queue_capacity: int = 2000
    poll: Poll | None = None  #: None = states are not asked for
    callbacks: bool = True
    callback_base: str | None = None  #: None = `public_url`
    allow_from: tuple[str, ...] = ()
    balance_every_s: float = 300.0
    tenant: str | None = None
    number: str = ""
    push_contacts: bool = False
    isolated: bool = True  #: in a process of its own
    #: Statuses are SMPP's: a provider has none. What reads policies asks for them all the same.
    statuses: Mapping[int, Rule] = field(default_factory=dict)
    receipt_for_all_parts: bool = True  #: one report is about the whole message

    @property
    def certificate_ends(self) -> None:
        """When a certificate of our own ends: it shows none."""
        return None

    @property
    def most_out(self) -> int:
        """Messages that may be out at a time."""
        return self.window * self.together


def provider_settings(section: ProviderConnector, plugin: Plugin) -> ProviderSettings:
    """Settings of a configuration section whose plugin was loaded and whose `options` were checked."""
    plugin = plugin.fitted_to(section.options)
    polling, callbacks, timers = section.polling, section.callbacks, section.timers
    poll = plugin.poll
    return ProviderSettings(
        id=section.id,
        plugin=plugin,
        group=section.account,
        options=section.options,
        window=section.window or plugin.window,
        together=min(section.group or plugin.group, plugin.group),
        throughput=section.throughput,
        burst=section.burst,
        requests_s=plugin.requests_s if section.requests_per_s is None else section.requests_per_s,
        connect_s=timers.connect_s,
        answer_s=timers.answer_s,
        call_s=timers.call_s,
        unknown_outcome=section.unknown_outcome,
        unknown_after_s=plugin.unknown_after_s if section.unknown_after_s is None else section.unknown_after_s,
        retry_waits_s=section.retry.waits_s,
        retry_attempts=section.retry.attempts,
        suspend_s=section.suspend_s,
        keep_order=section.keep_order,
        queue_capacity=2 * section.ready_page,
        poll=Poll(
            poll.first_s if polling.first_s is None else polling.first_s,
            poll.factor,
            poll.longest_s if polling.longest_s is None else polling.longest_s,
            poll.group,
            poll.after_callbacks_s if callbacks.enabled and polling.first_s is None else None,
        )
        if polling.enabled and plugin.can("states")
        else None,
        callbacks=callbacks.enabled and plugin.can("received"),
        callback_base=callbacks.base_url,
        allow_from=callbacks.allow_from,
        balance_every_s=section.balance_every_s,
        tenant=section.tenant,
        number=section.number,
        push_contacts=section.push_contacts and plugin.can("push_contacts"),
        isolated=section.isolation == "process",
    )
