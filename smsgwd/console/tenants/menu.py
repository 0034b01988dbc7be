"""All pages of tenants, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Group, Item, Page
from smsgwd.console.tenants import overview
from smsgwd.console.visit import TenantVisit
from smsgwd.console.words import N_

PAGES: Final[tuple[Page, ...]] = (*overview.PAGES,)

MENU: Final = (Group("", (Item("/", N_("Overview")),)),)


def allows(visit: TenantVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this credential."""
    return visit.may(page.scope)
