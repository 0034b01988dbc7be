"""What lists share: the addresses of their pages, and days as people choose them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from smsgwd.console.given import Told
from smsgwd.console.render import url
from smsgwd.console.visit import TenantVisit
from smsgwd.timespec.rfc3339 import format_utc


def turned(visit: TenantVisit, path: str, cursor: str | None, **filters: Any) -> tuple[str, str]:
    """The addresses of a list's beginning and of its next page, '' where there is none; `cursor` is the API's
    `next_cursor`, the filters stay."""
    newer = url(path, **filters) if visit.query.get("cursor") else ""
    return newer, url(path, **filters, cursor=cursor) if cursor else ""


def days_ago(visit: TenantVisit, days: int) -> str:
    """The day that was so many days ago in the account's zone, as people choose it."""
    today = datetime.fromtimestamp(visit.session.seen_at / 1000, visit.zone).date()
    return (today - timedelta(days=days)).isoformat()


def span(visit: TenantVisit, first: str, last: str) -> tuple[str, str]:
    """From when and until when two days (both included; '' = without end) are in the account's zone, as the API wants
    it: RFC 3339, or ''. Raises Told for what is no day."""
    begin, end = _day(visit, first), _day(visit, last)
    if begin is not None and end is not None and end < begin:
        raise Told(visit._("The last day is before the first."))
    after = None if end is None or end == date.max else end + timedelta(days=1)
    return _moment(visit, begin), _moment(visit, after)


def _day(visit: TenantVisit, written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise Told(visit._("A day is written like 2026-12-31.")) from None


def _moment(visit: TenantVisit, day: date | None) -> str:
    """The first moment of a day."""
    if day is None:
        return ""
    try:
        return format_utc(datetime.combine(day, time(), visit.zone).astimezone(UTC))
    except OverflowError:
        raise Told(visit._("A day is written like 2026-12-31.")) from None
