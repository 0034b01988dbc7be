"""The handler of statistics: a span of time, counted step by step.

Counting has a budget of time: what it does not suffice for is counted when it is asked for again, from where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from twisted.internet.defer import Deferred, DeferredLock

from smsgwd.admission.countries import country_of
from smsgwd.model.counting import NOTHING, RANGE, SENDER, UNSENT, seconds_at
from smsgwd.model.message import FINAL_FROM, State
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.queries import moment_of
from smsgwd.northbound.statistics_cells import OTHERS, Cell, Step, Steps
from smsgwd.northbound.statistics_types import (
    BY,
    MOST_DAYS,
    MOST_HOURS_DAYS,
    DeliverySeconds,
    Statistics,
    StatisticsRow,
    StatisticsSum,
)
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.counting import CountingReads

BUDGET_S: Final = 5.0  #: of one request
_MOST_WAITING: Final = 4  # requests of one tenant
_MOST_SHOWN: Final = 100
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_DEFAULT_MS: Final = 30 * _DAY_MS
_SETTLED_MS: Final = 60_000  # what was submitted before that is in the store
_STATES: Final = {int(state): state.public for state in State}
_KINDS: Final = {"country": RANGE, "sender": SENDER}
_encode = msgspec.json.Encoder().encode

Query = dict[str, list[str]]
_Span = tuple[int, int]


class StatisticsDesk:
    """Answers what became of a tenant's messages. One request of a tenant is counted at a time."""

    def __init__(self, store: CountingReads, clock: Clock, budget_s: float = BUDGET_S) -> None:
        self._store = store
        self._clock = clock
        self._budget_s = budget_s
        self._steps = Steps()
        self._locks: dict[str, DeferredLock] = {}

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `STATISTICS_ROUTES`."""
        return {
            "statistics": lambda tenant, _request, _slots, query: Deferred.fromCoroutine(self.statistics(tenant, query))
        }

    async def statistics(self, tenant: Tenant, query: Query) -> HttpResponse:
        """The counts of a span. Raises Refused: INVALID, OVER_RATE."""
        by = query.get("by", ["day"])[0]
        if by not in BY:
            raise Refused(Refusal.INVALID, f"by: one of {', '.join(BY)} is expected")
        zone = _zone(tenant)
        span = _span(query, by, self._clock.now_ms(), zone)
        steps = list(_steps(span, zone, hours=by == "hour", cut="to_date" in query))
        lock = self._locks.setdefault(tenant.id, DeferredLock())
        if len(lock.waiting) >= _MOST_WAITING:
            raise Refused(Refusal.OVER_RATE, "statistics of this account are being counted: ask again afterwards")
        await lock.acquire()
        try:
            counted, complete = await self._counted(tenant, steps, _KINDS.get(by, NOTHING))
        finally:
            lock.release()
            if not lock.locked and not lock.waiting:
                self._locks.pop(tenant.id, None)
        answer = Statistics(
            format_epoch_ms(span[0]),
            format_epoch_ms(span[1]),
            by,
            str(zone),
            tenant.currency,
            complete,
            _sum(_cells(counted), tenant),
            _by_time(steps, counted, tenant, zone, by) if by in ("day", "hour") else _by_key(counted, tenant, by),
        )
        return json_response(200, _encode(answer))

    async def _counted(self, tenant: Tenant, steps: list[_Span], kind: str) -> tuple[list[Step], bool]:
        """The counts of each step, and whether all of them are whole. The newest are counted first."""
        end = self._clock.monotonic() + self._budget_s
        found: list[Step] = []
        complete = True
        for between in reversed(steps):
            key = (tenant.id, *between, kind)
            step = self._steps.get(key, self._clock.monotonic())
            begun = step.after is not None
            while step.after is not None and self._clock.monotonic() < end:
                page = await self._store.counted(tenant.id, between, kind, step.after)
                for row in page.rows:
                    step.add(row, country_of(row.key) if kind == RANGE else row.key)
                step.after = page.after
            if begun:
                over = between[1] + _SETTLED_MS <= self._clock.now_ms()
                self._steps.keep(key, step, self._clock.monotonic(), over=over)
            complete = complete and step.after is None
            found.append(step)
        found.reverse()
        return found, complete


def _zone(tenant: Tenant) -> ZoneInfo:
    """The tenant's zone; UTC for one that the system has no rules of (any more)."""
    try:
        return ZoneInfo(tenant.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _span(query: Query, by: str, now: int, zone: ZoneInfo) -> _Span:
    """What is asked for, ms since 1970. Raises Refused(INVALID)."""
    to_ms = moment_of(query, "to_date")
    to_ms = now if to_ms is None else min(to_ms, now + _DAY_MS)  # there is nothing later
    from_ms = moment_of(query, "from_date")
    if from_ms is None:  # from the beginning of a step: those that are whole are remembered
        begin = max(0, to_ms - (_DAY_MS if by == "hour" else _DEFAULT_MS))
        first = next(iter(_steps((begin, to_ms), zone, hours=by == "hour", cut=False)), None)
        from_ms = begin if first is None else first[1]
    from_ms = max(0, from_ms)
    most = MOST_HOURS_DAYS if by == "hour" else MOST_DAYS
    if from_ms >= to_ms:
        raise Refused(Refusal.INVALID, "from_date: it is not before to_date")
    if to_ms - from_ms > most * _DAY_MS + _HOUR_MS:  # where a clock is set back a day has an hour more
        raise Refused(Refusal.INVALID, f"from_date: {most} days at most are counted{' by hour' * (by == 'hour')}")
    return from_ms, to_ms


def _steps(span: _Span, zone: ZoneInfo, *, hours: bool, cut: bool) -> Iterable[_Span]:
    """The days or hours of the zone that a span touches, the first cut to it, and with `cut` the last, too."""
    begin, end = span
    while begin < end:
        local = datetime.fromtimestamp(begin / 1000, UTC).astimezone(zone)
        if hours:
            into = ((local.minute * 60 + local.second) * 1000) + begin % 1000
            following = begin - into + _HOUR_MS
        else:
            tomorrow = local.date() + timedelta(days=1)
            midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)
            following = max(begin + 1, round(midnight.timestamp() * 1000))
        yield begin, min(following, end) if cut else following
        begin = following


