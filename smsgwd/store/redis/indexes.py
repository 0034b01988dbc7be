"""What is kept of a message besides its record, so that it is found: entries of indexes, its place in a queue.

Entries are a pure function of the record: who changes a row writes the difference to what it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smsgwd.model.message import FINAL_FROM, HELD, State
from smsgwd.store.redis.keys import id8, queue_name, queued
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.rows import Place, RedisRow
from smsgwd.store.redis.tx import Tx

_FINAL: Final = int(FINAL_FROM)
_QUEUED: Final = int(State.QUEUED)


def enter(tx: Tx, memory: Memory, row: RedisRow) -> None:
    """Change the entries of a row, its queue apart, from what `row.was` says to what it is now."""
    state, due_at, deadline = now = (row.state, row.due_at, row.told.deadline)
    was = row.was
    if was == now:
        return
    row.was = now
    keys, member = memory.keys, id8(row.id)
    if was is not None:
        if was[0] < _FINAL and was[0] != state:
            tx.remove(keys.open(was[0]), member)
        waited = _waits(was)
        if waited and waited != _waits(now):
            tx.remove(keys.due if waited > 0 else keys.held, member)
    if state >= _FINAL:
        return
    if was is None or was[0] != state or was[2] != deadline:
        tx.add(keys.open(state), member, deadline)
    if state < _QUEUED:
        if due_at < HELD:
            tx.add(keys.due, member, due_at)
        else:
            tx.add(keys.held, member)


def _waits(place: Place) -> int:
    """1 for what waits for its time, -1 for what waits for an operator, 0 for the rest."""
    if place[0] >= _QUEUED:
        return 0
    return 1 if place[1] < HELD else -1


def leave(tx: Tx, memory: Memory, row: RedisRow) -> None:
    """Remove the entries of a message that is to be forgotten, its queue apart."""
    keys, member = memory.keys, id8(row.id)
    was = row.was
    if was is not None:
        if was[0] < _FINAL:
            tx.remove(keys.open(was[0]), member)
        waited = _waits(was)
        if waited:
            tx.remove(keys.due if waited > 0 else keys.held, member)
    row.was = None
    tenant = row.told.tenant
    tx.remove(keys.messages, member)
    tx.remove(keys.of_tenant(tenant), member)
    tx.remove(keys.history(tenant), member)


def requeue(tx: Tx, memory: Memory, rows: Iterable[RedisRow], again: set[int]) -> list[int]:
    """Take rows out of queues and put them into others, as they are at the end of a transaction; those whose id is in
    `again` also where the place is the same, so that nobody else has claimed them. Ids of those that this node claims.

    What another node has claimed (`Memory.claimed`) and is changed all the same stays in that node's queue: the node
    finds there that it is not to be sent.
    """
    keys, program, claimed = memory.keys, tx.program, memory.claimed
    room: dict[str, int] = {}  # how many this node still claims, by connector
    claimed_in: dict[str, str] = {}  # queues of those it claims,
    free_in: dict[str, str] = {}  # and of the others
    mine: list[int] = []
    for row in rows:
        now = (row.connector, row.told.priority) if row.state == _QUEUED else None
        was = row.queued
        if was == now and row.id not in again:
            continue
        row.queued = now
        if was is not None:
            member = queued(was[1], row.id)
            if member not in claimed:
                queue = keys.queue(was[0])
                own = keys.queue(was[0], memory.node) if memory.node else queue
                program.unqueued.append((queue, own, member))
            elif was == now:
                continue
        if now is not None:
            connector = now[0]
            left = room.get(connector)
            if left is None:
                left = memory.room(connector) if memory.node else 0
            room[connector] = left - 1
            if left > 0:
                to = claimed_in.get(connector) or _queue(tx, memory, claimed_in, connector, memory.node)
                mine.append(row.id)
            else:
                to = free_in.get(connector) or _queue(tx, memory, free_in, connector, "")
            tx.add(to, queued(now[1], row.id))
    return mine


def _queue(tx: Tx, memory: Memory, queues: dict[str, str], connector: str, node: str) -> str:
    """A queue that something is put into. What nobody claims ('') is told to those who send for the connector."""
    keys = memory.keys
    tx.add(keys.queues, queue_name(connector, node))
    if not node:
        tx.program.published.append((keys.ready(connector), b""))
    queue = queues[connector] = keys.queue(connector, node)
    return queue
