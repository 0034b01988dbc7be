"""What can be asked of money and counts, and whether the ledger is right."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.tally import Tally
from smsgwd.ports.store import LedgerFilter, LedgerReport
from smsgwd.store.books import A_MS, floor_of, payers_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.books import EntryRest
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.rows import row_from
from smsgwd.store.redis.tenants import tenant_from

_MOST_EXACT: Final = (1 << 53) - 1  # scores are floating-point numbers
_MOST_PROBLEMS: Final = 100
_TRIES: Final = 5  # looks at a tenant whose messages move while they are counted
_KINDS: Final = {int(kind): kind for kind in EntryKind}
_FINAL: Final = int(FINAL_FROM)
_rest_of: Final = msgspec.msgpack.Decoder(EntryRest).decode


class _Shown(msgspec.Struct, gc=False):
    """An entry with the sums after it."""

    number: int
    balance: int
    held: int
    rest: EntryRest


def _shown(member: bytes) -> _Shown:
    number, balance, held, rest = member.split(b"|", 3)
    return _Shown(int(number), int(balance), int(held), _rest_of(rest))


async def funds(ask: Asking, tenant: str) -> Funds | None:
    """See Store.funds."""
    row = await ask.row(ask.keys.tenant(tenant))
    if row is None:
        return None
    balance, held, _ = await _sums(ask, tenant)
    return Funds(balance, held, floor_of(tenant_from(row)))


async def tally(ask: Asking, tenant: str) -> Tally | None:
    """See Store.tally."""
    commands: list[tuple[str, ...]] = [("EXISTS", ask.keys.tenant(tenant))]
    commands.append(("HMGET", ask.keys.tally(tenant), *Tally.__struct_fields__))
    known, found = await ask.several(commands)
    return Tally(*(int(value or 0) for value in found)) if known else None


# -- the ledger --------------------------------------------------------------------------------------------------------


async def _entries(ask: Asking, tenant: str, low: int, high: int, *, newest: bool = False) -> AsyncIterator[_Shown]:
    """A tenant's entries with numbers from `low` to `high`, ascending or the other way round."""
    index = ask.keys.ledger(tenant)
    while low <= high:
        page = await ask.scored(index, low, high, PAGE, newest=newest)
        for member, _ in page:
            yield _shown(member)
        if len(page) < PAGE:
            return
        if newest:
            high = page[-1][1] - 1
        else:
            low = page[-1][1] + 1


