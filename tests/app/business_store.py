"""The part of ports.Store about money, links, lookups and scheduled messages, in memory; commits are done at once."""

from twisted.internet.defer import fail, succeed

from smsgwd.model.business import Book, Booked, Click, Push, PutLookups, Reschedule
from smsgwd.model.changes import Ignored, Moved, Owed
from smsgwd.model.counting import SpanPage
from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.model.links import LinkView
from smsgwd.model.lookups import LookupState
from smsgwd.model.message import HELD, State
from smsgwd.model.outbox import OutboxItem, target_of
from smsgwd.ports.store import StoreUnavailable

ANSWERED = (LookupState.DELIVERED, LookupState.UNDELIVERED)


class BusinessStore:
    def __init__(self):
        self.healthy = True
        self.broken = False  # commits fail
        self.blind = False  # reads fail
        self.batches = []
        self.floors = {}
        self.entries = []
        self.link_views = {}
        self.kept_lookups = {}
        self.views = {}
        self.owed = []

    def counted(self, tenant, between, by, after):
        return succeed(SpanPage((), None))

    # -- changes

    def commit(self, changes):
        if self.broken:
            return fail(StoreUnavailable("the disk is full"))
        self.batches.append(list(changes))
        return succeed([self._apply(change) for change in changes])

    def _apply(self, change):
        return {
            Book: self._book,
            Click: self._click,
            Push: self._push,
            PutLookups: self._put_lookups,
            Reschedule: self._reschedule,
        }[type(change)](change)

    def balance_of(self, tenant):
        return sum(entry.amount for entry in self.entries if entry.tenant == tenant)

    def enter(self, tenant, at, kind, amount, reserved=0, **fields):
        number = len(self.entries) + 1
        balance = self.balance_of(tenant) + amount
        self.entries.append(LedgerEntry(number, tenant, at, kind, amount, reserved, balance, **fields))
        return Booked(number, balance)

    def _book(self, book):
        payers = [(book.tenant, book.amount), *book.ancestors]
        if book.reference and any(e.tenant == book.tenant and e.reference == book.reference for e in self.entries):
            return Ignored("repeated")
        if any(tenant not in self.floors for tenant, _ in payers):
            return Ignored("no_tenant")
        if book.checked and any(
            self.floors[tenant] is not None and self.balance_of(tenant) + amount < self.floors[tenant]
            for tenant, amount in payers
        ):
            return Ignored("no_credit")
        booked, *_ = [
            self.enter(tenant, book.at, book.kind, amount, reference=book.reference, note=book.note)
            for tenant, amount in payers
        ]
        return booked

    def _click(self, click):
        view = self.link_views.get(click.code)
        if view is None:
            return False
        people = not click.bot
        self.link_views[click.code] = LinkView(
            view.link,
            view.clicks + people,
            view.bots + click.bot,
            click.at if people and view.first_at is None else view.first_at,
            click.at if people else view.last_at,
        )
        return True

    def _push(self, push):
        number = len(self.owed) + 1
        item = OutboxItem(
            number, push.tenant, target_of(push.tenant, push.url), push.url, push.type, push.at, push.at, 0, 0, "", "",
            None, State.DELIVERED, None, push.at, None, 1, None, push.payload,
        )  # fmt: skip
        self.owed.append(item)
        return Owed((item,))

    def _put_lookups(self, change):
        for lookup in change.lookups:
            self.kept_lookups[lookup.id] = lookup

    def _reschedule(self, change):
        view = self.views.get(change.message_id)
        if view is None or view.message.tenant != change.tenant:
            return Ignored("unknown_message")
        message = view.message
        if message.state is not State.SCHEDULED or message.due_at >= HELD:
            return Ignored("left")
        message.due_at = change.due_at or change.at
        message.deadline = change.deadline or message.deadline
        return Moved(message.id, State.SCHEDULED)

    # -- questions

    def _read(self, value):
        return fail(StoreUnavailable("cannot read")) if self.blind else succeed(value)

    def funds(self, tenant):
        reserved = sum(entry.reserved for entry in self.entries if entry.tenant == tenant)
        return self._read(Funds(self.balance_of(tenant), reserved, self.floors.get(tenant)))

    def _span(self, tenant, from_ms, to_ms):
        return [
            entry
            for entry in self.entries
            if entry.tenant == tenant
            and (from_ms is None or entry.at >= from_ms)
            and (to_ms is None or entry.at < to_ms)
        ]

    def ledger(self, tenant, where, after, limit):
        found = [e for e in self._span(tenant, where.from_ms, where.to_ms) if not where.kinds or e.kind in where.kinds]
        if where.newest_first:
            found = [e for e in reversed(found) if not after or e.id < after]
        else:
            found = [e for e in found if e.id > after]
        return self._read(found[:limit])

    def ledger_sums(self, tenant, from_ms, to_ms):
        sums = []
        for kind in EntryKind:
            found = [e for e in self._span(tenant, from_ms, to_ms) if e.kind is kind]
            if found:
                totals = (sum(getattr(e, name) for e in found) for name in ("amount", "reserved", "messages", "parts"))
                sums.append(LedgerSums(kind, len(found), *totals))
        return self._read(sums)

    def link(self, code):
        return self._read(self.link_views.get(code))

    def links(self, tenant, message_id, before, limit):
        found = [
            view
            for view in sorted(self.link_views.values(), key=lambda view: -view.link.message_id)
            if view.link.tenant == tenant
            and view.link.message_id < before
            and message_id in (None, view.link.message_id)
        ]
        return self._read(found[:limit])

    def lookups(self, tenant, request):
        found = [
            each
            for _, each in sorted(self.kept_lookups.items())
            if each.tenant == tenant and request in (each.request, each.id)
        ]
        return self._read(found)

    def latest_lookup(self, msisdn):
        found = [e for e in self.kept_lookups.values() if e.msisdn == msisdn and e.facts.state in ANSWERED]
        return self._read(max(found, key=lambda each: each.done_at, default=None))

    def known_networks(self, after, limit):
        newest = {}
        for each in sorted(self.kept_lookups.values(), key=lambda each: each.done_at or 0):
            if each.facts.mcc and each.facts.state in ANSWERED and each.msisdn > after:
                newest[each.msisdn] = each
        return self._read([newest[number] for number in sorted(newest)][:limit])

    def open_lookups(self, after, limit):
        found = [e for n, e in sorted(self.kept_lookups.items()) if n > after and not e.facts.state.final]
        return self._read(found[:limit])

    def message(self, tenant, message_id):
        view = self.views.get(message_id)
        return self._read(view if view is not None and view.message.tenant == tenant else None)

    def submission(self, tenant, submission):
        found = [v for _, v in sorted(self.views.items()) if v.message.submission == submission]
        return self._read([view for view in found if view.message.tenant == tenant])

    def messages(self, tenant, where, before, limit):
        found = [
            view
            for number, view in sorted(self.views.items(), reverse=True)
            if view.message.tenant == tenant
            and (before is None or number < before)
            and (not where.states or view.message.state in where.states)
            and (where.from_ms is None or view.message.submitted_at >= where.from_ms)
            and (where.to_ms is None or view.message.submitted_at < where.to_ms)
        ]
        return self._read(found[:limit])
