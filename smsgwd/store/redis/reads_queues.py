"""What is ready, due, held or sent: for connectors, sweeps and operators."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from smsgwd.model.ids import first_id_at, time_of
from smsgwd.model.message import MessageView, State
from smsgwd.ports.looking import AGES, QueueShape
from smsgwd.ports.sent import SentPage, SentRow
from smsgwd.ports.store import QueueDepth, QueuedMessage, StoreCounts
from smsgwd.store.redis.archived import rows_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.claims import claim, look, unclaim
from smsgwd.store.redis.keys import id8, number_of, queue_named, queued
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.rows import RedisRow, message_of, row_from, taken_parts, view_of
from smsgwd.store.redis.tx import STAMP
from smsgwd.store.redis.walking import MAX_ID, first_of, in_states

_PRIORITIES: Final = range(4)
_QUEUED: Final = int(State.QUEUED)
_SENT: Final = int(State.SENT)
_NAMES: Final = 1_000  # names asked for at once
_CHUNK: Final = 2_000  # messages of all connectors that a call of `sent` looks at
_FIRST: Final = (-(1 << 62), 0)


async def ready(
    ask: Asking, node: str, connector: str, after: tuple[int, int] | None, limit: int
) -> list[QueuedMessage]:
    """See Store.ready: what nobody has claimed, and what this node has. It claims nothing."""
    return await _page(ask, connector, ("", node), after, limit)


async def claimed(
    ask: Asking, node: str, connector: str, after: tuple[int, int] | None, limit: int
) -> list[QueuedMessage]:
    """The same of what this node has claimed alone. What is not to be sent any more leaves its queue."""
    return await _page(ask, connector, (node,), after, limit)


async def take(ask: Asking, node: str, token: Arg, connector: str, limit: int) -> tuple[list[QueuedMessage], bool]:
    """Claim the first messages that nobody has; and whether there may be more."""
    members = await claim(ask, connector, node, token, limit)
    found, stale = await _rows(ask, connector, members)
    if stale:
        await unclaim(ask, connector, node, stale)
    return found, len(members) == limit


async def _page(
    ask: Asking, connector: str, nodes: tuple[str, ...], after: tuple[int, int] | None, limit: int
) -> list[QueuedMessage]:
    place = b"" if after is None else queued(-after[0], after[1])
    found: list[QueuedMessage] = []
    while (wanted := limit - len(found)) > 0:
        members = await look(ask, connector, nodes, place, wanted)
        rows, stale = await _rows(ask, connector, members)
        found += rows
        if stale and "" not in nodes:
            await unclaim(ask, connector, nodes[0], stale)
        if len(members) < wanted:
            break
        place = members[-1]  # where some were not to be sent any more: a page is as long as it can be
    return found


async def _rows(
    ask: Asking, connector: str, members: Sequence[bytes]
) -> tuple[list[QueuedMessage], list[tuple[bytes, str, bytes]]]:
    """The messages of a queue's members; and those members that are not to be sent, as `unclaim` wants them."""
    found: list[QueuedMessage] = []
    stale: list[tuple[bytes, str, bytes]] = []
    for at in range(0, len(members), PAGE):
        page = members[at : at + PAGE]
        keys = [ask.keys.message(number_of(member)) for member in page]
        for member, key, value in zip(page, keys, await ask.call("MGET", *keys), strict=True):
            row = None if value is None else row_from(value[STAMP:])
            if row is not None and row.state == _QUEUED and row.connector == connector:
                found.append(QueuedMessage(message_of(row), taken_parts(row)))
            else:
                stale.append((member, key, b"" if value is None else value[:STAMP]))
    return found, stale


async def next_due(ask: Asking) -> int | None:
    """See Store.next_due."""
    found = await ask.scored(ask.keys.due, "-inf", "+inf", 1)
    return found[0][1] if found else None


async def held(ask: Asking, tenant: str | None, after: int, limit: int) -> list[MessageView]:
    """See Store.held."""
    found: list[MessageView] = []
    after = max(after, -1)
    while after < MAX_ID and len(found) < limit:
        members = await ask.members(ask.keys.held, id8(after + 1), b"", PAGE)
        ids = [number_of(member) for member in members]
        found += await first_of(ask, ids, lambda row: tenant is None or row.told.tenant == tenant, limit - len(found))
        if len(members) < PAGE:
            break
        after = ids[-1]
    return found


# -- what was sent -----------------------------------------------------------------------------------------------------


async def sent(ask: Asking, connector: str, after: tuple[int, int] | None, before: int, limit: int) -> SentPage:
    """See SentReads.sent."""
    deadline, number = _FIRST if after is None else after
    page = await ask.scored(ask.keys.open(_SENT), "-inf", f"({before}", _CHUNK, after=(deadline, id8(number)))
    rows: list[SentRow] = []
    for at in range(0, len(page), PAGE):
        for row in await rows_of(ask, [number_of(member) for member, _ in page[at : at + PAGE]]):
            if row.connector == connector and row.state == _SENT:
                end = row.told.deadline
                rows.append(SentRow(row.id, end if row.sent_at is None else row.sent_at, end))
                if len(rows) == limit:
                    return SentPage(tuple(rows), (end, row.id))
    last = (page[-1][1], number_of(page[-1][0])) if len(page) == _CHUNK else None
    return SentPage(tuple(rows), last)


