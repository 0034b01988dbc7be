"""All pages of tenants, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Group, Item, Page
from smsgwd.console.tenants import (
    contacts,
    groups,
    links,
    lookups,
    message,
    messages,
    money,
    optouts,
    overview,
    scheduled,
    send,
    senders,
    statistics,
    templates,
)
from smsgwd.console.visit import TenantVisit
from smsgwd.console.words import N_

PAGES: Final[tuple[Page, ...]] = (
    *overview.PAGES,
    *send.PAGES,
    *messages.PAGES,
    *message.PAGES,
    *scheduled.PAGES,
    *statistics.PAGES,
    *contacts.PAGES,
    *groups.PAGES,
    *optouts.PAGES,
    *templates.PAGES,
    *senders.PAGES,
    *links.PAGES,
    *money.PAGES,
    *lookups.PAGES,
)

MENU: Final = (
    Group(
        "",
        (
            Item("/", N_("Overview")),
            Item("/send", N_("Send a message"), scope="send"),
            Item("/messages", N_("Messages"), scope="read"),
            Item("/scheduled", N_("Scheduled"), scope="read"),
            Item("/statistics", N_("Statistics"), scope="read"),
        ),
    ),
    Group(
        N_("People"),
        (
            Item("/contacts", N_("Contacts"), scope="contacts"),
            Item("/groups", N_("Groups"), scope="contacts"),
            Item("/optouts", N_("Opt-outs"), scope="contacts"),
            Item("/lookups", N_("Number lookups"), scope="lookups"),
        ),
    ),
    Group(
        N_("Texts and senders"),
        (
            Item("/templates", N_("Templates"), scope="templates"),
            Item("/senders", N_("Sender names"), scope="senders"),
            Item("/links", N_("Tracked links"), scope="links"),
        ),
    ),
    Group(N_("Account"), (Item("/money", N_("Money"), scope="money"),)),
)


def allows(visit: TenantVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this credential."""
    return visit.may(page.scope)
