"""What a backup of the Redis store says twice, made to agree.

Rows of messages are newer than money and counts, and older than pushes (`store.redis.backup` reads them in this order).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final
from urllib.parse import unquote

import msgspec

from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import FINAL_FROM, State
from smsgwd.model.records import CONTACT, GROUP, TEMPLATE
from smsgwd.model.tally import Tally
from smsgwd.store.books import payers_of
from smsgwd.store.copying.backup_file import BackupFile
from smsgwd.store.redis.books import EntryRest
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


class Mended:
    """Changes a loaded backup until its records agree. Raises msgspec.MsgspecError, LookupError, TypeError and
    ValueError where a row cannot be read."""

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
