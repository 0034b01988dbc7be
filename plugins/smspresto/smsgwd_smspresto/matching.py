"""Which row of the history is which message: by recipient and text, by time, and equal ones in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from smsgwd.providers import Sent
from smsgwd_smspresto.archive import Row

_MOST_CELLS: Final = 200_000

#: Messages without a row, differences of time, and the pairs made: (the ones before, message id, row) or None.
_Way = tuple[int, int, Any]


def in_order(messages: Sequence[Sent], rows: Sequence[Row], slack_ms: int) -> dict[str, Row]:
    """Rows by message id. All have one recipient and one text, and neither messages nor rows have another place yet.

    As many as can be are matched, none to a row further than `slack_ms` away, so that of two messages the one sent
    first has the row that came first; of all ways to do so the one with the least differences of time, and then the one
    that leaves over rows that are final: those had their message already.
    """
    messages = sorted(messages, key=lambda message: (message.sent_ms, len(message.id), message.id))
    rows = sorted(rows, key=lambda row: row.number)
    if len(messages) == 1 and len(rows) == 1:  # as nearly always
        return {messages[0].id: rows[0]} if rows[0].apart_ms(messages[0].sent_ms) <= slack_ms else {}
    if len(messages) * len(rows) > _MOST_CELLS:
        return _first_fit(messages, rows, slack_ms)
    # best[j]: what the messages so far come to with the first j rows; pairs hang on each other, last first.
    best: list[_Way] = [(0, 0, None)] * (len(rows) + 1)
    for message in messages:
        before, best = best, [(best[0][0] + 1, best[0][1], best[0][2])]
        for j, row in enumerate(rows):
            missing, cost, pairs = before[j + 1]
            found = min((missing + 1, cost, pairs), best[j], key=_worth)
            apart = row.apart_ms(message.sent_ms)
            if apart <= slack_ms:
                missing, cost, pairs = before[j]
                cost += 2 * (apart // 1000) + (row.status != "0")
                found = min(found, (missing, cost, (pairs, message.id, row)), key=_worth)
            best.append(found)
    matched: dict[str, Row] = {}
    last = best[-1][2]
    while last is not None:
        last, message_id, row = last
        matched[message_id] = row
    return matched


def _worth(way: _Way) -> tuple[int, int]:
    return way[0], way[1]


def _first_fit(messages: Sequence[Sent], rows: Sequence[Row], slack_ms: int) -> dict[str, Row]:
    """For hundreds of equal ones: each has the first row that is near enough."""
    found: dict[str, Row] = {}
    which = 0
    for message in messages:
        while which < len(rows) and rows[which].late_ms < message.sent_ms - slack_ms:
            which += 1
        if which < len(rows) and rows[which].apart_ms(message.sent_ms) <= slack_ms:
            found[message.id] = rows[which]
            which += 1
    return found
