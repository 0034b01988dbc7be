"""What has not left, as operators look at it: how old, and which. Every function runs in a reader thread."""

from __future__ import annotations

import heapq
import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import MessageView, State
from smsgwd.ports.store import AGES, QueueShape
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.queries import VIEW, view_of

_MAX_ID: Final = (1 << 63) - 1
_QUEUED: Final = "FROM message INDEXED BY message_ready WHERE state = 2"
_CONNECTOR: Final = f"SELECT connector {_QUEUED} AND connector > ? ORDER BY connector LIMIT 1"
_RANK: Final = f"SELECT rank {_QUEUED} AND connector = ? AND rank > ? ORDER BY rank LIMIT 1"
_COUNT: Final = f"SELECT count(*) {_QUEUED} AND connector = ? AND rank = ? AND id >= ? AND id < ?"
_OLDEST: Final = f"SELECT min(id) {_QUEUED} AND connector = ? AND rank = ?"
_BEHIND: Final = f"SELECT id {_QUEUED} AND connector = ? AND rank = ? AND id > ? ORDER BY id LIMIT ?"
_OPEN: Final = (
    "SELECT m.id FROM message m INDEXED BY message_open WHERE m.state < 10 AND m.state = ? AND m.id > ?{}"
    " ORDER BY m.id LIMIT ?"
)
_VIEWS: Final = Many(f"{VIEW} WHERE m.id IN (", "?", ")")


def _queues(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Each connector that something is queued for, and each rank of it, by a step in the index each."""
    connector = connection.execute(_CONNECTOR.replace(">", ">="), ("",)).fetchone()
    while connector is not None:
        for rank in _ranks(connection, connector[0]):
            yield connector[0], rank
        connector = connection.execute(_CONNECTOR, connector).fetchone()


def _ranks(connection: sqlite3.Connection, connector: str) -> Iterator[int]:
    rank = connection.execute(_RANK, (connector, -_MAX_ID)).fetchone()
    while rank is not None:
        yield rank[0]
        rank = connection.execute(_RANK, (connector, rank[0])).fetchone()


def queue_shapes(connection: sqlite3.Connection, now: int) -> list[QueueShape]:
    """See Store.queue_shapes. An age is told by the id, which is made when a message is accepted."""
    bounds = [_MAX_ID, *(first_id_at(now - age * 1000) for age in AGES), 0]
    counts: dict[str, list[int]] = {}
    oldest: dict[str, int] = {}
    for connector, rank in _queues(connection):
        columns = counts.setdefault(connector, [0] * (len(bounds) - 1))
        for place, (high, low) in enumerate(itertools.pairwise(bounds)):
            columns[place] += connection.execute(_COUNT, (connector, rank, low, high)).fetchone()[0]
        (first,) = connection.execute(_OLDEST, (connector, rank)).fetchone()
        oldest[connector] = min(first, oldest.get(connector, first))
    return [
        QueueShape(connector, tuple(columns), _submitted(connection, oldest[connector]))
        for connector, columns in counts.items()
    ]


def _submitted(connection: sqlite3.Connection, message_id: int) -> int:
    return int(connection.execute("SELECT submitted_at FROM message WHERE id = ?", (message_id,)).fetchone()[0])


def waiting(
    connection: sqlite3.Connection, connector: str, states: Sequence[State], after: int, limit: int
) -> list[MessageView]:
    """See Store.waiting. What is queued is in the order of the index by connector and rank; the others are few, or all
    of them are looked at."""
    after = min(after, _MAX_ID)
    runs: list[list[int]] = []
    for state in dict.fromkeys(states):
        if state.final:
            continue
        if state is State.QUEUED:
            queues = ((connector, rank) for rank in _ranks(connection, connector)) if connector else _queues(connection)
            runs += [_ids(connection, _BEHIND, (*queue, after, limit)) for queue in list(queues)]
        else:
            own = (connector,) if connector else ()
            sql = _OPEN.format(" AND m.connector = ?" if connector else "")
            runs.append(_ids(connection, sql, (int(state), after, *own, limit)))
    ids = list(heapq.merge(*runs))[:limit]
    views = {values[0]: view_of(values) for values in _VIEWS.find(connection, ids)}
    return [views[number] for number in ids if number in views]


def _ids(connection: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> list[int]:
    return [number for (number,) in connection.execute(sql, values)]
