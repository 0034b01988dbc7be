"""Providers that have address books of their own are told of a tenant's contacts: what is new or changed, or all.

For each connector a record says until when its provider knows all, and how far a walk through the book has come, so a
restart goes on where it was. The book is walked when the tenant has changed it, when the gateway begins, and after a
failure; a contact that is told twice is one contact to a provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.model.calling_codes import CALLING_CODES
from smsgwd.model.records import CONTACT, CONTACT_PUSH, Contact, ContactPush, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ops.contact_pushes import Count
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.ports.store import StoreUnavailable
from smsgwd.providers import numbers
from smsgwd.southbound.provider.calls import Call, Done, PushContacts
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import get_logger

_FIRST_S: Final = 5.0
_EVERY_S: Final = 60.0
_WAITS_S: Final = (60.0, 120.0, 300.0, 900.0, 3600.0)
_GROUP: Final = 100
_MARGIN_MS: Final = 10_000  #: a change may become visible so long after the time it bears
_NAMED: Final = 20
_REASON: Final = 120
_log = get_logger("southbound")


class Told(Protocol):
    """A connector of kind provider, as far as it is told of contacts (`southbound.provider.connector`)."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def settings(self) -> ProviderSettings:
        """What it goes by now."""
        ...

    @property
    def may_ask(self) -> bool:
        """False while the provider is to be left alone."""
        ...

    def call(self, call: Call) -> Deferred[Done]:
        """Ask its plugin; never fails."""
        ...


class _NotToldError(Exception):
    """The provider could not be told; why."""


class _Walk:
    """One connector's way through a book."""

    def __init__(self) -> None:
        self.lock = DeferredLock()
        self.at: ContactPush | None = None  # None = not read yet
        self.seen = -1  # which change of the book the last complete walk began behind
        self.recent: dict[str, int] = {}  # what was told and is younger than `at.until`: when it changed
        self.failures = 0
        self.not_before = 0.0  # monotonic


