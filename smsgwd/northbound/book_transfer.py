"""The address book in files: import and export as CSV and vCard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from smsgwd.model.records import CONTACT, GROUP, MEMBER, Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_contacts import contact_of
from smsgwd.northbound.book_csv import CsvContacts, csv_header, csv_lines
from smsgwd.northbound.book_groups import NOTHING
from smsgwd.northbound.book_records import PAGE, Query, answer, digits_of, encoded, existing, value_of
from smsgwd.northbound.book_types import ContactFields, ImportAnswer, RefusedLine
from smsgwd.northbound.book_vcard import VCards, vcard_lines

if TYPE_CHECKING:
    from smsgwd.northbound.book_names import Names
    from smsgwd.ports.records import Records

MAX_LINES: Final = 10_000
MAX_EXPORT: Final = 100_000
CSV_TYPE: Final = "text/csv"
VCARD_TYPE: Final = "text/vcard"
_AT_ONCE: Final = 200  #: contacts stored in one go: between two of them others have their turn


class Transfer:
    """The handlers. `names` hears of new contacts."""

    def __init__(self, records: Records, names: Names) -> None:
        self._records = records
        self._names = names

    async def take(self, tenant: Tenant, request: HttpRequest, query: Query) -> HttpResponse:
        """Take contacts in, replacing those of the same numbers; a line that is refused stops no other."""
        group = query["group"][0] if "group" in query else None
        if group is not None:
            await existing(self._records, GROUP, tenant.id, group, "group")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        source: CsvContacts | VCards = VCards(request.body) if kind == VCARD_TYPE else CsvContacts(request.body)
        refused: list[RefusedLine] = []
        taken: set[str] = set()
        waiting: dict[str, bytes] = {}
        for count, (line, fields, error) in enumerate(source, 1):
            if count > MAX_LINES:
                error = Refused(Refusal.INVALID, f"more than {MAX_LINES:,} contacts: send the rest in another request")
                refused.append(RefusedLine(line, "", error.refusal.code, error.detail))
                break
            number = fields.get("number", "").strip()
            try:
                if error is not None:
                    raise error
                digits = digits_of(tenant, number)
                waiting[digits] = encoded(_checked(number, fields))
            except Refused as why:
                refused.append(RefusedLine(line, number[:40], why.refusal.code, why.detail))
            if len(waiting) == _AT_ONCE:
                taken.update(waiting)
                await self._keep(tenant.id, group, waiting)
                waiting = {}
        if waiting:
            taken.update(waiting)
            await self._keep(tenant.id, group, waiting)
        return answer(200, ImportAnswer(len(taken), refused, list(source.ignored)))

    async def _keep(self, tenant: str, group: str | None, contacts: dict[str, bytes]) -> None:
        self._names.known(tenant)
        await self._records.put_many(CONTACT, tenant, list(contacts.items()))
        if group is not None:
            await self._records.put_many(MEMBER, tenant, [(f"{group}/{digits}", NOTHING) for digits in contacts])

    async def give(self, tenant: Tenant, query: Query) -> HttpResponse:
        """The whole book."""
        form = query.get("format", ["csv"])[0]
        if form not in ("csv", "vcard"):
            raise Refused(Refusal.INVALID, "format: csv or vcard is expected")
        pieces = [csv_header()] if form == "csv" else []
        lines = csv_lines if form == "csv" else vcard_lines
        after, count = "", 0
        while True:
            found = await self._records.page(CONTACT, tenant.id, after, PAGE)
            count += len(found)
            if count > MAX_EXPORT:
                raise Refused(
                    Refusal.INVALID, f"the book has more than {MAX_EXPORT:,} contacts: read it with GET /v1/contacts"
                )
            pieces.append(lines((one.key, value_of(Contact, one)) for one in found))
            if len(found) < PAGE:
                break
            after = found[-1].key
        kind, name = (CSV_TYPE, "contacts.csv") if form == "csv" else (VCARD_TYPE, "contacts.vcf")
        headers = (
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Disposition", f'attachment; filename="{name}"'),
            ("X-Content-Type-Options", "nosniff"),
        )
        return HttpResponse(200, headers, "".join(pieces).encode("utf-8"))


def _checked(number: str, fields: dict[str, str]) -> Contact:
    """The contact of a line, held to the same lengths as one by JSON. Raises Refused(INVALID)."""
    contact = contact_of(number, fields)
    texts = {name: value for name, value in msgspec.structs.asdict(contact).items() if name != "number"}
    try:
        msgspec.convert(texts, ContactFields)
    except msgspec.ValidationError as error:
        raise Refused(Refusal.INVALID, str(error)) from None
    return contact
