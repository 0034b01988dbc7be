"""Provider styles, wired: a handler in front of the native API."""

from __future__ import annotations

from smsgwd.app.business import Business
from smsgwd.app.catalog import Catalog
from smsgwd.app.dialect_mounts import mounted
from smsgwd.config import Config
from smsgwd.config.model.dialects import Limited
from smsgwd.dialects.mounts import Mounts
from smsgwd.dialects.registry import DIALECTS
from smsgwd.net.http_message import Handler
from smsgwd.northbound.dialect_desk import DialectDesk
from smsgwd.northbound.dialect_edge import DialectEdge
from smsgwd.northbound.intake import Intake
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store
from smsgwd.ports.submit import Authenticator
from smsgwd.telemetry import get_logger

_log = get_logger("net")


def build_dialects(
    config: Config,
    mounts: Mounts,
    behind: Handler,
    *,
    intake: Intake,
    store: Store,
    business: Business,
    authenticator: Authenticator,
    catalog: Catalog,
    clock: Clock,
    outbox: Outbox,
) -> Handler:
    """The dialects of `mounts`, and behind them what serves the rest; that alone where there are none."""
    if not mounts:
        return behind
    if config.listeners.http is not None:
        _log.info("dialects.served", dialects=served(config))

    def part_price(tenant: str) -> int:
        account = catalog.account(tenant)
        return 0 if account is None else account.prices.price("", "") or 0

    sections: dict[str, Limited] = {name: getattr(config.dialects, name) for name in DIALECTS}
    return DialectEdge(
        mounts,
        behind,
        intake=intake,
        desk=DialectDesk(store, business.records, business.lookups, part_price, clock.now_ms, outbox),
        authenticator=authenticator,
        clock=clock,
        rates={name: section.requests_per_s for name, section in sections.items()},
    )


def served(config: Config) -> list[str]:
    """Where each dialect is served: 'isms' (on every host), 'isms sms.example.net', 'isms /sms', ..."""
    return [
        " ".join([row.name, *([f"{host}{row.prefix}" for host in row.hosts] or [row.prefix])]).rstrip()
        for row in mounted(config)
    ]
