"""Metrics that only connectors of kind provider have; all others they share with SMPP connectors (`metrics.py`)."""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import CollectorRegistry

from smsgwd.telemetry.declaring import Declaring
from smsgwd.telemetry.families import Family, Spec
from smsgwd.telemetry.plain import Tally

VerdictName = Literal["accepted", "temporary", "permanent", "unknown", "slow_down", "park", "stop"]
PollOutcome = Literal["final", "on_way", "not_known", "failed", "given_up"]
CallbackOutcome = Literal["taken", "refused", "not_ours", "not_kept", "failed"]
Halted = Literal["parked", "stopped"]

_WAITS: Final = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0)


class ProviderFamilies(Declaring):
    """Of all provider connectors."""

    def __init__(self, registry: CollectorRegistry, specs: list[Spec]) -> None:
        super().__init__(registry, specs)
        self._bound: dict[str, ProviderMetrics] = {}
        self.running = self._gauges("provider_running", "1 while the plugin of a provider connector runs.", "connector")
        self.requests = self._counters(
            "provider_requests_total", "HTTP requests to providers: 2xx, 3xx, 4xx, 429, 5xx, other, no_answer (they may"
            " have arrived), not_sent.", "connector", "outcome", series=4000,
        )  # fmt: skip
        self.permit_seconds = self._histograms(
            "provider_permit_seconds", "How long a request waited for its turn in the account's limit.", "connector",
            buckets=_WAITS,
        )  # fmt: skip
        self.verdicts = self._counters(
            "provider_verdicts_total", "What plugins said of messages: accepted, temporary, permanent, unknown,"
            " slow_down, park, stop.", "connector", "verdict", series=4000,
        )  # fmt: skip
        self.faults = self._counters(
            "provider_faults_total", "Calls that a plugin failed by itself: it raised, hung, died, or answered what"
            " it may not.", "connector",
        )  # fmt: skip
        self.polls = self._counters(
            "provider_polls_total", "Messages whose state was asked for: final, on_way, not_known (the provider says"
            " nothing of it), failed (no answer), given_up (asked for the last time).", "connector", "outcome",
            series=4000,
        )  # fmt: skip
        self.polls_waiting = self._gauges(
            "provider_polls_waiting", "Messages whose state is to be asked for.", "connector"
        )
        self.closed_unknown = self._counters(
            "provider_closed_unknown_total", "Messages closed as unknown: the provider gave no final state in time.",
            "connector",
        )  # fmt: skip
        self.callbacks = self._counters(
            "provider_callbacks_total", "Callbacks: taken, refused (by the plugin), not_ours (another network),"
            " not_kept (answered 503), failed (the plugin's fault).", "connector", "outcome", series=4000,
        )  # fmt: skip
        self.events = self._counters(
            "provider_events_total", "What providers told besides states: incoming, clicked, call, qualified.",
            "connector", "kind", series=4000,
        )  # fmt: skip
        self.contacts = self._counters(
            "provider_contacts_total", "Contacts that providers were told of: pushed, refused, failed.", "connector",
            "outcome",
        )  # fmt: skip
        self.balance = self._gauges(
            "provider_balance", "What is left at the provider: money, or messages where the currency is empty.",
            "connector", "currency",
        )  # fmt: skip
        self.circuit_open = self._gauges(
            "provider_circuit_open", "1 while a provider is left alone since it does not answer.", "connector"
        )
        self.halted = self._gauges(
            "provider_halted", "1 while a provider's word keeps its connector from sending: parked (no credit), stopped"
            " (credentials).", "connector", "why", series=2000,
        )  # fmt: skip
        self.worker_restarts = self._counters(
            "provider_worker_restarts_total", "Times that a plugin's process died or was killed and was started again.",
            "connector",
        )  # fmt: skip

    def of(self, connector_id: str) -> ProviderMetrics:
        """The bound children of one connector; the same object every time."""
        found = self._bound.get(connector_id)
        if found is None:
            found = self._bound[connector_id] = ProviderMetrics(self, connector_id)
        return found

    def forget(self, connector_id: str) -> None:
        """Drop the series of a connector that was removed."""
        bound = self._bound.pop(connector_id, None)
        if bound is not None:
            bound.gone = True
        for counter in (
            self.requests, self.verdicts, self.faults, self.polls, self.closed_unknown, self.callbacks, self.events,
            self.contacts, self.worker_restarts,
        ):  # fmt: skip
            counter.forget("connector", connector_id)
        for gauge in (self.running, self.polls_waiting, self.balance, self.circuit_open, self.halted):
            gauge.forget("connector", connector_id)
        self.permit_seconds.forget("connector", connector_id)


class ProviderMetrics:
    """The series of one provider connector, bound once; those by outcome at their first use.

    What counts here may do so a little longer than the connector is there: nothing of it makes series again.
    """

    def __init__(self, families: ProviderFamilies, connector_id: str) -> None:
        self._families = families
        self._id = connector_id
        self._currency: str | None = None
        self._tallies: dict[tuple[str, str], Tally] = {}
        self.gone = False  #: its series were dropped
        self.running = families.running.labels(connector_id)
        self.permit_seconds = families.permit_seconds.labels(connector_id)
        self.faults = families.faults.labels(connector_id)
        self.polls_waiting = families.polls_waiting.labels(connector_id)
        self.closed_unknown = families.closed_unknown.labels(connector_id)
        self.circuit_open = families.circuit_open.labels(connector_id)
        self.worker_restarts = families.worker_restarts.labels(connector_id)
        self._halted = {why: families.halted.labels(connector_id, why) for why in ("parked", "stopped")}

    def request(self, status: int, *, written: bool = True) -> Tally:
        """Counter of HTTP requests that ended so; `status` 0 = no answer, and then `written` says if it had left."""
        if status == 429:
            outcome = "429"
        elif status:
            outcome = f"{status // 100}xx" if 200 <= status < 600 else "other"
        else:
            outcome = "no_answer" if written else "not_sent"
        return self._tally(self._families.requests, outcome)

    def verdict(self, name: VerdictName) -> Tally:
        """Counter of messages with this verdict."""
        return self._tally(self._families.verdicts, name)

    def poll(self, outcome: PollOutcome) -> Tally:
        """Counter of messages asked for with this outcome."""
        return self._tally(self._families.polls, outcome)

    def callback(self, outcome: CallbackOutcome) -> Tally:
        """Counter of callbacks with this outcome."""
        return self._tally(self._families.callbacks, outcome)

    def event(self, kind: str) -> Tally:
        """Counter of events of this kind: incoming, clicked, call, qualified."""
        return self._tally(self._families.events, kind)

    def contacts(self, outcome: Literal["pushed", "refused", "failed"]) -> Tally:
        """Counter of contacts with this outcome."""
        return self._tally(self._families.contacts, outcome)

    def halted(self, why: Halted, now: bool) -> None:
        """The connector is kept from sending, or is so no more."""
        self._halted[why].set(now)

    def balance(self, amount: float, currency: str) -> None:
        """What is left; another currency than before takes its place."""
        if self.gone:
            return
        if currency != self._currency:
            self._families.balance.forget("connector", self._id)
            self._currency = currency
        self._families.balance.labels(self._id, currency).set(amount)

    def _tally(self, family: Family[Tally], value: str) -> Tally:
        """The connector's child with this value of the other label."""
        found = self._tallies.get((family.spec.name, value))
        if found is None:
            if self.gone:
                return self.faults  # nobody reads it any more
            found = self._tallies[family.spec.name, value] = family.labels(self._id, value)
        return found
