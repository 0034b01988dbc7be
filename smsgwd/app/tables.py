"""The rules' own tables, compiled from the sections of the configuration and from stored routes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from smsgwd.config import Config
from smsgwd.config.errors import key_text
from smsgwd.config.messages import sentence, without_echoes
from smsgwd.config.model.routes import Match, Rewrite, Route
from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.config.policy import DAYS
from smsgwd.gsm.charset import Charset
from smsgwd.mo.routes import MoRoutes, MoRule
from smsgwd.model.message import Coding
from smsgwd.model.records import Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.routing.table import Hours, Rewriting, Routes, Rule

RuleKey = tuple[str, int]  #: of a stored route, and a hash of its value
_CODINGS: Final = {coding.public: int(coding) for coding in Coding}


def rules_of(config: Config) -> list[Rule]:
    """Section `routes`, in order."""
    return [rule_of(route, route.id or f"config/{place}") for place, route in enumerate(config.routes, 1)]


def devices_of(config: Config) -> frozenset[str]:
    """The connectors whose channel is a device."""
    return frozenset(connector.id for connector in config.connectors if connector.channel == "device")


def routes_of(config: Config) -> Routes:
    """The table of section `routes` alone."""
    return Routes(rules_of(config), devices=devices_of(config))


def rule_of(route: Route, route_id: str) -> Rule:
    """One route as routing knows it."""
    match = route.match
    return Rule(
        connectors=route.connectors,
        to=match.to,
        sender=match.sender,
        tenant=match.tenant,
        strategy=route.strategy,
        on_undelivered=route.on_undelivered,
        id=route_id,
        networks=match.networks,
        min_parts=match.min_parts,
        max_parts=match.max_parts,
        codings=tuple(_CODINGS[coding] for coding in match.codings),
        priorities=match.priorities,
        hours=_hours(match),
        channel=match.channel,
        weights=route.weights,
        margin=route.margin,
        rewriting=None if route.rewrite is None else _rewriting(route.rewrite),
    )


def stored_rules(records: Iterable[Record], connectors: Collection[str] | None = None) -> list[Rule]:
    """Stored routes, in the order of their keys. Raises Refused(INVALID) with all that is wrong with all of them.

    Each is the JSON of a route as in the configuration; its name is the `id` in its key. `connectors` are those there
    are; None = it is not asked.
    """
    rules, mistakes = usable_rules(records, connectors)
    if mistakes:
        raise Refused(Refusal.INVALID, "; ".join(f"route {record.key}: {why}" for record, why in mistakes))
    return rules


def usable_rules(
    records: Iterable[Record], connectors: Collection[str] | None = None, known: dict[RuleKey, Rule] | None = None
) -> tuple[list[Rule], list[tuple[Record, str]]]:
    """The stored routes that can be used, and those that cannot, with the reason. Pure: it may run in a thread.

    Those that are `known` are not read again; the others are known then.
    """
    known = {} if known is None else known
    rules: list[Rule] = []
    mistakes: list[tuple[Record, str]] = []
    for record in records:
        rule = known.get(rule_key(record))
        if rule is None:
            try:
                route = _route(record.value)
                _connectors(route, connectors)
            except ValueError as error:
                mistakes.append((record, str(error)))
                continue
            rule = known[rule_key(record)] = rule_of(route, record.key.partition("/")[2] or record.key)
        rules.append(rule)
    return rules, mistakes


def rule_key(record: Record) -> RuleKey:
    """Under which a rule is remembered: another value is another rule."""
    return record.key, hash(record.value)


def _route(value: bytes) -> Route:
    """A route of its JSON. Raises ValueError with all mistakes in words."""
    try:
        data = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ValueError("it must be a JSON object")
    data.pop("order", None)
    try:
        return Route.model_validate(_frozen(data))
    except ValidationError as invalid:
        entries = without_echoes(invalid.errors(include_url=False))
        raise ValueError(
            "; ".join(_mistake(key_text(entry["loc"]), sentence(Route, entry)) for entry in entries)
        ) from None


def _frozen(data: Any) -> Any:
    """JSON as the configuration's reader gives it: lists are tuples."""
    if isinstance(data, dict):
        return {key: _frozen(value) for key, value in data.items()}
    return tuple(map(_frozen, data)) if isinstance(data, list) else data


def _mistake(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what


def _connectors(route: Route, known: Collection[str] | None) -> None:
    twice = sorted({each for each in route.connectors if route.connectors.count(each) > 1})
    if twice:
        raise ValueError(f"connectors: '{twice[0]}' is named twice")
    unknown = [each for each in route.connectors if known is not None and each not in known]
    if unknown:
        raise ValueError(f"connectors: no connector has the id '{unknown[0][:60]}'")


def _hours(match: Match) -> Hours | None:
    hours = match.hours
    if hours is None:
        return None
    begin, end = hours.time or (0, 24 * 60)
    return Hours(begin, end, tuple(DAYS.index(day) for day in hours.days), hours.zone)


def _rewriting(rewrite: Rewrite) -> Rewriting:
    return Rewriting(rewrite.sender, tuple(rewrite.senders.items()), rewrite.strip, rewrite.add)


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
