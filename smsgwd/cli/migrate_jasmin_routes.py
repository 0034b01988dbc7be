"""Jasmin's MT and MO routes with their filters. A route with a filter that cannot be said here is left out and told:
without its filter it would take messages that it shall not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from smsgwd.cli.migrate_jasmin_read import Thing, Things
from smsgwd.cli.migrate_jasmin_users import User, money
from smsgwd.cli.migrate_output import Output, name_of
from smsgwd.cli.migrate_patterns import UnclearError, numbers, patterns

_CONNECTOR = re.compile(r"(smppc|smpps|http)\(([^()]+)\)")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")


class _NoWordsError(Exception):
    """A filter that cannot be said; the text tells why."""


@dataclass(frozen=True, slots=True)
class _Context:
    things: Things
    output: Output
    connectors: dict[str, str]
    users: list[User]


def convert(things: Things, output: Output, connectors: dict[str, str], users: list[User]) -> None:
    """Routes of both directions, the highest order first, and the prices that the MT routes' rates are."""
    context = _Context(things, output, connectors, users)
    for thing in _in_order(things["mtrouter"]):
        output.routes += _mt(context, thing)
    for thing in _in_order(things["morouter"]):
        output.mo_routes += _mo(context, thing)


def _in_order(routes: dict[str, Thing]) -> list[Thing]:
    return [routes[order] for order in sorted(routes, key=lambda order: -int(order) if order.isdigit() else 0)]


def _targets(thing: Thing) -> list[tuple[str, str]]:
    text = thing.text("connectors") or thing.text("connector")
    return [(match[1], match[2].strip()) for match in _CONNECTOR.finditer(text)]


def _filters(context: _Context, thing: Thing) -> list[tuple[str, Thing]]:
    """(type without 'Filter', filter) of a route. Raises _NoWordsError."""
    found = []
    for name in re.split(r"[;,]\s*", thing.text("filters")):
        if not name:
            continue
        one = context.things["filter"].get(name)
        if one is None:
            raise _NoWordsError(f"there is no filter '{name[:40]}' in this file")
        kind = one.said.get("type", ("", one.place))[0].lower().removesuffix("filter")
        if kind != "transparent":
            found.append((kind, one))
    return found


def _said(filter_: Thing, key: str) -> str:
    """A filter serves several routes: it keeps what it says."""
    return filter_.said.get(key, ("", filter_.place))[0]


def _mt(context: _Context, thing: Thing) -> list[dict[str, Any]]:
    order, kind = thing.text("order", "0"), thing.text("type").lower()
    what = f"mtrouter {order}"
    targets = [context.connectors[cid] for way, cid in _targets(thing) if way == "smppc" and cid in context.connectors]
    if not targets:
        context.output.tell(thing.place, f"{what}: left out: none of its connectors is in this file")
        return []
    match: dict[str, Any] = {}
    tenants: set[str] | None = None
    try:
        for name, one in _filters(context, thing):
            mine = _mt_filter(context, name, one, match)
            if mine is not None:
                tenants = mine if tenants is None else tenants & mine
    except _NoWordsError as problem:
        context.output.tell(thing.place, f"{what} to {' '.join(targets)}: left out: {problem}")
        return []
    if tenants == set():
        context.output.tell(thing.place, f"{what}: left out: it is nobody's")
        return []
    _prices(context, thing, match, tenants)
    route: dict[str, Any] = {"id": f"order-{order}"}
    route |= {"match": match} if match else {}
    route["connectors"] = list(dict.fromkeys(targets))
    if len(route["connectors"]) > 1 and "failover" not in kind:
        route["strategy"] = "round_robin"
    if tenants is None:
        return [route]
    ids = [user.tenant["id"] for user in context.users if user.tenant["id"] in tenants]
    alone = len(ids) == 1
    return [
        {**route, "id": route["id"] if alone else f"{route['id']}-{name}"[:64], "match": {**match, "tenant": name}}
        for name in ids
    ]


def _mt_filter(context: _Context, kind: str, one: Thing, match: dict[str, Any]) -> set[str] | None:
    """What a filter asks is put into `match`; the tenants that it asks for, None = any. Raises _NoWordsError."""
    if kind == "user":
        return {user.tenant["id"] for user in context.users if user.uid == _said(one, "uid")}
    if kind == "group":
        return {user.tenant["id"] for user in context.users if user.gid == _said(one, "gid")}
    if kind == "destinationaddr":
        _list(context, match, "to", one, "destination_addr", number=True)
    elif kind == "sourceaddr":
        _list(context, match, "from", one, "source_addr", number=False)
    elif kind == "timeinterval":
        _hours(context, match, one)
    else:
        raise _NoWordsError(f"routes do not ask what a {kind or 'nameless'} filter asks")
    return None


