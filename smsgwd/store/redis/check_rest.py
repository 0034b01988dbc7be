"""The parts of a check that are not about rows of messages: pushes, parked receipts, counts, names of records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.records import CONTACT, GROUP, KINDS, TEMPLATE
from smsgwd.ports.store import LedgerFilter
from smsgwd.store.redis import reads_money
from smsgwd.store.redis.asking import PAGE
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.looking import Findings
from smsgwd.store.redis.parked import ParkedRecord, parked_of
from smsgwd.store.redis.pushes import DEAD, DONE, PENDING, PushRow, push_from
from smsgwd.store.redis.rows import row_from
from smsgwd.store.rows import STATES

_OPEN: Final = tuple(state for state in sorted(STATES) if state < int(FINAL_FROM))
_KEPT: Final = (CONTACT, GROUP, TEMPLATE)
# Messages that are counted at one moment, by a check and by a deep one: the server does nothing else for so long
# (0.25 s a million).
_MOST: Final = 100_000
_MOST_DEEP: Final = 1_000_000
_places_of: Final = msgspec.msgpack.Decoder(list[tuple[int, int]]).decode


# -- pushes ------------------------------------------------------------------------------------------------------------


async def pushes(findings: Findings) -> None:
    """Pushes are where their rows say, and what is owed can be told."""
    ask, keys = findings.ask, findings.ask.keys

    async def look(numbers: Sequence[int]) -> dict[int, set[str]]:
        return await _look_at_pushes(findings, numbers)

    async for page in findings.pages(keys.pushes):
        await findings.look(look, [number_of(member) for member, _ in page])
    indexes = [keys.pushes_done]
    indexes += [keys.pending(name.decode()) for name in await ask.call("ZRANGE", keys.targets, 0, -1)]
    indexes += [keys.dead(name.decode()) for name in await ask.call("ZRANGE", keys.dead_targets, 0, -1)]
    for index in indexes:

        async def gone(numbers: Sequence[int], index: str = index) -> dict[int, set[str]]:
            members = [id8(number) for number in numbers]
            there = await findings.scores(index, members)
            rows = await ask.rows([keys.push(number) for number in numbers])
            return {
                number: {f"push {number} is gone and is in {index}"}
                for number, score, row in zip(numbers, there, rows, strict=True)
                if score is not None and row is None
            }

        async for page in findings.pages(index):
            await findings.look(gone, [number_of(member) for member, _ in page])


async def _look_at_pushes(findings: Findings, numbers: Sequence[int]) -> dict[int, set[str]]:
    ask, keys = findings.ask, findings.ask.keys
    found: dict[int, set[str]] = defaultdict(set)
    rows: dict[int, PushRow] = {}
    for number, value in zip(numbers, await ask.rows([keys.push(number) for number in numbers]), strict=True):
        if value is not None:
            rows[number] = push_from(value)
    none = [number for number in numbers if number not in rows]
    listed = await findings.scores(keys.pushes, [id8(number) for number in none])
    for number, score in zip(none, listed, strict=True):
        if score is not None:  # else it went since
            found[number].add(f"push {number} has no row")
    by_target: dict[str, list[int]] = defaultdict(list)
    for number, row in rows.items():
        by_target[row.target].append(number)
    places = [(keys.pushes_done, DONE, list(rows))]
    for target, own in by_target.items():
        places += [(keys.pending(target), PENDING, own), (keys.dead(target), DEAD, own)]
    for index, status, own in places:
        for number, score in zip(own, await findings.scores(index, [id8(number) for number in own]), strict=True):
            if (score is not None) != (rows[number].status == status):
                found[number].add(
                    f"push {number} {'is not' if score is None else 'is'} in {index}, unlike its row says"
                )
    await _told_of(findings, {n: row for n, row in rows.items() if row.status != DONE and row.payload is None}, found)
    return dict(found)


async def _told_of(findings: Findings, rows: dict[int, PushRow], found: dict[int, set[str]]) -> None:
    """The messages that are to be told of are there, and know that."""
    ask = findings.ask
    values = await ask.rows([ask.keys.message(row.message) for row in rows.values()])
    for (number, row), value in zip(rows.items(), values, strict=True):
        if value is None:
            what = "owed" if row.status == PENDING else "given up"
            found[number].add(f"push {number} is {what} and its message is gone")
        elif number not in row_from(value).pushes:
            found[number].add(f"push {number} is about message {row.message}, which does not know it")


# -- parked receipts ---------------------------------------------------------------------------------------------------


async def parked(findings: Findings) -> None:
    """Parked receipts can be found by all forms of their ids; orphans by their numbers."""
    keys = findings.ask.keys

    async def look(numbers: Sequence[int]) -> dict[int, set[str]]:
        return await _look_at_parked(findings, numbers)

    for index in (keys.parked_age, keys.orphan_age, keys.orphans):
        async for page in findings.pages(index):
            await findings.look(look, [number_of(member) for member, _ in page])


async def _look_at_parked(findings: Findings, numbers: Sequence[int]) -> dict[int, set[str]]:
    ask, keys = findings.ask, findings.ask.keys
    found: dict[int, set[str]] = defaultdict(set)
    members = [id8(number) for number in numbers]
    values = await ask.rows([keys.parked(number) for number in numbers])
    waits, orphan, named = [
        [score is not None for score in await findings.scores(index, members)]
        for index in (keys.parked_age, keys.orphan_age, keys.orphans)
    ]
    forms: list[tuple[int, str]] = []
    for place, number in enumerate(numbers):
        value = values[place]
        record: ParkedRecord | None = None if value is None else parked_of(value)
        is_orphan = record is not None and record.orphan
        if (waits[place], orphan[place], named[place]) != (record is not None and not is_orphan, is_orphan, is_orphan):
            found[number].add(f"parked receipt {number} is not where its row says")
        if record is not None:
            forms += [(number, keys.parked_under(record.receipt.group, key)) for key in record.keys]
    under = await ask.rows([name for _, name in forms])
    for (number, _), value in zip(forms, under, strict=True):
        if value is None or not any(other == number for other, _ in _places_of(value)):
            found[number].add(f"parked receipt {number} cannot be looked for")
    return dict(found)


# -- counts ------------------------------------------------------------------------------------------------------------


async def counts(findings: Findings, tenants: Sequence[str], deep: bool) -> None:
    """Tenants' counts are what can be counted, as of one moment each. Open messages are not counted of a tenant that
    has very many, since the server does nothing else meanwhile."""
    for tenant in tenants:
        findings.control.look()
        await _count(findings, tenant, deep)
        if deep:
            await _numbers(findings, tenant)
            await _orders(findings, tenant)


async def _count(findings: Findings, tenant: str, deep: bool) -> None:
    ask, keys = findings.ask, findings.ask.keys
    indexes = [keys.open(state) for state in _OPEN]
    sizes = await ask.several([("ZCARD", key) for key in (keys.of_tenant(tenant), *indexes)])
    if sum(min(sizes[0], size) for size in sizes[1:]) > (_MOST_DEEP if deep else _MOST):
        indexes = []
    names = [keys.tally(tenant), keys.of_tenant(tenant), keys.history(tenant), *indexes, *map(keys.records, _KEPT)]
    ends = (f"[{tenant}\0", f"({tenant}\1")
    flat, numbers, open_ones, kept = await ask.call("FCALL", "smsgwd_counted", len(names), *names, len(indexes), *ends)
    told: dict[str, int] = defaultdict(int)
    told.update((name.decode(), int(value)) for name, value in zip(flat[::2], flat[1::2], strict=True))
    messages, numbered, last = int(numbers[0]), int(numbers[1]), int(float(numbers[2]))
    wrong = []
    if indexes:
        if told["scheduled"] != open_ones[0]:
            wrong.append("has another number of scheduled messages than its count says")
        if told["accepted"] != told["delivered"] + told["failed"] + told["cancelled"] + sum(open_ones):
            wrong.append("has ended and open messages that are not all it ever had by its count")
    for kind, count in zip(_KEPT, kept, strict=True):
        if told[f"{kind}s"] != count:
            wrong.append(f"has another number of {kind}s than its count says")
    if messages != numbered:
        wrong.append("has messages that are not all numbered")
    if last > told["accepted"]:
        wrong.append("has a message with a number that it has not come to")
    findings.tell(f"tenant {tenant} {each}" for each in wrong)


async def _numbers(findings: Findings, tenant: str) -> None:
    """No two messages have one number."""
    before = -1
    async for page in findings.pages(findings.ask.keys.history(tenant)):
        for _, number in page:
            if number == before:
                findings.tell([f"tenant {tenant} has two messages with one number"])
                return
            before = number


async def _orders(findings: Findings, tenant: str) -> None:
    """Top-ups are counted; where one comes meanwhile, they are so the next time."""
    ask = findings.ask
    key = ask.keys.tally(tenant)
    before = int(await ask.call("HGET", key, "orders") or 0)
    count, after = 0, 0
    where = LedgerFilter(kinds=(EntryKind.TOPUP,))
    while page := await reads_money.ledger(ask, tenant, where, after, PAGE):
        count, after = count + len(page), page[-1].id
    if count != before == int(await ask.call("HGET", key, "orders") or 0):
        findings.tell([f"tenant {tenant} has another number of top-ups than its count says"])


async def names(findings: Findings) -> None:
    """Records that have a name have a value."""
    ask, keys = findings.ask, findings.ask.keys
    for kind in sorted(KINDS):
        async for page in findings.pages(keys.records(kind)):
            places = [member.decode().partition("\0") for member, _ in page]
            rows = await ask.several([("EXISTS", keys.record(kind, tenant, key)) for tenant, _, key in places])
            lost = [member for (member, _), there in zip(page, rows, strict=True) if not there]
            still = await findings.scores(keys.records(kind), lost)
            findings.tell(
                f"{kind} {member.decode().replace(chr(0), ' ')} has no value"
                for member, score in zip(lost, still, strict=True)
                if score is not None
            )
