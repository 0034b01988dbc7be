"""The catalogue of log events: every name that may be logged, its level, and what it means to an operator.

A name is `noun.what_happened`. A test reads the source and fails on a name that is not here, or on another level than
the one given here. No event is logged for each message at info or above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of log line."""

    name: str
    level: Level
    description: str


def _events(*events: tuple[str, Level, str]) -> Mapping[str, Event]:
    catalogue: dict[str, Event] = {}
    for name, level, description in events:
        if name in catalogue:
            raise ValueError(f"event {name} is declared twice")
        catalogue[name] = Event(name, level, description)
    return MappingProxyType(catalogue)


EVENTS: Mapping[str, Event] = _events(
    ("daemon.starting", "info", "The process has read its configuration; version, node."),
    ("daemon.ready", "info", "Store open, listeners accepting; how long it took."),
    ("daemon.resumed", "info", "What start-up found unfinished in the store, and took up again."),
    ("daemon.stopping", "info", "A signal or command asked to stop; draining begins."),
    ("daemon.drained", "info", "Windows and answers are done within the limit."),
    ("daemon.drain_timeout", "warning", "The drain limit passed with work outstanding; it resumes at the next start."),
    ("daemon.stopped", "info", "Everything is closed; the process ends."),
    ("daemon.failed", "error", "The process cannot start or go on; the reason."),
    ("daemon.unhandled_error", "error", "An error nobody handled; a bug. The daemon goes on."),
    ("daemon.reactor_lag", "warning", "The event loop was blocked for longer than it should be; seconds."),
    ("twisted.warning", "warning", "A warning of Twisted, the networking library."),
    ("twisted.error", "error", "An error reported by Twisted: mostly a bug here or there; the daemon goes on."),
    ("config.reloaded", "info", "A new configuration is in force."),
    ("config.refused", "error", "A new configuration has mistakes; the old one stays in force."),
    ("config.secret_key_made", "info", "No secret key existed; one was made at first start."),
    ("tenant.created", "info", "A tenant of the tenants file was not in the store and was created."),
    ("listener.opened", "info", "A listener accepts connections; address."),
    ("listener.failed", "error", "A listener could not be opened; address and reason."),
    ("listener.not_served", "warning", "The configuration has a listener that this release does not serve."),
    ("listener.full", "warning", "A connection was closed at once: the listener has its most connections."),
    ("store.opened", "info", "The store is open; kind, schema version."),
    ("store.migrated", "info", "The store's schema was brought up to date."),
    ("store.commit_failed", "error", "A commit failed; new messages are refused until the store works again."),
    ("store.recovered", "info", "Commits work again; new messages are taken."),
    ("store.slow_commit", "warning", "A commit took longer than it should; seconds."),
    ("store.closed", "info", "The store is closed."),
    ("connector.starting", "info", "A connector begins to connect."),
    ("bind.up", "info", "A bind stands."),
    ("bind.connect_failed", "warning", "The SMSC could not be reached; tried again with growing waits."),
    ("bind.refused", "error", "The SMSC refused the bind; status. Tried again after a longer wait."),
    ("bind.lost", "warning", "A bind broke; how many PDUs were unanswered."),
    ("bind.rebind", "warning", "A bind is closed and opened anew, since the SMSC says it is not bound; reason."),
    ("bind.peer_unbound", "info", "The SMSC closed a bind in order."),
    ("bind.unbound", "info", "We closed a bind in order."),
    ("bind.protocol_fault", "warning", "The SMSC broke the protocol; what."),
    ("bind.unmatched_response", "warning", "The SMSC answered what was not asked, or too late."),
    ("connector.throttled", "warning", "The SMSC asks to slow down; the new rate."),
    ("connector.unthrottled", "info", "The connector is back at its full rate."),
    ("connector.outcome_unknown", "warning", "Submits went without an answer; what the policy does with them."),
    ("connector.suspended", "warning", "A status or an operator suspended the connector."),
    ("connector.resumed", "info", "The connector takes messages again."),
    ("connector.id_form_learnt", "info", "The SMSC's form of message ids was learnt; which."),
    ("connector.stopped", "info", "The connector has closed all binds."),
    ("connector.error", "error", "An unexpected error in a connector; it goes on."),
    ("session.protocol_error", "warning", "A peer broke the protocol; what, and whether the connection was closed."),
    ("session.opened", "debug", "A peer connected."),
    ("session.closed", "debug", "A peer's connection ended."),
    ("session.bound", "info", "A tenant's bind stands."),
    ("session.bind_refused", "warning", "A tenant's bind was refused; the reason, never the credentials."),
    ("session.unbound", "info", "A tenant's bind ended."),
    ("receipt.parked", "debug", "A receipt came before its submit_sm_resp and is kept until that is known."),
    ("receipt.orphaned", "warning", "A receipt matched no message; it is kept for an operator."),
    ("receipt.contradicts", "warning", "A receipt contradicts a final state; the first one stands."),
    ("receipt.unreadable", "warning", "A receipt could not be understood; it is kept as an orphan."),
    ("message.refused", "debug", "A submission was refused; code."),
    ("message.unroutable", "warning", "No route fits; the message ended as rejected."),
    ("message.expired", "debug", "A message's validity ended before delivery was known."),
    ("message.traced", "debug", "A message went one step on."),
    ("http.request", "debug", "A request was answered; method, route, status, seconds."),
    ("http.bad_request", "debug", "A request was malformed or too large and was refused."),
    ("http.handler_failed", "error", "An unexpected error answering a request; the client got a plain 500."),
    ("auth.failed", "warning", "Credentials were wrong; address and user name."),
    ("auth.limited", "warning", "An address failed too often and is made to wait."),
    ("notify.pushed", "debug", "A receipt or event was pushed to a tenant."),
    ("notify.push_failed", "warning", "A push failed and is tried again; reason, attempt."),
    ("notify.gave_up", "error", "A push failed for its whole time and is kept for an operator."),
    ("notify.target_refused", "warning", "A tenant's URL points at a private address and is not called."),
    ("notify.target_gone", "warning", "A tenant's URL answered 410; no more is pushed there."),
    ("notify.error", "error", "An unexpected error while pushing; the push is tried again."),
    ("admin.command", "info", "An operator's command was run; who, which."),
    ("admin.refused", "warning", "An operator's command was refused; which, why."),
    ("admin.failed", "error", "An unexpected error in an operator's command."),
    ("simulator.started", "info", "The SMSC simulator accepts binds."),
    ("simulator.bound", "info", "An ESME has bound to the simulator."),
    ("simulator.fault", "info", "The simulator makes a fault it was asked for."),
    ("simulator.stopped", "info", "The simulator has stopped."),
    ("simulator.error", "error", "An unexpected error in the simulator."),
)
