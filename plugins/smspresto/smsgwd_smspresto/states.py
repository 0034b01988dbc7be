"""States: the history is read where open messages may stand, its rows are matched, and what they say is told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from smsgwd.model.message import State
from smsgwd.providers import Host, Report, Sent
from smsgwd_smspresto.archive import Archive, Row, plain
from smsgwd_smspresto.matching import in_order
from smsgwd_smspresto.options import SmsPrestoOptions

_MOST_KNOWN: Final = 50_000
_WORDS: Final = {"0": "waiting", "1": "sent", "2": "failed"}


class States:
    """What one connector knows of which row is whose.

    A report names the row: the host keeps it and says it with the next question, so that a restart forgets nothing; in
    between, and for messages that are final by then, `_known` has it.
    """

    def __init__(self, options: SmsPrestoOptions, host: Host) -> None:
        self._options = options
        self._host = host
        self._archive = Archive(options, host)
        self._zone = ZoneInfo(options.time_zone)
        self._slack_ms = int(options.match_s * 1000)
        self._known: OrderedDict[int, str] = OrderedDict()  # number of a row → message id
        self._row_of: dict[str, int] = {}  # and the other way round
        # Where the last question ended that did not come to its end: the time, and the day and offset of that.
        self._from_ms = 0
        self._next: tuple[date, int] | None = None

    async def ask(self, sent: Sequence[Sent]) -> list[Report]:
        """Reports of those of `sent` that something is known of. Raises Halt, NotSent, NoAnswer."""
        rows = await self._rows(sent)
        found = self._own(sent, rows)
        for message in sent:
            row = found.get(message.id)
            if row is not None:
                self._known[row.number] = message.id
                self._known.move_to_end(row.number)
                self._row_of[message.id] = row.number
        while len(self._known) > _MOST_KNOWN:
            self._row_of.pop(self._known.popitem(last=False)[1], None)
        reports = (self._report(message, found[message.id]) for message in sent if message.id in found)
        return [report for report in reports if report is not None]

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _rows(self, sent: Sequence[Sent]) -> dict[int, Row]:
        """The rows where `sent` may stand, by number; those of the first pages, where they are many. Then the next
        question goes on behind them."""
        pages, found = self._options.most_pages, dict[int, Row]()
        for day, _, until, offset in self._turns(self._spans(sent)):
            more = True
            while more:
                if not pages:
                    self._next = (day, offset)
                    return found
                pages -= 1
                rows, offset, more = await self._archive.page(day, offset)
                found |= {row.number: row for row in rows}
                if rows:
                    self._from_ms = rows[-1].early_ms
                    more = more and rows[-1].early_ms <= until
        self._next = None
        return found

    def _turns(self, spans: list[tuple[date, int, int]]) -> list[tuple[date, int, int, int]]:
        """Spans in the order in which they are read, with the offset to begin at: on from where the last question
        ended, and then what is before that."""
        turns = [(day, since, until, self._archive.start(day, since)) for day, since, until in spans]
        if self._next is None:
            return turns
        here, offset = self._next
        first: list[tuple[date, int, int, int]] = []
        then: list[tuple[date, int, int, int]] = []
        for day, since, until, begin in turns:
            if day == here and since <= self._from_ms <= until and begin < offset:
                first.append((day, since, until, offset))
                then.append((day, since, self._from_ms, begin))
            else:
                (first if since >= self._from_ms else then).append((day, since, until, begin))
        return first + then

    def _spans(self, sent: Sequence[Sent]) -> list[tuple[date, int, int]]:
        """Days and times (ms) between which rows of `sent` stand, those that overlap as one, in order."""
        spans: list[tuple[int, int]] = []
        for at in sorted(message.sent_ms for message in sent):
            since, until = max(0, at - self._slack_ms), at + self._slack_ms
            if spans and since <= spans[-1][1]:
                spans[-1] = (spans[-1][0], until)
            else:
                spans.append((since, until))
        days: list[tuple[date, int, int]] = []
        for since, until in spans:
            day, last = self._archive.day_of(since), self._archive.day_of(until)
            while day <= last:
                begin = int(datetime.combine(day, time(), self._zone).timestamp() * 1000)
                end = int(datetime.combine(day + timedelta(days=1), time(), self._zone).timestamp() * 1000) - 1
                days.append((day, max(since, begin), min(until, end)))
                day += timedelta(days=1)
        return days

    # -- matching --------------------------------------------------------------------------------------------------

    def _own(self, sent: Sequence[Sent], rows: dict[int, Row]) -> dict[str, Row]:
        """Rows by message id: those known before, then those that fit."""
        found: dict[str, Row] = {}
        asked: dict[tuple[str, str], list[Sent]] = {}
        taken: set[int] = set()
        for message in sent:
            number = int(message.foreign_id) if _is_number(message.foreign_id) else self._row_of.get(message.id)
            if number is None:
                asked.setdefault((message.to, plain(message.text)), []).append(message)
            else:
                taken.add(number)
                if number in rows:
                    found[message.id] = rows[number]
        open_rows: dict[tuple[str, str], list[Row]] = {}
        for row in rows.values():
            if row.number not in taken and row.number not in self._known:
                open_rows.setdefault(row.key, []).append(row)
        for key, messages in asked.items():
            if key in open_rows:
                found |= in_order(messages, open_rows[key], self._slack_ms)
        return found

    def _report(self, message: Sent, row: Row) -> Report | None:
        state: State | None = None
        if row.status == "2":
            state = State.UNDELIVERED
        elif row.status == "1" and self._options.sent_is_delivered:
            state = State.DELIVERED
        if state is None and message.foreign_id == str(row.number):
            return None  # nothing new
        at = row.done_ms if state is not None else None
        return Report(state, str(row.number), message.id, _WORDS.get(row.status, row.status[:64]), at_ms=at)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 16
