"""A tenant's messages of a span of time, counted by groups. Runs in a reader thread."""

from __future__ import annotations

import sqlite3
from typing import Final

from smsgwd.model.counting import BOUNDS_MS, NOTHING, RANGE, RANGE_DIGITS, SENDER, SENT, UNSENT, SpanPage, SpanRow
from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State

_MAX_ID: Final = (1 << 63) - 1
_CLOCK_SLACK_MS: Final = 60_000  # as in `queries.messages`
_ROWS: Final = 20_000  # looked at in a call: 30 ms, then it is another's turn
_KEYS: Final = {NOTHING: "''", SENDER: "source", RANGE: f"substr(msisdn, 1, {RANGE_DIGITS})"}
_TOOK: Final = "done_at - sent_at"


def _classes(low: int, high: int) -> str:
    """The class of `_TOOK` among those from `low` to `high`, found by halves."""
    if low == high:
        return str(low)
    middle = (low + high) // 2
    left, right = _classes(low, middle), _classes(middle + 1, high)
    return f"CASE WHEN {_TOOK} <= {BOUNDS_MS[middle]} THEN {left} ELSE {right} END"


_TIME: Final = (
    f"CASE WHEN sent_at IS NULL THEN {UNSENT} WHEN state != {int(State.DELIVERED)} THEN {SENT}"
    f" ELSE {_classes(0, len(BOUNDS_MS))} END"
)
_WHERE: Final = "FROM message INDEXED BY message_tenant WHERE tenant = ? AND id > ? AND id < ?"
_END: Final = f"SELECT id {_WHERE} ORDER BY id LIMIT 1 OFFSET ?"
_COUNT: Final = (
    f"SELECT {{}} AS grouped, state, {_TIME} AS time, count(*), sum(parts), sum(price) {_WHERE}"
    " AND submitted_at >= ? AND submitted_at < ? GROUP BY grouped, state, time"
)


def counted(
    connection: sqlite3.Connection, tenant: str, between: tuple[int, int], by: str, after: int, rows: int = _ROWS
) -> SpanPage:
    """See CountingReads.counted. Ids narrow it and `submitted_at` decides, as in `queries.messages`."""
    from_ms, to_ms = between
    low = max(min(after, _MAX_ID), min(first_id_at(from_ms), _MAX_ID) - 1)
    high = min(first_id_at(to_ms + _CLOCK_SLACK_MS), _MAX_ID)
    last = connection.execute(_END, (tenant, low, high, rows - 1)).fetchone()
    if last is not None:
        high = min(last[0] + 1, _MAX_ID)
    found = connection.execute(_COUNT.format(_KEYS[by]), (tenant, low, high, from_ms, to_ms))
    return SpanPage(tuple(SpanRow(*row) for row in found), None if last is None else last[0])
