"""All pages of operators, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators import overview
from smsgwd.console.page import Group, Item, Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.console.words import N_

PAGES: Final[tuple[Page, ...]] = (*overview.PAGES,)

MENU: Final = (Group("", (Item("/", N_("Overview")),)),)


def allows(visit: OperatorVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this operator."""
    return visit.caller.may(page.role)
