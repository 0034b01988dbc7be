"""Times as people choose them in a form: a day and an hour on the clock of the account."""

from __future__ import annotations

from datetime import UTC, datetime

from smsgwd.console.given import Told
from smsgwd.console.visit import TenantVisit
from smsgwd.timespec.rfc3339 import format_utc


def chosen(visit: TenantVisit, name: str) -> str | None:
    """The time in a field of the form, as the API wants it (RFC 3339); None where the field is empty. Raises Told for
    what is no time."""
    written = visit.form.get(name)
    if not written:
        return None
    try:
        found = datetime.fromisoformat(written)
        return format_utc((found if found.tzinfo else found.replace(tzinfo=visit.zone)).astimezone(UTC))
    except (ValueError, OverflowError):
        raise Told(visit._("A time is written like 2026-12-31T18:30.")) from None
