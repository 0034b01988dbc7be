"""Records as edges change them: the store, and whoever must hear of a change at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from smsgwd.model.records import Record

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Records(Protocol):
    """What tenants and operators keep by name (`model.records`). A change counts for the next message as soon as its
    Deferred fires: what is compiled from records (routes, price lists, sender rules) is made anew by then.

    All fail with StoreUnavailable; changes also with Refused(INVALID) for a record that cannot be compiled (nothing is
    changed then) and for a key or a value that is too long.
    """

    def get(self, kind: str, tenant: str, key: str) -> Deferred[Record | None]:
        """One record, or None."""
        ...

    def page(
        self, kind: str, tenant: str | None, after: str, limit: int, *, beginning: str = ""
    ) -> Deferred[list[Record]]:
        """As `Store.records`."""
        ...

    def at(self, kind: str, tenant: str, keys: Sequence[str]) -> Deferred[list[Record]]:
        """As `Store.records_at`: the names of a page's numbers in one look-up."""
        ...

    def put(
        self, kind: str, tenant: str, key: str, value: bytes, *, new: bool = False, old: bool = False
    ) -> Deferred[bool]:
        """Keep a record; False when `new` and there is one, or `old` and there is none."""
        ...

    def put_many(
        self, kind: str, tenant: str, rows: list[tuple[str, bytes]], *, dropped: Sequence[str] = ()
    ) -> Deferred[None]:
        """Keep many records of a kind and remove those `dropped` (keys), all or none; what is compiled from them is
        made anew once."""
        ...

    def drop(self, kind: str, tenant: str, key: str, *, beginning: bool = False) -> Deferred[int]:
        """Remove a record, or all whose key begins with `key`; how many."""
        ...