async def still_sent(ask: Asking, connector: str, ids: Sequence[int]) -> list[MessageView]:
    """See SentReads.still_sent."""
    rows = await rows_of(ask, [number for number in dict.fromkeys(ids) if 0 <= number <= MAX_ID])
    return [view_of(row) for row in rows if row.state == _SENT and row.connector == connector]


# -- operators ---------------------------------------------------------------------------------------------------------


async def _queues(ask: Asking) -> list[tuple[str, str, int]]:
    """Connector, key and length of every queue that has anything, be it claimed or not."""
    names = [queue_named(name) for name in await ask.members(ask.keys.queues, b"", b"", 1 << 20)]
    queues = [(connector, ask.keys.queue(connector, node)) for connector, node in names]
    lengths = await ask.several([("ZCARD", key) for _, key in queues])
    return [(connector, key, length) for (connector, key), length in zip(queues, lengths, strict=True) if length]


def _rank(priority: int, number: int) -> bytes:
    """The bound of a queue at the messages of a priority with ids from this on."""
    return b"[" + queued(priority, number)


async def _oldest(ask: Asking, queues: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    """When the oldest message was submitted, by connector."""
    commands: list[tuple[Arg, ...]] = []
    connectors: list[str] = []
    for connector, key, _ in queues:
        for priority in _PRIORITIES:
            ends = _rank(priority, 0), _rank(priority, MAX_ID)
            commands.append(("ZRANGEBYLEX", key, *ends, "LIMIT", 0, 1))
            connectors.append(connector)
    first: dict[str, int] = {}
    for connector, found in zip(connectors, await ask.several(commands), strict=True):
        if found:
            first[connector] = min(number_of(found[0]), first.get(connector, MAX_ID))
    rows = {row.id: row for row in await rows_of(ask, list(first.values()))}
    return {
        connector: rows[number].told.submitted_at if number in rows else time_of(number)
        for connector, number in first.items()
    }


async def queue_shapes(ask: Asking, now: int) -> list[QueueShape]:
    """See Store.queue_shapes. An age is told by the id, which is made when a message is accepted."""
    bounds = [MAX_ID, *(min(first_id_at(now - age * 1000), MAX_ID) for age in AGES), 0]
    queues = await _queues(ask)
    oldest = await _oldest(ask, queues)
    counts: dict[str, list[int]] = {}
    for connector, key, _ in queues:
        columns = counts.setdefault(connector, [0] * (len(bounds) - 1))
        for priority in _PRIORITIES:
            found = await ask.several(
                [
                    ("ZLEXCOUNT", key, _rank(priority, low), b"(" + queued(priority, high))
                    for high, low in itertools.pairwise(bounds)
                ]
            )
            for place, count in enumerate(found):
                columns[place] += count
    return [
        QueueShape(connector, tuple(counts[connector]), oldest.get(connector))
        for connector in sorted(counts)
        if any(counts[connector])
    ]


async def waiting(ask: Asking, connector: str, states: Sequence[State], after: int, limit: int) -> list[MessageView]:
    """See Store.waiting. What is queued is read from the queues, by priority; of the other states all is looked at."""
    after = max(-1, min(after, MAX_ID - 1))
    ids: set[int] = set()
    wanted = {int(state) for state in states if not state.final}
    if _QUEUED in wanted:
        commands: list[tuple[Arg, ...]] = [
            ("ZRANGEBYLEX", key, _rank(priority, after + 1), _rank(priority, MAX_ID), "LIMIT", 0, limit)
            for each, key, _ in await _queues(ask)
            if not connector or each == connector
            for priority in _PRIORITIES
        ]
        for found in await ask.several(commands):
            ids.update(map(number_of, found))
    ids.update(await in_states(ask, wanted - {_QUEUED}, after))

    def keep(row: RedisRow) -> bool:
        return row.state in wanted and (not connector or row.connector == connector)

    return await first_of(ask, sorted(ids), keep, limit)


async def _lengths(ask: Asking, names: str, key_of: Callable[[str], str]) -> int:
    """Members of all indexes whose names stand in another."""
    total, after = 0, b""
    while True:
        page = await ask.members(names, after, b"", _NAMES)
        total += sum(map(int, await ask.several([("ZCARD", key_of(name.decode())) for name in page])))
        if len(page) < _NAMES:
            return total
        after = page[-1] + b"\0"


async def counts(ask: Asking) -> StoreCounts:
    """See Store.counts. `scheduled` counts what waits for its time: scheduled messages and retries."""
    names = ask.keys
    queues = await _queues(ask)
    oldest = await _oldest(ask, queues)
    depths: dict[str, int] = {}
    for connector, _, length in queues:
        depths[connector] = depths.get(connector, 0) + length
    scheduled, without_receipt, parked, orphans, stopped = await ask.several(
        [("ZCARD", key) for key in (names.due, names.open(_SENT), names.parked_age, names.orphan_age, names.held)]
    )
    return StoreCounts(
        queues=tuple(QueueDepth(connector, depths[connector], oldest.get(connector)) for connector in sorted(depths)),
        scheduled=scheduled,
        sent_without_receipt=without_receipt,
        outbox_pending=await _lengths(ask, names.targets, names.pending),
        outbox_dead=await _lengths(ask, names.dead_targets, names.dead),
        parked=parked,
        orphans=orphans,
        held=stopped,
    )
