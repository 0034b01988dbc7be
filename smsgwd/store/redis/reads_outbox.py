"""What can be asked of the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Container, Iterable
from typing import Final

from smsgwd.model.outbox import MOST_COUNTED, OutboxItem, OutboxTarget
from smsgwd.ports.looking import PushView
from smsgwd.store.items import outbox_item
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.pushes import DEAD, DONE, PENDING, STATUS, PushRow, push_from, push_view
from smsgwd.store.redis.rows import RedisRow, row_from
from smsgwd.store.redis.walking import MAX_ID, Patience

#: States of a push by what operators call them.
STATUS_OF: Final = {name: status for status, name in STATUS.items()}
_FEW: Final = 20_000  # numbers that are sorted for a page
_ESMES: Final = (b"@", b"A")  # their targets begin so
_URLS: Final = ((b"", b"@"), (b"A", b""))


async def rows_of(ask: Asking, numbers: Iterable[int]) -> list[tuple[int, PushRow]]:
    """These pushes in this order, as far as they are there."""
    wanted = list(numbers)
    values = await ask.rows([ask.keys.push(number) for number in wanted])
    return [(number, push_from(value)) for number, value in zip(wanted, values, strict=True) if value is not None]


async def _names(ask: Asking, index: str, low: bytes = b"", high: bytes = b"") -> list[bytes]:
    """Names of targets in an index of such, in their order."""
    found: list[bytes] = []
    while True:
        page = await ask.members(index, low, high, PAGE)
        found += page
        if len(page) < PAGE:
            return found
        low = page[-1] + b"\0"


async def outbox_targets(ask: Asking, esmes: bool, mine: Callable[[str], bool] | None = None) -> list[OutboxTarget]:
    """See Store.outbox_targets."""
    names = [name for span in ((_ESMES,) if esmes else _URLS) for name in await _names(ask, ask.keys.targets, *span)]
    if mine is not None:
        names = [name for name in names if mine(name.decode())]
    found: list[OutboxTarget] = []
    for at in range(0, len(names), PAGE):
        targets = [name.decode() for name in names[at : at + PAGE]]
        indexes = [ask.keys.pending(target) for target in targets]
        counts = [("ZCARD", index) for index in indexes]
        firsts = [("ZRANGE", index, 0, 0, "WITHSCORES") for index in indexes]
        replies = await ask.several([*counts, *firsts])
        for target, count, first in zip(targets, replies, replies[len(targets) :], strict=False):
            if first:
                found.append(OutboxTarget(target, min(count, MOST_COUNTED), int(float(first[1]))))
    return found


async def outbox_dead(ask: Asking) -> dict[str, int]:
    """See Store.outbox_dead."""
    targets = [name.decode() for name in await _names(ask, ask.keys.dead_targets)]
    found: dict[str, int] = {}
    for at in range(0, len(targets), PAGE):
        some = targets[at : at + PAGE]
        counts = await ask.several([("ZCARD", ask.keys.dead(target)) for target in some])
        found |= {target: count for target, count in zip(some, counts, strict=True) if count}
    return found


async def outbox(
    ask: Asking, target: str, after: tuple[int, int] | None, limit: int, known: Container[tuple[int, int]] = ()
) -> list[OutboxItem]:
    """See Store.outbox. One that changes while it is read is left out: it is behind what it was, or nowhere. Of those
    `known` only the index is read: where receipts come at other nodes, most of each page is."""
    index, found = ask.keys.pending(target), []  # type: tuple[str, list[OutboxItem]]
    place = None if after is None else (after[0], id8(after[1]))
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = await ask.scored(index, "-inf", "+inf", size, after=place)
        due = {number: score for member, score in page if (score, number := number_of(member)) not in known}
        rows = [(n, row) for n, row in await rows_of(ask, due) if row.status == PENDING and row.due_at == due[n]]
        found += await _items(ask, rows)
        if len(page) < size:
            break
        place = (page[-1][1], page[-1][0])
    return found


async def _items(ask: Asking, rows: list[tuple[int, PushRow]]) -> list[OutboxItem]:
    """What is to be pushed. A push without its message would be damage: the others must go out all the same."""
    ids = list(dict.fromkeys(row.message for _, row in rows if row.payload is None))
    values = await ask.rows([ask.keys.message(number) for number in ids]) if ids else []
    messages = {number: row_from(value) for number, value in zip(ids, values, strict=True) if value is not None}
    return [
        _item(number, row, messages.get(row.message))
        for number, row in rows
        if row.payload is not None or row.message in messages
    ]


def _item(number: int, row: PushRow, message: RedisRow | None) -> OutboxItem:
    push = (number, row.tenant, row.target, row.url, row.kind, row.created_at, row.due_at, row.attempts, row.message)
    if message is None or row.payload is not None:
        return outbox_item((*push, row.payload))
    told = message.told
    what = (told.dest, told.source, told.client_ref, message.state)
    error = (message.err_code, message.err_detail, message.err_smpp)
    times = (told.submitted_at, message.done_at, message.parts)
    rest = (told.wire, told.callback, told.submission, message.connector, message.smsc_id)
    return outbox_item((*push, None, *what, *error, *times, *rest))


async def pushes(ask: Asking, target: str, status: str, after: int, limit: int) -> list[PushView]:
    """See Store.pushes; a state that is none has no rows. Where there are many in a state, all rows are walked over."""
    if status not in STATUS_OF:
        return []
    wanted = STATUS_OF[status]
    patience = Patience()
    found: list[PushView] = []
    async for numbers in _numbers(ask, target, wanted, after):
        patience.check()
        for number, row in await rows_of(ask, numbers):
            if row.status == wanted and (not target or row.target == target):
                found.append(push_view(number, row))
                if len(found) == limit:
                    return found
    return found


async def few_in(ask: Asking, status: int) -> list[int] | None:
    """The numbers of all pushes that are pending or given up, in any order; None where there are many, and for what is
    done."""
    if status == DONE:
        return None
    names, index = (ask.keys.targets, ask.keys.pending) if status == PENDING else (ask.keys.dead_targets, ask.keys.dead)
    indexes = [index(name.decode()) for name in await _names(ask, names)]
    counts = await ask.several([("ZCARD", each) for each in indexes])
    if sum(counts) > _FEW:
        return None
    pages = await ask.several([("ZRANGE", each, 0, -1) for each in indexes])
    return [number_of(member) for page in pages for member in page]


async def _numbers(ask: Asking, target: str, status: int, after: int) -> AsyncIterator[list[int]]:
    """Numbers behind `after`, ascending, in pages, among which all of this state are."""
    keys = ask.keys
    if status == DONE:
        indexes = [keys.pushes_done]
    else:
        names, index = (keys.targets, keys.pending) if status == PENDING else (keys.dead_targets, keys.dead)
        targets = [target] if target else [name.decode() for name in await _names(ask, names)]
        indexes = [index(each) for each in targets]
    if status != DEAD or len(indexes) != 1:
        counts = await ask.several([("ZCARD", each) for each in indexes])
        if sum(counts) <= _FEW:
            pages = await ask.several([("ZRANGE", each, 0, -1) for each in indexes])
            every = sorted(number for page in pages for member in page if (number := number_of(member)) > after)
            for at in range(0, len(every), PAGE):
                yield every[at : at + PAGE]
            return
        indexes = [keys.pushes]
    low = id8(min(after + 1, MAX_ID))
    while True:
        page = await ask.members(indexes[0], low, b"", PAGE)
        yield [number_of(member) for member in page]
        if len(page) < PAGE:
            return
        low = page[-1] + b"\0"
