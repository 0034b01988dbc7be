"""All pages of operators, and the menu."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators import (
    accounts,
    audit,
    blocked,
    configuration,
    connectors,
    credentials,
    esmes,
    explain,
    gateway,
    held,
    log,
    message,
    messages,
    money,
    nodes,
    orphans,
    overview,
    pdus,
    plugins,
    prices,
    pushes,
    queues,
    routes,
    security,
    senders,
    tenant_settings,
    tenants,
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
    *connectors.PAGES,
    *queues.PAGES,
    *held.PAGES,
    *plugins.PAGES,
    *gateway.PAGES,
    *tenants.PAGES,
    *tenant_settings.PAGES,
    *credentials.PAGES,
    *money.PAGES,
    *prices.PAGES,
    *explain.PAGES,
    *routes.PAGES,
    *senders.PAGES,
    *blocked.PAGES,
    *accounts.PAGES,
    *security.PAGES,
)

MENU: Final = (
    Group("", (Item("/", N_("Overview")),)),
    Group(
        N_("Traffic"),
        (
            Item("/messages", N_("Messages")),
            Item("/queues", N_("Queues")),
            Item("/held", N_("Held messages"), role="operate"),
            Item("/orphans", N_("Receipts")),
            Item("/pushes", N_("Pushes to tenants")),
        ),
    ),
    Group(
        N_("Connections"),
        (
            Item("/connectors", N_("Connectors")),
            Item("/plugins", N_("Plugins")),
            Item("/esmes", N_("Bound customers")),
            Item("/pdu", N_("PDUs"), role="operate"),
        ),
    ),
    Group(
        N_("Business"),
        (
            Item("/tenants", N_("Tenants")),
            Item("/prices", N_("Prices")),
            Item("/plans", N_("Number plans")),
            Item("/senders", N_("Senders")),
            Item("/rules", N_("Rules")),
            Item("/blocked", N_("Blocked numbers"), role="operate"),
        ),
    ),
    Group(N_("Routing"), (Item("/routes", N_("Routes")), Item("/explain", N_("Explain a route")))),
    Group(
        N_("System"),
        (
            Item("/gateway", N_("Gateway")),
            Item("/nodes", N_("Nodes")),
            Item("/config", N_("Configuration")),
            Item("/log", N_("Log")),
            Item("/audit", N_("Audit")),
        ),
    ),
    Group(N_("Access"), (Item("/operators", N_("Operators"), role="admin"), Item("/security", N_("Security")))),
)


def allows(visit: OperatorVisit, page: Page | Item) -> bool:
    """True when a page or an entry of the menu is for this operator."""
    return visit.caller.may(page.role)
