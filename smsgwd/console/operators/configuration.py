"""The configuration: what is in force, how the file differs, what is wrong with it, and putting it in force."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.console.operators.asked import wanted
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SECTION: Final = re.compile(r"^(?=[a-z])", re.MULTILINE)


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page. With `check` it also says what is wrong with the file."""
    path = visit.query.get("path", "")
    text, why = await visit.tried("config", "show", path=path)
    diff, why_not = await visit.tried("config", "diff")
    checked, unchecked = None, ""
    parts = [] if path or text is None else sections(text)
    if wanted(visit, "check"):
        checked, unchecked = await visit.tried("config", "check")
    return visit.show(
        "operators/configuration.html",
        path=path,
        text=text,
        plain="\n".join(part for _, part in parts if "\n" not in part),
        sections=[part for part in parts if "\n" in part[1]],
        why=why,
        diff=diff,
        why_not=why_not,
        checked=checked,
        unchecked=unchecked,
    )


async def reload(visit: OperatorVisit) -> HttpResponse:
    """Put the file in force."""
    done = await visit.command("config", "reload")
    return visit.show("operators/configuration_done.html", done=done)


def sections(text: str) -> list[tuple[str, str]]:
    """The parts of the file by their names."""
    parts = (part.rstrip("\n") for part in _SECTION.split(text))
    return [(part.partition(":")[0], part) for part in parts if part]


PAGES: Final = (
    Page("GET", "/config", show),
    Page("POST", "/config/reload", reload, role="admin", again=show),
)
