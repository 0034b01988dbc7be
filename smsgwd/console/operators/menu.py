"""All pages of operators, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators import connectors, gateway, held, overview, plugins, queues
from smsgwd.console.page import Group, Item, Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.console.words import N_

PAGES: Final[tuple[Page, ...]] = (
    *overview.PAGES,
    *connectors.PAGES,
    *queues.PAGES,
    *held.PAGES,
    *plugins.PAGES,
    *gateway.PAGES,
)

MENU: Final = (
    Group("", (Item("/", N_("Overview")),)),
    Group(
        N_("Traffic"),
        (
            Item("/connectors", N_("Connectors")),
            Item("/queues", N_("Queues")),
            Item("/held", N_("Held messages"), role="operate"),
        ),
    ),
    Group(
        N_("System"),
        (
            Item("/gateway", N_("Gateway")),
            Item("/plugins", N_("Plugins")),
        ),
    ),
)


def allows(visit: OperatorVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this operator."""
    return visit.caller.may(page.role)
