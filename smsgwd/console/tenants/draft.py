"""What somebody filled in to send a message, and the request that it makes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from smsgwd.console.forms import Form
from smsgwd.console.given import Told
from smsgwd.console.visit import TenantVisit

_PARTED: Final = re.compile(r"[\n\r,;]+")
#: The fields of a template's placeholders are called this and the placeholder.
VALUE: Final = "value."


def recipients(form: Form) -> list[str]:
    """The numbers that were typed (a line each, or parted by comma or semicolon) and those chosen from the contacts,
    each once."""
    typed = (number.strip() for number in _PARTED.split(form.raw("to")))
    return list(dict.fromkeys([number for number in typed if number] + form.all("contact")))


def body(visit: TenantVisit) -> dict[str, Any]:
    """The request that a form makes: of `POST /messages` and of `POST /preview`. What was left empty is left out.
    Raises Told for a time that is none."""
    form = visit.form
    asked: dict[str, Any] = {
        "from": form.get("from"),
        "to": recipients(form),
        "to_group": form.get("group"),
        "link": form.get("link"),
        "client_ref": form.get("ref"),
        "schedule_at": moment_of(visit),
        "flash": "flash" in form or None,
        "validity_s": _whole(form.get("validity")),
        "priority": _whole(form.get("priority")),
    }
    if form.get("kind") == "template":
        asked["template"] = form.get("template")
        asked["values"] = {
            name.removeprefix(VALUE): form.raw(name)
            for name in form.names()
            if name.startswith(VALUE) and form.raw(name)
        }
    else:
        asked["text"] = form.raw("text")
    return {name: value for name, value in asked.items() if value not in ("", None, [], {})}


def has_text(asked: dict[str, Any]) -> bool:
    """True where there is something to be sent."""
    return "text" in asked or "template" in asked


def moment_of(visit: TenantVisit) -> str | None:
    """When something is to be sent, as the API wants it; None for now. Raises Told for a time that is none."""
    form, when = visit.form, visit.form.get("when")
    if when == "phrase":
        if not form.get("phrase"):
            raise Told(visit._("Say when, for example: tomorrow 9:00"))
        return form.get("phrase")
    if when != "time":
        return None
    try:
        chosen = datetime.fromisoformat(form.get("time"))
    except ValueError:
        raise Told(visit._("Choose a day and a time.")) from None
    if chosen.tzinfo is None:  # browsers send the clock's time alone: it is the account's
        chosen = chosen.replace(tzinfo=visit.zone)
    return chosen.isoformat(timespec="seconds")


def _whole(written: str) -> int | str | None:
    """A number; what is none goes on as it is, and the API says what is wrong with it."""
    if not written:
        return None
    try:
        return int(written)
    except ValueError:
        return written
