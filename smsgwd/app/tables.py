"""The rules' own tables, compiled from the sections of the configuration."""

from __future__ import annotations

from smsgwd.config import Config
from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.gsm.charset import Charset
from smsgwd.mo.routes import MoRoutes, MoRule
from smsgwd.routing.table import Routes, Rule


def routes_of(config: Config) -> Routes:
    """Section `routes`."""
    return Routes(
        [
            Rule(
                connectors=route.connectors,
                to=route.match.to,
                sender=route.match.sender,
                tenant=route.match.tenant,
                strategy=route.strategy,
                on_undelivered=route.on_undelivered,
            )
            for route in config.routes
        ]
    )


def mo_routes_of(config: Config) -> MoRoutes:
    """Section `mo_routes`."""
    return MoRoutes(
        [
            MoRule(
                account=route.account,
                webhook=route.webhook,
                callback=route.callback,
                to=route.match.to,
                connector=route.match.connector,
                sender=route.match.sender,
                keyword=route.match.keyword,
            )
            for route in config.mo_routes
        ]
    )


def alphabets_of(config: Config) -> dict[str, Charset]:
    """What data_coding 0 means to each connector's SMSC, by connector."""
    return {
        connector.id: connector.default_alphabet
        for connector in config.connectors
        if isinstance(connector, SmppConnector)
    }


def failover_after_of(config: Config) -> dict[str, float | None]:
    """After how many seconds without a bind each connector's queue goes over; None = never."""
    return {
        connector.id: connector.failover_after_s
        for connector in config.connectors
        if isinstance(connector, SmppConnector)
    }
