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


def span(visit: TenantVisit) -> tuple[str, str]:
    """From when and until when the query's days `from` and `to` (both included) are in the account's zone, as the API
    wants it: RFC 3339, '' where no day was chosen. Raises Told for what is no day."""
    first, last = (_day(visit, name) for name in ("from", "to"))
    if first is not None and last is not None and last < first:
        raise Told(visit._("The last day is before the first."))
    after = None if last is None or last == date.max else last + timedelta(days=1)
    return _moment(visit, first), _moment(visit, after)


def _day(visit: TenantVisit, name: str) -> date | None:
    written = visit.query.get(name, "")
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