class ContactPushes:
    """Tells each provider that wants to know. Implements `ops.contact_pushes.Desk`."""

    def __init__(
        self,
        reactor: IReactorTime,
        clock: Clock,
        records: Records,
        connectors: Callable[[], Iterable[Told]],
        count: Callable[[str, Count], object] = lambda connector, count: None,
        runs: Callable[[str], bool] = lambda connector: True,
    ) -> None:
        """`connectors` gives those of kind provider as they are now; `count` hears of each group told; `runs` tells
        whether a connector is this node's to run, where several share the store."""
        self._runs = runs
        self._reactor = reactor
        self._clock = clock
        self._records = records
        self._connectors = connectors
        self._count = count
        self._walks: dict[str, _Walk] = {}
        self._changes: Counter[str] = Counter()  # by tenant
        self._timer: IDelayedCall | None = None
        self._stopped = False

    def start(self) -> None:
        """Tell what is new, soon and from then on."""
        self._timer = self._reactor.callLater(_FIRST_S, self._tick)

    def stop(self) -> None:
        """Begin nothing new; a call that is out is left to end."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def changed(self, kind: str, tenant: str) -> None:
        """Records of this kind were changed."""
        if kind == CONTACT:
            self._changes[tenant] += 1

    # -- by itself -------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._look().addErrback(_unexpected).addBoth(self._tock)

    def _tock(self, _: object) -> None:
        if not self._stopped:
            self._timer = self._reactor.callLater(_EVERY_S, self._tick)

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._look_at_all())

    async def _look_at_all(self) -> None:
        for connector in list(self._connectors()):
            settings = connector.settings
            walk = self._walk(connector.id)
            if self._stopped or not settings.push_contacts or settings.tenant is None:
                continue
            if walk.lock.locked:
                continue
            if not self._runs(connector.id):
                walk.at, walk.seen = None, -1  # another node tells it, and may have gone further
                continue
            if not connector.may_ask or self._clock.monotonic() < walk.not_before:
                continue
            try:
                await walk.lock.run(self._go_on, connector, walk)
            except StoreUnavailable:
                continue  # said once, by the store itself
            except _NotToldError as failed:
                walk.not_before = self._clock.monotonic() + _WAITS_S[min(walk.failures, len(_WAITS_S) - 1)]
                walk.failures += 1
                _log.warning("provider.contacts_failed", connector=connector.id, reason=str(failed))

    def _go_on(self, connector: Told, walk: _Walk) -> Deferred[None]:
        return Deferred.fromCoroutine(self._on(connector, walk))

    async def _on(self, connector: Told, walk: _Walk) -> None:
        """Walk on, or once more where there is something new."""
        tenant = connector.settings.tenant or ""
        at = await self._at(connector.id, tenant, walk)
        if at.began or walk.seen != self._changes[tenant]:
            await self._through(connector, tenant, walk, at)

    # -- ops.contact_pushes.Desk -----------------------------------------------------------------------------------

    def push_all(self, connector: str) -> Deferred[Count]:
        """See ops.contact_pushes.Desk."""
        return Deferred.fromCoroutine(self._push_all(connector))

    async def _push_all(self, name: str) -> Count:
        found = next((each for each in self._connectors() if each.id == name), None)
        if found is None:
            there = ", ".join(each.id for each in self._connectors()) or "none"
            raise Refused(Refusal.INVALID, f"there is no connector {name} with a provider's plugin; there are: {there}")
        settings = found.settings
        if settings.tenant is None:
            raise Refused(Refusal.INVALID, f"{name} has no `tenant` whose contacts could be pushed")
        if not settings.plugin.can("push_contacts"):
            raise Refused(Refusal.INVALID, f"provider {settings.plugin.name} takes no contacts")
        walk = self._walk(name)

        async def anew() -> Count:
            tenant = settings.tenant or ""
            walk.recent.clear()
            walk.at = ContactPush(tenant, -1)
            return await self._through(found, tenant, walk, walk.at)

        try:
            return await walk.lock.run(lambda: Deferred.fromCoroutine(anew()))
        except _NotToldError as failed:
            raise Refused(Refusal.INVALID, f"the provider was not told of all: {failed}") from None

    # -- walking ---------------------------------------------------------------------------------------------------

    def _walk(self, connector: str) -> _Walk:
        return self._walks.setdefault(connector, _Walk())

    async def _at(self, connector: str, tenant: str, walk: _Walk) -> ContactPush:
        """How far the provider knows this tenant's book; the book of another than before is all new."""
        if walk.at is None:
            record = await self._records.get(CONTACT_PUSH, "", connector)
            walk.at = ContactPush(tenant, -1)
            if record is not None:
                try:
                    walk.at = msgspec.json.decode(record.value, type=ContactPush)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    _log.error("record.unusable", kind=CONTACT_PUSH, key=connector, reason=str(error))
        if walk.at.tenant != tenant:
            walk.at, walk.seen = ContactPush(tenant, -1), -1
            walk.recent.clear()
        return walk.at

    async def _through(self, connector: Told, tenant: str, walk: _Walk, at: ContactPush) -> Count:
        """Tell what is younger than `at.until`, from where it stopped. Raises _NotToldError, StoreUnavailable."""
        # What changed behind a walk that goes on is not known: there is another one then.
        change = -1 if at.began else self._changes[tenant]
        if not at.began:
            at = msgspec.structs.replace(at, began=self._clock.now_ms(), after="")
        counts = Count()
        while True:
            page = await self._records.page(CONTACT, tenant, at.after, _GROUP)
            new = [one for one in page if one.at > at.until and walk.recent.get(one.key) != one.at]
            at = msgspec.structs.replace(at, after=page[-1].key if page else at.after)
            if new:
                await self._tell(connector, new, counts)
                walk.recent.update((one.key, one.at) for one in new)
                await self._keep(connector.id, walk, at)
            if self._stopped:
                return counts
            if len(page) < _GROUP:
                break
        until = max(at.began - _MARGIN_MS, 0)
        walk.recent = {key: when for key, when in walk.recent.items() if when > until}
        walk.seen, walk.failures = change, 0
        await self._keep(connector.id, walk, ContactPush(tenant, until))
        if counts.contacts:
            _log.info(
                "provider.contacts_pushed",
                connector=connector.id,
                tenant=tenant,
                pushed=counts.pushed,
                refused=counts.refused,
                reasons=counts.reasons,
            )
        return counts

    async def _keep(self, connector: str, walk: _Walk, at: ContactPush) -> None:
        if at != walk.at:
            walk.at = at
            await self._records.put(CONTACT_PUSH, "", connector, msgspec.json.encode(at))

    async def _tell(self, connector: Told, new: Sequence[Record], counts: Count) -> None:
        """One group. Raises _NotToldError with why, and how many were told before."""
        told = [written(one) for one in new]
        done = await connector.call(PushContacts(told))
        results = done.contacts
        if results is None or len(results) != len(told):
            self._count(connector.id, Count(contacts=len(told)))
            why = done.trouble or ("" if done.halted is None else _said(done.halted)) or "no answer for each contact"
            before = f"; told before: {counts.contacts}" if counts.contacts else ""
            raise _NotToldError(f"{why}{before}")
        one = Count(len(told))
        for contact, why in zip(told, results, strict=True):
            if not why:
                one.pushed += 1
                continue
            one.refused += 1
            reason = why[:_REASON]
            one.reasons[reason] = one.reasons.get(reason, 0) + 1
            one.numbers.append({"number": contact.msisdn, "reason": reason})
        self._count(connector.id, one)
        counts.add(one, _NAMED)


def written(record: Record) -> numbers.Contact:
    """A contact as plugins get it."""
    try:
        kept = msgspec.json.decode(record.value, type=Contact)
    except (msgspec.DecodeError, UnicodeDecodeError):
        kept = Contact(record.key)
    code = next((record.key[:length] for length in (3, 2, 1) if record.key[:length] in CALLING_CODES), "")
    return numbers.Contact(record.key, kept.first_name, kept.last_name, kept.email, kept.address, code)


def _said(verdict: Any) -> str:
    """A verdict's reason, for operators."""
    return str(getattr(verdict, "reason", "") or getattr(verdict, "code", "") or type(verdict).__name__)


def _unexpected(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
