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
    ("daemon.stopping", "info", "A signal or command asked to stop; draining begins."),
    ("daemon.drain_timeout", "warning", "The drain limit passed with work outstanding; it resumes at the next start."),
    ("daemon.stopped", "info", "Everything is closed; the process ends."),
    ("daemon.failed", "error", "The process cannot start or go on; the reason."),
    ("daemon.unhandled_error", "error", "An error nobody handled; a bug. The daemon goes on."),
    ("daemon.reactor_lag", "warning", "The event loop was blocked for longer than it should be; seconds."),
    ("twisted.warning", "warning", "A warning of Twisted, the networking library."),
    ("twisted.error", "error", "An error reported by Twisted: mostly a bug here or there; the daemon goes on."),
    ("tenant.created", "info", "A tenant of the tenants file was not in the store and was created."),
    ("listener.opened", "info", "A listener accepts connections; address."),
    ("store.opened", "info", "The store is open; kind, schema version."),
    ("store.commit_failed", "error", "A commit failed; new messages are refused until the store works again; why."),
    ("store.recovered", "info", "Commits work again; new messages are taken."),
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
    ("connector.rate_changed", "debug", "The SMSC's limit was measured anew; the new rate."),
    ("connector.outcome_unknown", "warning", "Submits went without an answer; what the policy does with them."),
    ("connector.id_form_learnt", "info", "The SMSC's form of message ids was learnt; which."),
    ("connector.suspended", "error", "A status asks to send nothing for a while; status, seconds."),
    ("connector.resumed", "info", "A connector that was suspended sends again."),
    ("connector.failover", "warning", "A link is down: what is queued for it goes over; how many, to which."),
    ("connector.failover_round", "info", "How many messages went over from a connector that is down, by target."),
    (
        "connector.missing",
        "warning",
        "The store has messages queued for a connector that is not configured; how many. Without it they expire.",
    ),
    ("connector.stopped", "info", "The connector has closed all binds."),
    ("connector.error", "error", "An unexpected error in a connector; it goes on."),
    ("mo.unrouted", "warning", "No route wants a subscriber's message; it is kept by the SMSC, or here."),
    ("mo.route_to_nobody", "warning", "An MO route names what is not there, or a tenant without that URL; which."),
    ("mo.incomplete", "warning", "Parts of a subscriber's message never came; what is there went on, marked."),
    ("mo.opted_out", "info", "A subscriber opted out of a tenant's messages, or in again; tenant."),
    ("mo.error", "error", "An unexpected error with a subscriber's message; it is kept and tried again."),
    ("retention.clock_set", "warning", "The wall clock was set; after a step forward clearing up rests for an hour."),
    ("retention.purged", "info", "Clearing up deleted rows; how many of which kind, once an hour at most."),
    ("store.damaged", "error", "The database file is damaged; what SQLite says. See docs/backup.md."),
    ("store.backed_up", "info", "A copy of the store was written; file, bytes."),
    ("store.upkeep_failed", "error", "A backup, check or vacuum failed; why."),
    ("message.erased", "info", "An operator had one person's data removed; how many rows (not whose)."),
    ("receipt.unreadable", "warning", "A receipt names no message: it is acknowledged and dropped."),
    ("esme.bound", "info", "An ESME is bound; account, kind of bind, address."),
    ("esme.bind_refused", "warning", "An ESME's bind was refused; why. At most one line a second an address."),
    ("esme.connection_refused", "debug", "A connection that is not bound was closed; why. They are counted too."),
    ("esme.unbound", "info", "An ESME's bind ended in order, by either side."),
    ("esme.lost", "warning", "An ESME's bind broke; how many deliveries were unanswered. They go out again."),
    ("esme.protocol_fault", "warning", "An ESME broke the protocol and was answered; what."),
    ("esme.delivery_refused", "warning", "An ESME refuses a receipt or MO for good; it is kept for an operator."),
    ("esme.outbind", "info", "We called an account that has something waiting and nothing bound."),
    ("esme.outbind_failed", "warning", "An account could not be called; tried again with growing waits."),
    ("esme.error", "error", "An unexpected error while serving an ESME; the session goes on."),
    ("listener.certificate_reloaded", "info", "New connections get the certificate that is in the file now."),
    ("listener.certificate_kept", "error", "The certificate in the file cannot be used; the old one stays."),
    ("notify.pushed", "debug", "A receipt or event was pushed to a tenant."),
    ("notify.push_failed", "warning", "A push failed and is tried again; reason, attempt."),
    ("notify.gave_up", "error", "A push failed for its whole time and is kept for an operator."),
    ("notify.target_refused", "warning", "A tenant's URL points at a private address and is not called."),
    ("notify.target_gone", "warning", "A tenant's URL answered 410; no more is pushed there."),
    ("notify.error", "error", "An unexpected error while pushing; the push is tried again."),
)