def _list(context: _Context, match: dict[str, Any], key: str, one: Thing, parameter: str, number: bool) -> None:
    expression = _said(one, parameter)
    if key in match:
        raise _NoWordsError(f"two filters of its {parameter}")
    try:
        found = numbers(expression) if number else patterns(expression)
        if any(len(text) > 21 or text == "" for text in found):
            raise UnclearError
    except UnclearError:
        raise _NoWordsError(f"{parameter} is an expression that is no list of prefixes") from None
    if number and re.search(r"\\d|\[0-9\]|\\w|\{|\.\+", expression):
        context.output.tell(one.place, f"filter: {parameter}: the beginnings are compared, not the lengths")
    if found != ["*"]:
        match[key] = found


def _hours(context: _Context, match: dict[str, Any], one: Thing) -> None:
    times = [_CLOCK.fullmatch(part.strip()) for part in _said(one, "timeInterval").split(";")]
    if len(times) != 2 or times[0] is None or times[1] is None or "hours" in match:
        raise _NoWordsError("its timeInterval is no pair of times")
    begin, end = (f"{time[1]}:{time[2]}" for time in times if time is not None)
    if begin == end:
        raise _NoWordsError("its timeInterval begins and ends in one minute")
    match["hours"] = {"time": f"{begin}-{end}"}
    context.output.tell(one.place, "filter: timeInterval: Jasmin goes by its host's time zone; write it to hours.zone")


def _prices(context: _Context, thing: Thing, match: dict[str, Any], tenants: set[str] | None) -> None:
    """The first route that takes a number is what it costs."""
    place, rate = thing.where("rate"), thing.text("rate")
    if not rate:
        return
    price = money(rate, place, context.output)
    if set(match) - {"to"}:
        if price.strip("0."):
            context.output.tell(
                place, "rate: prices go by prefix alone (prices): left out with this route's other filters"
            )
        return
    for user in context.users:
        if tenants is not None and user.tenant["id"] not in tenants:
            continue
        prices: dict[str, str] = user.tenant.setdefault("prices", {})
        if "price" in user.tenant:
            continue  # an earlier route takes everything
        for pattern in match.get("to", ["*"]):
            prefix = pattern.removesuffix("*")
            if not prefix:
                user.tenant["price"] = price
            elif not any(prefix.startswith(before) for before in prices):
                prices[prefix] = price
        if not prices:
            del user.tenant["prices"]


def _mo(context: _Context, thing: Thing) -> list[dict[str, Any]]:
    order = thing.text("order", "0")
    what = f"morouter {order}"
    targets = _targets(thing)
    match: dict[str, Any] = {}
    try:
        for name, one in _filters(context, thing):
            _mo_filter(context, name, one, match)
        target = _mo_target(context, targets)
    except _NoWordsError as problem:
        context.output.tell(thing.place, f"{what}: left out: {problem}")
        return []
    if len(targets) > 1:
        context.output.tell(thing.place, f"{what}: an MO route has one target, the first: {targets[0][1]}")
    return [({"match": match} if match else {}) | target]


def _mo_filter(context: _Context, kind: str, one: Thing, match: dict[str, Any]) -> None:
    if kind == "connector":
        connector = context.connectors.get(_said(one, "cid"))
        if connector is None:
            raise _NoWordsError("its ConnectorFilter's connector is not in this file")
        match["connector"] = connector
    elif kind in ("sourceaddr", "destinationaddr"):
        key, parameter = ("from", "source_addr") if kind == "sourceaddr" else ("to", "destination_addr")
        _list(context, match, key, one, parameter, number=True)
    elif kind == "shortmessage":
        word = re.fullmatch(r"\^?([A-Za-z0-9]{1,40})(?:\$|\\b|\\s|\.\*)*\$?", _said(one, "short_message"))
        if word is None:
            raise _NoWordsError("its short_message is no single word")
        match["keyword"] = [word[1]]
        context.output.tell(one.place, f"filter: short_message: the first word is compared with {word[1]}, in any case")
    else:
        raise _NoWordsError(f"MO routes do not ask what a {kind or 'nameless'} filter asks")


def _mo_target(context: _Context, targets: list[tuple[str, str]]) -> dict[str, Any]:
    if not targets:
        raise _NoWordsError("it has no connector")
    way, name = targets[0]
    if way == "smpps":
        accounts = [it for user in context.users for it in user.tenant.get("credentials", []) if it["kind"] == "smpp"]
        if not any(account["system_id"] == name for account in accounts):
            raise _NoWordsError(f"no user who may bind has the name {name[:40]}")
        return {"account": name}
    client = context.things["httpccm"].get(name)
    if way != "http" or client is None:
        raise _NoWordsError(f"connector {name[:40]} is not in this file")
    url = _said(client, "url")
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s#]{0,2000}", url):
        raise _NoWordsError(f"the URL of {name[:40]} is none")
    tenant_id = f"mo-{name_of(name)}"[:60]
    if not any(tenant.get("webhook") == {"url": url} for tenant in context.output.tenants):
        context.output.add_tenant({"id": tenant_id, "webhook": {"url": url}})
        what = "gets a signed JSON POST instead, and answers 2xx (docs/mo.md)"
        context.output.tell(client.place, f"httpccm {name}: the program at its URL {what}")
    owner = next(tenant for tenant in context.output.tenants if tenant.get("webhook") == {"url": url})
    return {"webhook": owner["id"]}
