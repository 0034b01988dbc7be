"""All pages of operators, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators import (
    audit,
    configuration,
    esmes,
    log,
    message,
    messages,
    nodes,
    orphans,
    overview,
    pdus,
    pushes,
)
from smsgwd.console.page import Group, Item, Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.console.words import N_

PAGES: Final[tuple[Page, ...]] = (
    *overview.PAGES,
    *messages.PAGES,
    *message.PAGES,
    *orphans.PAGES,
    *pushes.PAGES,
    *esmes.PAGES,
    *pdus.PAGES,
    *nodes.PAGES,
    *configuration.PAGES,
    *log.PAGES,
    *audit.PAGES,
)

MENU: Final = (
    Group("", (Item("/", N_("Overview")),)),
    Group(
        N_("Messages"),
        (
            Item("/messages", N_("Messages")),
            Item("/orphans", N_("Receipts")),
            Item("/pushes", N_("Pushes to tenants")),
        ),
    ),
    Group(N_("Connections"), (Item("/esmes", N_("Bound customers")), Item("/pdu", N_("PDUs"), role="operate"))),
    Group(
        N_("System"),
        (
            Item("/nodes", N_("Nodes")),
            Item("/config", N_("Configuration")),
            Item("/log", N_("Log")),
            Item("/audit", N_("Audit")),
        ),
    ),
)


def allows(visit: OperatorVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this operator."""
    return visit.caller.may(page.role)
