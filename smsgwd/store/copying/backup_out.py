"""What a backup of the Redis store holds, as records that agree with each other.

A backup is not of one moment. Its rows are taken for true; what is a member of an index because it has a row is told
by the rows, and `_Mended` changes what was counted or booked at another moment than the rows were read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote

import msgspec

from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import FINAL_FROM, State
from smsgwd.model.records import CONTACT, GROUP, KINDS, TEMPLATE
from smsgwd.model.tally import Tally
from smsgwd.store.books import payers_of
from smsgwd.store.copying.backup_file import BackupFile
from smsgwd.store.copying.file import NotWhole
from smsgwd.store.copying.records import Copy, Numbers
from smsgwd.store.copying.redis_out import Look, RedisSource
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.books import EntryRest
from smsgwd.store.redis.kept import named
from smsgwd.store.redis.keys import id8, pct
from smsgwd.store.redis.pushes import push_from
from smsgwd.store.redis.rows import pack_row, row_from
from smsgwd.store.redis.tx import STAMP

#: The note of a correction that a restore has booked.
NOTE: Final = "restored from a backup: reserved anew"
_NO_STAMP: Final = bytes(STAMP)
_ENDED: Final = ("cancelled", "failed", "delivered")
_KEPT: Final = ((CONTACT, "contacts"), (GROUP, "groups"), (TEMPLATE, "templates"))
_encode: Final = msgspec.msgpack.Encoder().encode
_rest_of: Final = msgspec.msgpack.Decoder(EntryRest).decode


class BackupSource(RedisSource):
    """Reads a backup. Raises NotWhole, OSError, sqlite3.Error."""

    def __init__(self, path: Path, directory: Path) -> None:
        """`directory` is for a file that is as large as the backup."""
        self._file = BackupFile(path, directory / "keys")
        super().__init__(cast(Asking, self._file))
        self._by_index = self._indexes()
        try:
            _Mended(self._file).all()
        except (msgspec.MsgspecError, LookupError, TypeError) as error:
            self._file.close()
            raise NotWhole(f"{path}: a row in it cannot be read: {error}") from None

    def close(self) -> None:
        """It is read no more."""
        self._file.close()

    async def count(self) -> int:
        """How many messages there are."""
        return sum(1 for _ in self._file.named("m:"))

    async def names(self) -> AsyncIterator[str]:
        """Hashes and indexes."""
        for name in self._file.indexes():
            yield name

    def _indexes(self) -> dict[str, str]:
        """Indexes whose members are told by rows, by name, with what names of those rows begin with."""
        keys, short = self._file.keys, self._file.short
        pairs = [
            (keys.tenants, "t:"),
            (keys.messages, "m:"),
            (keys.pushes, "x:"),
            (keys.parked_age, "p:"),  # orphans, too
            (keys.answers, "i:"),
            (keys.refusals, "rf:"),
            (keys.link_expiry, "k:"),
            (keys.lookups, "lk:"),
            (keys.audits, "au:"),
            *((keys.records(kind), f"r:{pct(kind)}:") for kind in KINDS),
        ]
        return {short(index): beginning for index, beginning in pairs}

    async def _pages(self, index: str, look: Look) -> AsyncIterator[list[Copy]]:
        name = self._file.short(index)
        if name == self._file.short(self._keys.orphan_age):
            return
        beginning = f"{name}:" if name.startswith("oo:") else self._by_index.get(name)
        found: Iterator[tuple[bytes, int]]
        if beginning is None:
            found = iter(self._file.members(name))
        else:
            found = ((_member(beginning, rest), 0) for rest in self._file.named(beginning))
        while page := list(islice(found, PAGE)):
            yield await look(page)

    async def _opted(self) -> set[str]:
        return {unquote(name.partition(":")[0]) for name in self._file.named("oo:")}

    async def _numbers(self) -> Numbers:
        """None is given again of which there is a row."""
        told, file = await super()._numbers(), self._file
        last = [max(map(int, file.named(beginning)), default=0) for beginning in ("x:", "p:", "au:")]
        final = max((score for _, score in file.members("f")), default=0)
        return Numbers(max(told.push, *last[:2]), max(told.audit, last[2]), max(told.final, final), told.entry)


def _member(beginning: str, rest: str) -> bytes:
    """The member of an index that stands for a row: a number, one name, or a tenant and a key."""
    if beginning in ("i:",) or beginning.startswith("r:"):
        tenant, _, key = rest.partition(":")
        return named(unquote(tenant), unquote(key))
    if beginning in ("t:", "k:") or beginning.startswith("oo:"):
        return unquote(rest).encode()
    return id8(int(rest))


class _Mended:
    """Changes a loaded backup until its records agree."""

    def __init__(self, file: BackupFile) -> None:
        self._file = file
        self._cost: Counter[str] = Counter()  # of open messages, by who pays
        self._states: dict[str, Counter[int]] = defaultdict(Counter)
        self._unnumbered: dict[str, list[int]] = defaultdict(list)

    def all(self) -> None:
        """Do it."""
        self._file.connection.execute("BEGIN")
        self._pushes()
        for text in self._file.named("m:"):
            self._message(int(text))
        for tenant in sorted(self._unnumbered):
            self._number(tenant)
        tallies = {unquote(name[2:]) for name in self._file.indexes() if name.startswith("n:")}
        for tenant in sorted(tallies | self._states.keys()):
            self._count(tenant)
        self._book()
        self._file.connection.execute("COMMIT")

    def _pushes(self) -> None:
        """Each message knows the pushes about it; those about none that there is are gone."""
        file = self._file
        about: dict[int, set[int]] = defaultdict(set)
        for text in file.named("x:"):
            value = file.value(f"x:{text}")
            assert value is not None
            if message := push_from(value).message:
                about[message].add(int(text))
        for number, pushes in about.items():
            name = f"m:{number}"
            value = file.value(name)
            if value is None:
                for push in pushes:
                    file.delete(f"x:{push}")
            elif not pushes <= set((row := row_from(value)).pushes):
                row.pushes = sorted(pushes.union(row.pushes))
                file.put(name, _NO_STAMP + pack_row(row))
        file.delete("x")
        for text in file.named("x:"):
            file.enter("x", id8(int(text)), 0)

    def _message(self, number: int) -> None:
        file = self._file
        value = file.value(f"m:{number}")
        assert value is not None
        row = row_from(value)
        tenant = row.told.tenant
        self._states[tenant][row.state] += 1
        if row.state < FINAL_FROM:
            self._cost[tenant] += row.told.price
            for name, price in payers_of(row.told.payers):
                self._cost[name] += price
        history = f"h:{pct(tenant)}"
        query = "SELECT 1 FROM member WHERE name = ? AND member = ?"
        if file.connection.execute(query, (history, id8(number))).fetchone() is None:
            self._unnumbered[tenant].append(number)

    def _number(self, tenant: str) -> None:
        """What its history does not have yet comes behind what it has."""
        history = f"h:{pct(tenant)}"
        members = self._file.members(history)
        last = max(members[-1][1] if members else 0, self._tally(tenant).accepted)
        for place, number in enumerate(sorted(self._unnumbered[tenant]), last + 1):
            self._file.enter(history, id8(number), place)

    def _tally(self, tenant: str) -> Tally:
        fields = self._file.fields(f"n:{pct(tenant)}")
        return Tally(*(int(fields.get(name, 0)) for name in Tally.__struct_fields__))

    def _count(self, tenant: str) -> None:
        """Counts are what can be counted. What ended and is not counted yet counts as what rows show, the rest (it was
        deleted since) as delivered."""
        file, states = self._file, self._states[tenant]
        found = msgspec.structs.asdict(self._tally(tenant))
        members = file.members(f"h:{pct(tenant)}")
        open_ones = sum(count for state, count in states.items() if state < FINAL_FROM)
        shown = {"cancelled": states[State.CANCELLED], "delivered": states[State.DELIVERED]}
        shown["failed"] = sum(states.values()) - open_ones - sum(shown.values())
        accepted = max(found["accepted"], members[-1][1] if members else 0)
        more = accepted - open_ones - sum(found[name] for name in _ENDED)
        found["accepted"] = accepted + max(0, -more)
        for name in _ENDED:
            added = max(0, min(more, shown[name] - found[name]))
            found[name] += added
            more -= added
        found["delivered"] += max(0, more)
        found["scheduled"] = states[State.SCHEDULED]
        for kind, name in _KEPT:
            found[name] = sum(1 for _ in file.named(f"r:{pct(kind)}:{pct(tenant)}:"))
        found["orders"] = sum(
            _rest_of(member.split(b"|", 3)[3]).kind == EntryKind.TOPUP for member, _ in file.members(f"l:{pct(tenant)}")
        )
        for name, count in found.items():
            file.set(f"n:{pct(tenant)}", name, str(count).encode())

    def _book(self) -> None:
        """What is reserved of tenants' money is what their open messages cost. More than that was reserved for what has
        ended since: it is spent; less: it is taken from the balance, as it was when they came."""
        file = self._file
        ledgers = {unquote(name[2:]): file.members(name) for name in file.indexes() if name.startswith("l:")}
        last = max(int(file.plain("entry") or 0), *(members[-1][1] for members in ledgers.values() if members), 0)
        for tenant in (unquote(name) for name in list(file.named("t:"))):
            members = ledgers.get(tenant, [])
            balance = held = at = 0
            if members:
                _, told_balance, told_held, rest = members[-1][0].split(b"|", 3)
                balance, held, at = int(told_balance), int(told_held), _rest_of(rest).at
            more = self._cost[tenant] - held
            if more:
                last += 1
                amount = -max(0, more)
                entry = EntryRest(int(EntryKind.CORRECTION), at, amount, more, 0, 0, None, None, NOTE)
                sums = f"{last}|{balance + amount}|{held + more}|".encode()
                file.enter(f"l:{pct(tenant)}", sums + _encode(entry), last)
        file.put("entry", str(last).encode())