def _span(from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    """Lowest and highest number of entries of a span of time, by their numbers alone: what is booked together, or while
    a clock is set back, is in no order of time, and each balance is the last one's before it plus the entry."""
    low = 0 if from_ms is None else max(0, min(from_ms * A_MS, _MOST_EXACT))
    high = _MOST_EXACT if to_ms is None else max(0, min(to_ms * A_MS, _MOST_EXACT + 1)) - 1
    return low, high


async def ledger(ask: Asking, tenant: str, where: LedgerFilter, after: int, limit: int) -> list[LedgerEntry]:
    """See Store.ledger."""
    low, high = _span(where.from_ms, where.to_ms)
    if where.newest_first:
        high = min(high, after - 1) if after else high
    else:
        low = max(low, after + 1)
    kinds = frozenset(map(int, where.kinds))
    found: list[LedgerEntry] = []
    if limit <= 0:
        return found
    async for shown in _entries(ask, tenant, low, high, newest=where.newest_first):
        rest = shown.rest
        if kinds and rest.kind not in kinds:
            continue
        found.append(
            LedgerEntry(
                shown.number,
                tenant,
                rest.at,
                _KINDS[rest.kind],
                rest.amount,
                rest.reserved,
                shown.balance,
                rest.messages,
                rest.parts,
                rest.message,
                rest.reference,
                rest.note or "",
            )
        )
        if len(found) == limit:
            break
    return found


async def ledger_sums(ask: Asking, tenant: str, from_ms: int, to_ms: int) -> list[LedgerSums]:
    """See Store.ledger_sums. Reads every entry of the span."""
    sums: dict[int, list[int]] = {}
    async for shown in _entries(ask, tenant, *_span(from_ms, to_ms)):
        rest = shown.rest
        more = (1, rest.amount, rest.reserved, rest.messages, rest.parts)
        sums[rest.kind] = [one + other for one, other in zip(sums.get(rest.kind, [0] * 5), more, strict=True)]
    return [LedgerSums(_KINDS[kind], *sums[kind]) for kind in sorted(sums)]


# -- whether it is right -----------------------------------------------------------------------------------------------


async def ledger_check(ask: Asking) -> LedgerReport:
    """See Store.ledger_check. Each tenant's sums are compared with its ledger as of one moment. What its open messages
    cost is compared with what was reserved before they were counted, give or take what was booked meanwhile; where it
    differs all the same, they are counted again."""
    begun = time.perf_counter()
    problems: list[str] = []
    entries = 0
    names = [member.decode() for member in await _every(ask, ask.keys.tenants)]
    for name in names:
        count, wrong = await _added_up(ask, name)
        entries += count
        problems += wrong
    differ: dict[str, str] = dict.fromkeys(names, "")
    for _ in range(_TRIES):
        before = {name: await _reserved(ask, name) for name in differ}
        cost = await _open(ask)
        found = {name: await _compare(ask, name, reserved, cost[name]) for name, reserved in before.items()}
        differ = {name: told for name, told in found.items() if told}
        if not differ:
            break
    problems += differ.values()
    return LedgerReport(tuple(problems[:_MOST_PROBLEMS]), len(names), entries, time.perf_counter() - begun)


async def _every(ask: Asking, index: str) -> list[bytes]:
    """All members of an index without scores."""
    found: list[bytes] = []
    low = b""
    while True:
        page = await ask.members(index, low, b"", PAGE)
        found += page
        if len(page) < PAGE:
            return found
        low = page[-1] + b"\0"


async def _sums(ask: Asking, tenant: str) -> tuple[int, int, int]:
    """Balance, reserved and the number of the last entry, of one moment."""
    found = await ask.call("HMGET", ask.keys.account(tenant), "b", "h", "n")
    balance, held, number = (int(value or 0) for value in found)
    return balance, held, number


async def _reserved(ask: Asking, tenant: str) -> tuple[int, int]:
    """What is reserved, and the number of the last entry."""
    _, held, number = await _sums(ask, tenant)
    return held, number


async def _added_up(ask: Asking, tenant: str) -> tuple[int, list[str]]:
    """How many entries there are, and the first that shows what they do not add up to, if any."""
    balance, held, last = await _sums(ask, tenant)
    count = amounts = holds = 0
    async for shown in _entries(ask, tenant, 0, last):
        count += 1
        amounts += shown.rest.amount
        holds += shown.rest.reserved
        if shown.balance != amounts:
            said = f"a balance of {shown.balance} after entry {shown.number}, its ledger adds up to {amounts}"
        elif shown.held != holds:
            said = f"{shown.held} reserved after entry {shown.number}, its ledger adds up to {holds}"
        else:
            continue
        return count, [f"tenant {tenant} has {said}"]
    if (balance, held) != (amounts, holds):
        said = f"{balance}, and {held} reserved; its ledger adds up to {amounts} and {holds}"
        return count, [f"tenant {tenant} has {said}"]
    return count, []


async def _compare(ask: Asking, tenant: str, before: tuple[int, int], cost: int) -> str:
    """What is wrong with what is reserved, when its open messages were found to cost so much since `before`; '' where
    it may be right."""
    held, number = before
    taken = given = 0
    async for shown in _entries(ask, tenant, number + 1, _MOST_EXACT):
        taken += max(0, shown.rest.reserved)
        given += min(0, shown.rest.reserved)
    if held + given <= cost <= held + taken:
        return ""
    return f"tenant {tenant} has {held} reserved, its open messages cost {cost}"


async def _open(ask: Asking) -> Counter[str]:
    """What open messages cost everybody who pays for them."""
    cost: Counter[str] = Counter()
    seen: set[int] = set()
    for state in range(_FINAL):
        place: tuple[int, bytes] | None = None
        while True:
            page = await ask.scored(ask.keys.open(state), "-inf", "+inf", PAGE, after=place)
            ids = [number for member, _ in page if (number := number_of(member)) not in seen]
            for value in await ask.rows([ask.keys.message(number) for number in ids]):
                if value is None:
                    continue
                row = row_from(value)
                if row.state < _FINAL:
                    seen.add(row.id)
                    cost[row.told.tenant] += row.told.price
                    for name, price in payers_of(row.told.payers):
                        cost[name] += price
            if len(page) < PAGE:
                break
            place = (page[-1][1], page[-1][0])
    return cost
