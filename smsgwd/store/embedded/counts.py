"""Counts of tenants in one transaction under construction, and the numbers of their messages.

They are remembered between transactions (`Memory.counts`) and written once at the end of each, a row for each tenant
that it touched. A tenant's messages are numbered in the order in which they are taken, without gaps; numbers are never
used again, for the count of messages never falls. Each 64th number is marked with where its block begins
(`schema_dialects`).
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from smsgwd.model.message import Message
from smsgwd.model.tally import Tally
from smsgwd.store.counts import ABOVE_ALL, Count
from smsgwd.store.counts import Counts as BaseCounts
from smsgwd.store.embedded.bulk import Many

if TYPE_CHECKING:
    from smsgwd.store.embedded.memory import Memory

#: Numbers of one block, as a shift and as the bits within it.
BLOCK: Final = 6
WITHIN: Final = (1 << BLOCK) - 1
COLUMNS: Final = ", ".join(Tally.__struct_fields__)

_PUT: Final = Many(
    f"INSERT OR REPLACE INTO tally (tenant, {COLUMNS}) VALUES ",
    f"({', '.join('?' * (len(Tally.__struct_fields__) + 1))})",
)
_FIND: Final = f"SELECT {COLUMNS} FROM tally WHERE tenant = ?"
_NEWEST: Final = "SELECT max(id) FROM message WHERE tenant = ?"
_MARK: Final = "INSERT INTO mark (tenant, block, first, before, at) VALUES (?, ?, ?, ?, ?)"
# Tenants of which two marks or more are there, by a step in the key each.
_MARKED: Final = (
    "WITH RECURSIVE each (tenant) AS (SELECT min(tenant) FROM mark UNION ALL"
    " SELECT (SELECT min(tenant) FROM mark m WHERE m.tenant > each.tenant) FROM each WHERE each.tenant IS NOT NULL)"
    " SELECT tenant FROM each WHERE tenant IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM mark m WHERE m.tenant = each.tenant LIMIT 1 OFFSET 1)"
)
# All up to the last one behind whose blocks the oldest message is; the walk ends at the first mark that is needed.
_UNMARK: Final = (
    "DELETE FROM mark WHERE tenant = :tenant AND block < (SELECT coalesce("
    "(SELECT block - 1 FROM mark WHERE tenant = :tenant AND before >= coalesce((SELECT min(id) FROM message"
    f" WHERE tenant = :tenant), {ABOVE_ALL - 1}) ORDER BY block LIMIT 1),"
    " (SELECT max(block) FROM mark WHERE tenant = :tenant)))"
)
_EARLIER: Final = "UPDATE mark SET first = min(first, ?) WHERE tenant = ? AND block = ?"


class Counts(BaseCounts):
    """The counts that one transaction changes. Methods raise sqlite3.Error; after a rollback nothing of it counts."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        super().__init__(memory.counts)
        self._connection = connection
        self._touched: list[Count] = []

    def of(self, tenant: str) -> Count:
        """A tenant's counts, to be changed: they are written at the end."""
        count = self.known.get(tenant)
        if count is None:
            count = self.known[tenant] = self._load(tenant)
        if not count.touched:
            count.touched = True
            self._touched.append(count)
        return count

    def _load(self, tenant: str) -> Count:
        found = self._connection.execute(_FIND, (tenant,)).fetchone()
        if found is None:
            return Count(tenant)
        count = Count(tenant, *found)
        if count.accepted:
            (newest,) = self._connection.execute(_NEWEST, (tenant,)).fetchone()
            count.newest = -1 if newest is None else newest
        return count

    def mark(self, count: Count, message: Message) -> None:
        """The first message of a block, or one with a lower id than another that was taken before; `count` has its
        number already."""
        number = count.accepted
        before = -1 if number == 1 else count.newest
        if number == 1 or not number & WITHIN:
            values = (count.tenant, number >> BLOCK, message.id, before, message.submitted_at)
            self._connection.execute(_MARK, values)
        else:
            self._connection.execute(_EARLIER, (message.id, count.tenant, number >> BLOCK))
        count.newest = max(before, message.id)

    def write(self) -> None:
        """Write what was changed: once, at the end of the transaction."""
        if not self._touched:
            return
        values: list[Any] = []
        for count in self._touched:
            count.touched = False
            values += (
                count.tenant,
                count.accepted,
                count.scheduled,
                count.delivered,
                count.failed,
                count.cancelled,
                count.contacts,
                count.groups,
                count.templates,
                count.orders,
            )
        self._touched = []
        _PUT.run(self._connection, values)


def unmark(connection: sqlite3.Connection) -> None:
    """Forget the marks of blocks whose messages are gone; each tenant's newest mark stays."""
    tenants = connection.execute(_MARKED).fetchall()
    for (tenant,) in tenants:
        connection.execute(_UNMARK, {"tenant": tenant})