def _cells(steps: Iterable[Step]) -> dict[Cell, list[int]]:
    """The cells of several steps added up."""
    sums: dict[Cell, list[int]] = {}
    for step in steps:
        for cell, (messages, parts, price) in step.cells.items():
            kept = sums.setdefault(cell, [0, 0, 0])
            kept[0] += messages
            kept[1] += parts
            kept[2] += price
    return sums


def _members(cells: Mapping[Cell, list[int]], tenant: Tenant) -> dict[str, object]:
    """What is told of some cells."""
    messages = parts = cost = 0
    states: dict[str, int] = {}
    times: list[tuple[int, int]] = []
    for (_, state, time), (count, of_parts, price) in cells.items():
        name = _STATES[state]
        messages += count
        parts += of_parts
        if state < FINAL_FROM or (time != UNSENT and name not in tenant.refunds):
            cost += price
        states[name] = states.get(name, 0) + count
        if time >= 0:
            times.append((time, count))
    median, p95 = seconds_at(times, 0.5), seconds_at(times, 0.95)
    took = None if median is None or p95 is None else DeliverySeconds(round(median, 1), round(p95, 1))
    return {
        "messages": messages,
        "parts": parts,
        "cost": format_money(cost),
        "states": dict(sorted(states.items())),
        "delivery_seconds": took,
    }


def _sum(cells: Mapping[Cell, list[int]], tenant: Tenant) -> StatisticsSum:
    return msgspec.convert(_members(cells, tenant), StatisticsSum)


def _row(key: str | None, cells: Mapping[Cell, list[int]], tenant: Tenant, begin: int | None = None) -> StatisticsRow:
    from_date = {} if begin is None else {"from_date": format_epoch_ms(begin)}
    return msgspec.convert({**_members(cells, tenant), "key": key, **from_date}, StatisticsRow)


def _by_time(steps: list[_Span], counted: list[Step], tenant: Tenant, zone: ZoneInfo, by: str) -> list[StatisticsRow]:
    """A row a step, also for those without messages."""
    rows = []
    for (begin, _), step in zip(steps, counted, strict=True):
        local = datetime.fromtimestamp(begin // 1000, UTC).astimezone(zone)
        key = local.replace(minute=0, second=0).isoformat() if by == "hour" else local.date().isoformat()
        rows.append(_row(key, step.cells, tenant, begin))
    return rows


def _by_key(counted: list[Step], tenant: Tenant, by: str) -> list[StatisticsRow]:
    """A row a state, country or sender: those with most messages, and one for all others."""
    groups: dict[str, dict[Cell, list[int]]] = {}
    for cell, sums in _cells(counted).items():
        key = _STATES[cell[1]] if by == "state" else cell[0]
        groups.setdefault(key, {})[cell] = sums
    others = groups.pop(OTHERS, {})
    ranked = sorted(groups.items(), key=lambda group: (-sum(sums[0] for sums in group[1].values()), group[0]))
    for _, cells in ranked[_MOST_SHOWN:]:
        for (_, state, time), sums in cells.items():
            kept = others.setdefault((OTHERS, state, time), [0, 0, 0])
            others[OTHERS, state, time] = [one + more for one, more in zip(kept, sums, strict=True)]
    rows = [_row(key, cells, tenant) for key, cells in ranked[:_MOST_SHOWN]]
    return rows + ([_row(None, others, tenant)] if others else [])
