"""Provider plugins: which there are, what each can and wants to know, and a test message through one."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_WAITS: Final = ("", "10", "30", "60", "120")


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """The list."""
    return visit.show("operators/plugins.html", plugins=await visit.command("plugin", "list"))


async def show(visit: OperatorVisit) -> HttpResponse:
    """One of them."""
    return await _shown(visit)


async def readme(visit: OperatorVisit) -> HttpResponse:
    """What its package says of it, and its options as they stand in a configuration."""
    name = visit.slots["name"]
    text = await visit.command("plugin", "show", name=name, readme="yes")
    options, _ = await visit.tried("plugin", "show", name=name, yaml="yes")
    return visit.show("operators/plugin_readme.html", name=name, text=text, options=options)


async def test(visit: OperatorVisit) -> HttpResponse:
    """Send one message through it, and show what was said."""
    form = visit.form
    told = await visit.command(
        "plugin",
        "test",
        name=form.get("connector", visit.slots["name"]),
        to=form.get("to"),
        from_=form.get("from"),
        text=form.raw("text"),
        wait=form.get("wait"),
    )
    return await _shown(visit, told=told)


async def _shown(visit: OperatorVisit, **more: object) -> HttpResponse:
    found = await visit.command("plugin", "show", name=visit.slots["name"])
    waits = [(wait, visit._("%(num)s s", num=wait) if wait else visit._("do not ask")) for wait in _WAITS]
    return visit.show("operators/plugin.html", plugin=found, waits=waits, **{"told": None, **more})


PAGES: Final = (
    Page("GET", "/plugins", show_all),
    Page("GET", "/plugins/{name}", show),
    Page("GET", "/plugins/{name}/readme", readme),
    Page("POST", "/plugins/{name}", test, role="admin", again=show),
)
