"""A message sent again: a new one of the same tenant with the same content, by the same pipeline as any.

What an ESME said of it (header, coding, TLVs) stays, and its receipts go where those of the old one went.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.admission.admit import number_of
from smsgwd.admission.times import MIN_VALIDITY_S
from smsgwd.model.business import Book, Booked
from smsgwd.model.callbacks import unpack_callback
from smsgwd.model.changes import Note
from smsgwd.model.ledger import EntryKind, unpack_payers
from smsgwd.model.message import DEVICE_THEN_NETWORK, Coding, Message, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Item, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import unpack_wire
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.ports.submit import Submitter
from smsgwd.telemetry import get_logger

#: Ends after which the recipient has nothing and gets nothing any more.
_NEVER_CAME: Final = (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)
_log = get_logger("daemon")


class Resend:
    """Sends messages again. `tenants` gives a tenant by id, or None."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        submitter: Submitter,
        tenants: Callable[[str], Tenant | None],
        max_validity_s: Callable[[], int],
    ) -> None:
        self._store = store
        self._clock = clock
        self._submitter = submitter
        self._tenants = tenants
        self._max_validity_s = max_validity_s

    def resend(self, message_id: int, *, force: bool, free: bool) -> Deferred[Entry]:
        """What became of it: the new message. With `free` its tenant, and those above it, get the price back.

        Fails with Refused (NOT_FOUND; TOO_LATE for one that came, or may still come, unless `force`; as the pipeline
        refuses it), StoreUnavailable.
        """
        return Deferred.fromCoroutine(self._resend(message_id, force, free))

    async def _resend(self, message_id: int, force: bool, free: bool) -> Entry:
        trace = await self._store.trace(message_id)
        if trace is None:
            raise Refused(Refusal.NOT_FOUND, f"there is no message {message_id}")
        old = trace.view.message
        tenant = self._tenants(old.tenant)
        if tenant is None:
            raise Refused(Refusal.NOT_FOUND, f"its tenant {old.tenant} is not there any more")
        if not force and old.state not in _NEVER_CAME:
            raise Refused(
                Refusal.TOO_LATE, f"it is {old.state.public}: {_why_not(old)}; force=yes sends it all the same"
            )
        if not old.body or not old.msisdn:
            raise Refused(Refusal.INVALID_TEXT, "its text is not kept any more (texts_d of its tenant, or erased)")
        item = item_of(old, tenant, self._max_validity_s())
        way_in = "http" if old.account is None else "smpp"
        outcome = await self._submitter.submit(Submission(old.tenant, [item], intake=way_in))
        [entry] = outcome.entries
        if entry.id is None:
            return entry
        _log.info("message.resent", id=message_id, as_id=entry.id, tenant=old.tenant, free=free)
        await self._write_down(old, entry, free)
        return entry

    async def _write_down(self, old: Message, entry: Entry, free: bool) -> None:
        """In the histories of both, and in the ledger."""
        assert entry.id is not None
        now = self._clock.now_ms()
        await self._store.commit(
            [
                Note(old.id, now, "resent", f"as message {entry.id}"),
                Note(entry.id, now, "resent", f"for message {old.id}"),
            ]
        )
        if not free or not entry.price:
            return
        view = await self._store.message(old.tenant, entry.id)
        ancestors = () if view is None else unpack_payers(view.message.payers)
        book = Book(
            old.tenant,
            EntryKind.CORRECTION,
            entry.price,
            now,
            reference=f"resend {entry.id}",
            note=f"message {old.id} was sent again for nothing",
            ancestors=ancestors,
        )
        [booked] = await self._store.commit([book])
        if not isinstance(booked, Booked):
            raise Refused(Refusal.INTERNAL, f"it was sent as {entry.id}, but its price could not be given back")


def _why_not(message: Message) -> str:
    if message.state is State.DELIVERED:
        return "it came"
    return "it may have come" if message.state is State.UNKNOWN else "it may still arrive"


def item_of(old: Message, tenant: Tenant, max_validity_s: int) -> Item:
    """The same message as its tenant would submit it now; valid for as long as it was."""
    wire = None if old.wire is None else unpack_wire(old.wire)
    binary = old.coding is Coding.BINARY
    validity_s = max(MIN_VALIDITY_S, min(max_validity_s, (old.deadline - old.submitted_at) // 1000))
    by_phone = old.channel == DEVICE_THEN_NETWORK
    item = Item(
        old.source,
        old.dest,
        old.text,
        old.body if binary else None,
        old.coding.public,
        old.flash,
        dlr_url=old.dlr_url or "",
        client_ref=old.client_ref,
        validity_s=validity_s,
        priority=old.priority,
        account=old.account,
        asks=old.asks,
        wire=wire,
        channel="device" if by_phone else old.channel,
        failover=by_phone,
        callback=None if old.callback is None else unpack_callback(old.callback),
        may_be_empty=True,
    )
    if _number(item, tenant) != old.msisdn:  # its tenant's region is another now, or its style of numbers was
        item = msgspec.structs.replace(item, dest=f"+{old.msisdn}", international=True)
    return item


def _number(item: Item, tenant: Tenant) -> str:
    try:
        return number_of(item, tenant)
    except Refused:
        return ""
