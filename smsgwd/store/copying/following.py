"""An embedded store that follows a Redis store, round by round, while a node works on that.

The bulk and each round are the same: what is new or other than it was read (`redis_changes`) is read, deleted by its
key and inserted anew. What is read at different moments may disagree meanwhile. After a round in which nobody wrote,
each record is there as it was read, and was read as it is.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.threads import deferToThread

from smsgwd.store.copying import embedded_out
from smsgwd.store.copying.copy import Told
from smsgwd.store.copying.embedded_in import EmbeddedCopy
from smsgwd.store.copying.records import Copy, EntryCopy, FinalCopy, Numbers, Sums
from smsgwd.store.copying.redis_changes import RedisChanges
from smsgwd.store.copying.redis_names import INDEXES, key_of, kind_of_row
from smsgwd.store.copying.redis_rows import Piece, RedisRows, SmscCopy, digest, piece_kind, plain
from smsgwd.store.copying.stamps import Read, Stamps
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.redis.asking import Asking

_SMSC: Final = "SELECT grp, id, message, part FROM smsc"
_FINALS: Final = "SELECT seq, message, charged FROM final WHERE seq > ? AND seq <= ? ORDER BY seq"
_LAST: Final = (1 << 63) - 1
_PARTS: Final = (
    "SELECT grp, source, dest, ref, total, width, seq FROM mo_part"
    " WHERE grp = ? AND source = ? AND dest = ? AND ref & 65535 = ? AND total = ? AND width = ?"
)


class Following:
    """Fills `target`, whose file is at `path`, from the server. Raises errors.Unreachable, errors.Refused,
    sqlite3.Error, OSError, msgspec.MsgspecError."""

    def __init__(self, ask: Asking, target: EmbeddedCopy, path: Path, stamps: Stamps) -> None:
        self._ask = ask
        self._target = target
        self._path = path
        self._stamps = stamps
        self._changes = RedisChanges(ask, stamps)
        self._rows = RedisRows(ask)
        self._sums = Sums()  # of all that is in the file, as it was read
        self._tallies: dict[str, Copy] = {}
        self._entries: dict[str, tuple[int, int]] = {}  # by tenant: how many there are, the number of the last one
        self._final = 0  # the number of the last one read
        self._others: list[tuple[tuple[Any, ...], Piece]] = []  # what was written in this round and is no row

    async def round(self, told: Told) -> int:
        """Bring the file to what the server has by now; how many records were other, new or gone."""
        self._others = []
        await self._changes.look()
        count = done = 0
        for names, known in self._changes.other():
            count += await self._bring(names, known)
            done += sum(kind_of_row(name) == "message" for name in names)
            told(done, self._changes.messages)
        for known in self._changes.gone():
            await self._take(known)
            self._stamps.forget(known)
            count += len(known)
        count += await self._follow_ledgers() + await self._follow_finals() + await self._follow_tallies()
        await self._target.put([await self._rows.numbers()])
        return count

    async def _bring(self, names: Sequence[str], known: Mapping[str, Read]) -> int:
        rows = [row for row in await self._rows.of(names) if row.pieces]  # those of a message that is going have none
        await self._take(known)
        await self._put([piece for row in rows for piece in row.pieces])
        self._stamps.remember([(row.name, row.read) for row in rows])
        there = {row.name for row in rows}
        self._stamps.forget(known.keys() - there)
        return len(known.keys() | there)

    async def _take(self, known: Mapping[str, Read]) -> None:
        keys: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for name, read in known.items():
            kind = kind_of_row(name)
            keys[kind].append(key_of(name))
            self._sums.more(kind, -read.pieces, -read.digest)
        for kind, found in keys.items():
            await self._target.take(kind, found)

    async def _put(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._sums.more(piece_kind(piece), 1, digest(piece))
        records = [piece for piece in pieces if not isinstance(piece, SmscCopy)]
        messages, tenants = await self._target.in_the_way(records)
        if (
            messages or tenants
        ):  # read at another moment: the next round, or the rest of this one, reads them as they are
            keys = self._ask.keys
            names = [*map(keys.message, messages), *map(keys.tenant, tenants)]
            known = self._stamps.known([name[len(keys.base) :] for name in names])
            await self._take(known)
            self._stamps.forget(known)
        await self._target.put(records)
        await self._target.place(piece for piece in pieces if isinstance(piece, SmscCopy))

    async def _put_others(self, records: Sequence[Copy], keys: Iterable[tuple[Any, ...]]) -> None:
        await self._put(records)
        self._others += zip(keys, records, strict=True)

    # -- what is content and no row (see redis_names) ----------------------------------------------------------------

    async def _follow_ledgers(self) -> int:
        tenants = sorted(self._changes.lists.get("l", ()))
        sizes = await self._sizes([self._ask.keys.ledger(tenant) for tenant in tenants])
        added = 0
        for tenant, size in zip(tenants, sizes, strict=True):
            count, last = self._entries.get(tenant, (0, 0))
            while count != size and (page := await self._rows.entries(tenant, last)):
                numbers = [each.number for each in page if isinstance(each, EntryCopy)]
                await self._put_others(page, [(tenant, number) for number in numbers])
                count, last = count + len(page), numbers[-1]
                added += len(page)
                size = max(size, count)  # it grows meanwhile
            self._entries[tenant] = count, last
        return added

    async def _follow_finals(self) -> int:
        count = 0
        while page := await self._rows.finals(self._final):
            numbers = [each.seq for each in page if isinstance(each, FinalCopy)]
            await self._put_others(page, [(number,) for number in numbers])
            self._final = numbers[-1]
            count += len(page)
        (size,) = await self._sizes([self._ask.keys.finals])
        if size != self._sums.counts.get("final", 0):
            count += await self._drop_finals()
        return count

    async def _drop_finals(self) -> int:
        """Those that are written down by now; both sides by their numbers, a page at a time."""
        low = count = 0
        with contextlib.closing(open_reader(self._path)) as connection:
            while low < _LAST:
                page = [each.seq for each in await self._rows.finals(low) if isinstance(each, FinalCopy)]
                high = page[-1] if page else _LAST
                there = set(page)
                gone = [FinalCopy(*row) for row in connection.execute(_FINALS, (low, high)) if row[0] not in there]
                for each in gone:
                    self._sums.more("final", -1, -digest(each))
                await self._target.take("final", [(each.seq,) for each in gone])
                taken = {each.seq for each in gone}
                self._others = [each for each in self._others if not _is_final(each[1], taken)]
                count += len(gone)
                low = high
        return count

    async def _follow_tallies(self) -> int:
        now = await self._rows.tallies(sorted(self._changes.lists.get("n", ())))
        before = self._tallies
        other = {name: record for name, record in now.items() if before.get(name) != record}
        gone = {name for name in before if name in other or name not in now}
        for name in gone:
            self._sums.more("tally", -1, -digest(before[name]))
        await self._target.take("tally", [(name,) for name in gone])
        await self._put_others(list(other.values()), [(name,) for name in other])
        self._tallies = now
        return len(gone | other.keys())

    async def _sizes(self, indexes: Sequence[str]) -> list[int]:
        """How many members each of these has."""
        return [int(size) for size in await self._ask.several([("ZCARD", index) for index in indexes])]

    # -- comparing -------------------------------------------------------------------------------------------------

    async def differences(self) -> list[str]:
        """What the file has other than it was read, in words; [] = nothing. All of it is read."""
        found = await deferToThread(self._added_up, None)
        return self._sums.differences(found)

    async def differences_of_round(self) -> list[str]:
        """The same for what the last round wrote."""
        wanted: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        sums = Sums()
        for name, read in self._stamps.of_this_round():
            kind = kind_of_row(name)
            wanted[kind].append(key_of(name))
            sums.more(kind, read.pieces, read.digest)
        for key, piece in self._others:
            wanted[piece_kind(piece)].append(key)
            sums.more(piece_kind(piece), 1, digest(piece))
        return sums.differences(await deferToThread(self._added_up, wanted))

    def _added_up(self, wanted: Mapping[str, list[tuple[Any, ...]]] | None) -> Sums:
        """What is in the file, or these records of it; of any thread."""
        sums = Sums()
        with contextlib.closing(open_reader(self._path)) as connection:
            if wanted is None:
                keys, smsc = None, connection.execute(_SMSC).fetchall()
            else:
                one = f"{_SMSC} WHERE grp = ? AND id = ?"
                smsc = [row for key in wanted.get("smsc", ()) for row in connection.execute(one, key)]
                parts = [row for key in wanted.get("mo_part", ()) for row in connection.execute(_PARTS, key)]
                keys = {**wanted, "mo_part": parts}  # rows on the server are of sets
                connection.execute("PRAGMA query_only = OFF")  # for tables of the connection's own
            for page in embedded_out.read(connection, keys):
                for record in page:
                    if not isinstance(record, Numbers):
                        sums.more(piece_kind(record), 1, digest(plain(record)))
            for row in smsc:
                sums.more("smsc", 1, digest(SmscCopy(*row)))
        return sums

    async def miscounted(self) -> list[str]:
        """Of what kinds the server's indexes, or the file, have not as many as were read, in words; [] = of none."""
        read, keys = self._sums.counts, self._ask.keys
        lists = self._changes.lists
        of = {kind: [f"{keys.base}{name}" for name in names] for kind, names in INDEXES.items()}
        of["entry"] = [keys.ledger(tenant) for tenant in lists.get("l", ())]
        of["record"] = [keys.records(kind) for kind in lists.get("r", ())]
        of["opt_out"] = [keys.opt_outs(tenant) for tenant in lists.get("oo", ())]
        wrong: list[str] = []
        for kind, indexes in of.items():
            size = sum(await self._sizes(indexes))
            if size != read.get(kind, 0):
                wrong.append(f"{kind}: the server's index has {size}, {read.get(kind, 0)} were read")
        there = await deferToThread(self._counts)
        for kind in sorted(read.keys() | there.keys()):
            if there.get(kind, 0) != read.get(kind, 0):
                wrong.append(f"{kind}: {read.get(kind, 0)} were read, the copy has {there.get(kind, 0)}")
        return wrong

    def _counts(self) -> dict[str, int]:
        with contextlib.closing(open_reader(self._path)) as connection:
            (smsc,) = connection.execute("SELECT count(*) FROM smsc").fetchone()
            return {**embedded_out.counts(connection), "smsc": int(smsc)}


def _is_final(piece: Piece, numbers: set[int]) -> bool:
    return isinstance(piece, FinalCopy) and piece.seq in numbers
