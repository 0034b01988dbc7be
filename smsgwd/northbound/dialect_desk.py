"""Carries out what dialects ask (`dialects.commands`), but for submissions: see `dialect_edge`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from smsgwd.admission.numbers import msisdn
from smsgwd.admission.senders import sender_of
from smsgwd.dialects import commands
from smsgwd.model.business import Push
from smsgwd.model.changes import Owed
from smsgwd.model.ledger import Funds
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import MessageView
from smsgwd.model.records import CONTACT, SENDER, Sender
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tally import Numbered, Tally
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.bills import Bills
from smsgwd.northbound.book_contacts import drop_contact
from smsgwd.northbound.book_names import Names
from smsgwd.northbound.book_records import encoded, value_of

if TYPE_CHECKING:
    from smsgwd.ports.lookups import Lookups
    from smsgwd.ports.push import Outbox
    from smsgwd.ports.records import Records
    from smsgwd.ports.store import Store

_PAGE: Final = 1000
_NOTHING: Final = Funds(0, 0, None)


class DialectDesk:
    """Knows the ports. `part_price(tenant)` tells what a part costs where no prefix says otherwise (micro-units), `now`
    milliseconds since 1970."""

    def __init__(
        self,
        store: Store,
        records: Records,
        lookups: Lookups,
        part_price: Callable[[str], int],
        now: Callable[[], int],
        outbox: Outbox | None = None,
    ) -> None:
        self._store = store
        self._records = records
        self._lookups = lookups
        self._part_price = part_price
        self._now = now
        self._outbox = outbox
        self._names = Names(records)
        self._bills = Bills(store)

    async def run(self, command: commands.Command, tenant: Tenant) -> Any:
        """The result of a command, as `dialects.commands` says. Raises Refused, StoreUnavailable."""
        match command:
            case commands.States(ids):
                found = await self._store.messages_at(tenant.id, ids) if ids else []
                return {view.message.id: view for view in found}
            case commands.StateOf(submission, number):
                return await self._state(tenant, submission, number)
            case commands.Money():
                return await self._store.funds(tenant.id) or _NOTHING
            case commands.Count():
                return await self._counts(tenant)
            case commands.History(from_ms, to_ms, offset, limit):
                return await self._history(tenant, from_ms, to_ms, offset, limit)
            case commands.LookUp(numbers):
                return await self._lookups.ask(tenant.id, [_international(number) for number in numbers])
            case commands.LookedUp(request, number):
                return await self._looked_up(tenant, request, number)
            case commands.PutContacts(contacts):
                return await self._put_contacts(tenant, contacts)
            case commands.DropContact(number):
                digits = msisdn(number, international=True)
                return await drop_contact(self._records, tenant.id, digits) > 0
            case commands.Senders():
                return await self._senders(tenant)
            case commands.AskSender(name, details):
                return await self._ask_sender(tenant, name, details)
            case commands.SenderState(name):
                record = await self._records.get(SENDER, tenant.id, name) if 0 < len(name) <= 200 else None
                return None if record is None else value_of(Sender, record)
            case _:
                raise TypeError(f"{type(command).__name__} is no query")

    async def push(self, pushes: Sequence[Push]) -> None:
        """Owe these events, durably. Raises StoreUnavailable."""
        for result in await self._store.commit(pushes):
            if isinstance(result, Owed) and self._outbox is not None:
                self._outbox.offer(result.outbox)

    async def _state(self, tenant: Tenant, submission: int, number: str) -> MessageView | str | None:
        try:
            digits = msisdn(number, international=True)
        except Refused:
            digits = number
        view = await self._store.recipient(tenant.id, submission, digits)
        return view or await self._store.refused(tenant.id, submission, number)

    async def _counts(self, tenant: Tenant) -> commands.Counts:
        tally = await self._store.tally(tenant.id) or Tally()
        funds = await self._store.funds(tenant.id) or _NOTHING
        bills = await self._bills.count(tenant, self._now())
        return commands.Counts(tally, funds, self._part_price(tenant.id), bills)

    async def _history(
        self, tenant: Tenant, from_ms: int, to_ms: int, offset: int, limit: int
    ) -> list[tuple[Numbered, str]]:
        found = await self._store.history(tenant.id, from_ms, to_ms, offset, limit)
        names = await self._names.of(tenant.id, [one.view.message.msisdn for one in found])
        return [(one, names.get(one.view.message.msisdn, "")) for one in found]

    async def _looked_up(self, tenant: Tenant, request: int, number: str) -> Lookup | None:
        found = await self._lookups.get(tenant.id, request)
        try:
            digits = msisdn(number, international=True)
        except Refused:
            digits = ""
        names = (digits, number, _international(number))  # of what is no number: as it was asked for
        return next((one for one in found if one.request == request and (one.msisdn or one.dest) in names), None)

    async def _put_contacts(self, tenant: Tenant, contacts: Sequence[commands.Contact]) -> list[Refused | None]:
        told: list[Refused | None] = []
        rows: dict[str, bytes] = {}
        for contact in contacts:
            try:
                rows[msisdn(contact.number, international=True)] = encoded(contact)
                told.append(None)
            except Refused as refused:
                told.append(refused)
        if rows:
            self._names.known(tenant.id)
            await self._records.put_many(CONTACT, tenant.id, list(rows.items()))
        return told

    async def _senders(self, tenant: Tenant) -> list[str]:
        names = [name for name in tenant.senders if not name.endswith("*")]
        if tenant.default_sender is not None:
            names.append(tenant.default_sender)
        after, count = "", _PAGE
        while count == _PAGE:
            page = await self._records.page(SENDER, tenant.id, after, _PAGE)
            names += [one.key for one in page if value_of(Sender, one).status == "approved"]
            count = len(page)
            after = page[-1].key if page else ""
        return list(dict.fromkeys(names))

    async def _ask_sender(self, tenant: Tenant, written: str, details: dict[str, str]) -> Sender:
        name = sender_of(written, None, ("*",))
        sender = Sender(name, details=details, requested_at=self._now())
        if await self._records.put(SENDER, tenant.id, name, encoded(sender), new=True):
            return sender
        kept = await self._records.get(SENDER, tenant.id, name)
        if kept is None:  # removed at this moment
            raise Refused(Refusal.STORE_UNAVAILABLE)
        return msgspec.json.decode(kept.value, type=Sender)


def _international(number: str) -> str:
    """A number whose country code comes first, written so that nobody takes it for a national one."""
    return f"+{number}" if number.isascii() and number.isdigit() and not number.startswith("0") else number
