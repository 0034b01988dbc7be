"""The names that histories show beside numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from smsgwd.model.records import CONTACT, Contact
from smsgwd.northbound.book_records import at_keys, value_of

if TYPE_CHECKING:
    from smsgwd.ports.records import Records

_MOST_WITHOUT: Final = 100_000


class Names:
    """Names of contacts by number. Tenants without contacts are known, so that they cost no look-up."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._without: set[str] = set()

    def known(self, tenant: str) -> None:
        """The tenant gets a contact now."""
        self._without.discard(tenant)

    def has_none(self, tenant: str) -> bool:
        """True when the tenant is known to have no contacts."""
        return tenant in self._without

    async def of(self, tenant: str, numbers: Iterable[str]) -> dict[str, str]:
        """Names by number (digits), of those that have one: one look-up for all of them."""
        if tenant in self._without:
            return {}
        wanted = list(dict.fromkeys(numbers))
        if not wanted:
            return {}
        found = await at_keys(self._records, CONTACT, tenant, wanted)
        if not found and not await self._records.page(CONTACT, tenant, "", 1) and len(self._without) < _MOST_WITHOUT:
            self._without.add(tenant)
        return {key: name for key, one in found.items() if (name := value_of(Contact, one).name)}
