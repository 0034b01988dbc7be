"""Parts of subscribers' messages that are kept, in a transaction."""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

from collections.abc import Sequence

from smsgwd.model.mo import Mo, MoSetKey, pack_mo
from smsgwd.store.embedded.rows import MO_SET, mo_set_values
from smsgwd.store.embedded.transaction import Transaction
from smsgwd.store.rows import MO_WAITS, MoRow


class MoParts(Transaction):
    """A transaction that keeps parts of subscribers' messages. See `smsgwd.store.work.Work`."""

    def mo_sets(self, key: MoSetKey, refs: Sequence[int]) -> dict[int, dict[int, MoRow]]:
        """What is kept under a key with one of `refs` in the place of its own: rows by part, by `ref`."""
        where = MO_SET.replace("ref = ?", f"ref IN ({', '.join('?' * len(refs))})")
        values = mo_set_values(key)
        found: dict[int, dict[int, MoRow]] = {}
        for ref, seq, status, mo in self.connection.execute(
            f"SELECT ref, seq, status, mo FROM mo_part WHERE {where}", (*values[:3], *refs, *values[4:])
        ):
            found.setdefault(ref, {})[seq] = MoRow(status, mo)
        return found

    def put_mo_part(self, key: MoSetKey, seq: int, mo: Mo) -> None:
        """Keep a part of a set, waiting, in the place of an earlier one of its number."""
        self.connection.execute(
            "INSERT OR REPLACE INTO mo_part (grp, source, dest, ref, total, width, seq, received_at, status, mo)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*mo_set_values(key), seq, mo.received_at, MO_WAITS, pack_mo(mo)),
        )

    def mark_mo_set(self, key: MoSetKey, status: int, before: int | None = None) -> None:
        """The kept parts of a set (where `before` is given, those that have this status) have this status now."""
        sql, values = f"UPDATE mo_part SET status = ? WHERE {MO_SET}", (status, *mo_set_values(key))
        if before is not None:
            sql, values = f"{sql} AND status = ?", (*values, before)
        self.connection.execute(sql, values)

    def drop_mo_set(self, key: MoSetKey) -> None:
        """Forget all parts of a set."""
        self.connection.execute(f"DELETE FROM mo_part WHERE {MO_SET}", mo_set_values(key))
