"""`route list`, `show`, `put`, `drop`, `import` and `explain`: stored routes, and why a message would go where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from smsgwd.gsm import GsmError, plan
from smsgwd.model.message import Coding
from smsgwd.model.money import format_money
from smsgwd.model.records import ROUTE, Record, route_key
from smsgwd.model.rows_csv import TableError, parse_route_csv
from smsgwd.net.breaks import Breaks
from smsgwd.ops.params import carried_out, moment, not_a_table, phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.routing.explain import Explanation, Question, Tried, Way
from smsgwd.routing.rule import Rule
from smsgwd.routing.table import Routes

_LARGE: Final = 64 * 1024  # characters that take longer to read than the reactor may be held up
_MOST_ORDER: Final = 99_999_999
_MOST_IMPORTED: Final = 5_000  # routes that one CSV becomes
_MOST_TRIED: Final = 200  # rules of an explanation
_MOST_PATTERNS: Final = 10  # of a route in a list
_PAGE: Final = 500
_LONGEST_ID: Final = 64
_CODINGS: Final = {coding.public: coding for coding in Coding}
_ID = Parameter("id", "Name of the route", required=True)


class Routing:
    """Commands about routes. `routes` gives the table of now; `explain` answers for it, with the tenant's price."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        routes: Callable[[], Routes],
        explain: Callable[[Question], Explanation],
        known: Callable[[str], bool],
        region: Callable[[str], str | None] = lambda tenant: None,
    ) -> None:
        """`known` tells whether there is a tenant of that id, `region` in which country it writes its numbers."""
        self._region = region
        self._known = known
        self._records = records
        self._clock = clock
        self._routes = routes
        self._explain = explain

    def commands(self) -> list[Command]:
        """The commands of this family."""
        order = Parameter("order", f"Stored routes are tried by it, 0 to {_MOST_ORDER}, then by name", required=True)
        return [
            Command(
                "route",
                "list",
                "The routing table as it is tried: stored routes first, then those of the configuration",
                self._list,
                (
                    Parameter("limit", "How many, 10000 at most; 100 if not given"),
                    Parameter("after", "Those behind this place"),
                ),
                examples=("route list",),
            ),
            Command(
                "route", "show", "A stored route as it was put", self._show, (_ID,), examples=("route show greece",)
            ),
            Command(
                "route",
                "put",
                "Store a route, or put it in the place of the one of that name; it counts from the next message on",
                self._put,
                (_ID, order, Parameter("json", "What stands in a route of the configuration, as JSON", required=True)),
                changes=True,
                look=self._show,
                examples=('route put greece 10 \'{"match": {"to": "30*"}, "connectors": ["carrier-a"]}\'',),
            ),
            Command(
                "route",
                "drop",
                "Remove a stored route, or all of an import",
                self._drop,
                (_ID,),
                changes=True,
                look=self._show,
                examples=("route drop greece",),
            ),
            Command(
                "route",
                "import",
                "Store routes by the longest prefix, in the place of all that were imported under that name and order",
                self._import,
                (
                    _ID,
                    order,
                    Parameter("csv", "Columns prefix and connectors (with spaces between them)", required=True),
                    Parameter("tenant", "Only for this tenant's messages", values="tenant"),
                ),
                changes=True,
                long=True,
                look=self._show,
                examples=("route import lcr 100 csv=@routes.csv",),
            ),
            Command(
                "route",
                "export",
                "All stored routes as JSON lines: id, order, route",
                self._export,
                long=True,
                examples=("route export > routes.jsonl",),
            ),
            Command(
                "route",
                "explain",
                "Why a message would go where: every route tried, and the connectors of the one that takes it",
                self._explained,
                (
                    Parameter("tenant", "Whose message", required=True, values="tenant"),
                    Parameter("to", "The recipient, as the tenant writes it", required=True),
                    Parameter("from", "The sender"),
                    Parameter("text", "The text: it says parts and coding"),
                    Parameter("parts", "How many parts, 1 if not given"),
                    Parameter("coding", "gsm (if not given), latin1, ucs2 or binary"),
                    Parameter("channel", "network or device, where the message asks for it"),
                    Parameter("priority", "0 to 3, 1 if not given"),
                    Parameter("at", "When it leaves (RFC 3339); now if not given"),
                ),
                examples=("route explain shop +306912345678 from=Shop",),
            ),
        ]

    # ------------------------------------------------------------------ stored routes
    def _list(self, params: Params) -> list[dict[str, Any]]:
        limit, after = whole_number(params, "limit", 100, 10_000), whole_number(params, "after", 0)
        table = self._routes().conditions[after : after + limit]
        return [_listed(conditions.place + 1, conditions.rule) for conditions in table]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._shown(_route_id(params)))

    async def _shown(self, route_id: str) -> dict[str, Any]:
        found = await self._stored(route_id)
        if not found:
            imported = await self._imports(route_id)
            if not imported:
                raise CommandError(f"there is no stored route {route_id}")
            return {"id": route_id, "order": int(imported[0].key[:8]), "imported_routes": len(imported)}
        return {"id": route_id, "order": int(found[0].key[:8]), "route": msgspec.json.decode(found[0].value)}

    def _export(self, params: Params) -> Deferred[str]:
        return carried_out(self._exported())

    async def _exported(self) -> str:
        lines = [
            msgspec.json.encode({"id": each.key[9:], "order": int(each.key[:8]), "route": msgspec.Raw(each.value)})
            for each in await self._all("")
        ]
        return b"\n".join(lines).decode()

    def _put(self, params: Params) -> Deferred[dict[str, Any]]:
        order = whole_number(params, "order", 0, _MOST_ORDER)
        try:
            route = msgspec.json.decode(params["json"])
        except (msgspec.DecodeError, UnicodeError) as error:
            raise CommandError(f"json: {error}") from None
        if not isinstance(route, dict):
            raise CommandError('json: must be an object, such as {"connectors": ["sim"]}')
        route_id = _route_id(params)
        if route.get("id", route_id) != route_id:
            raise CommandError("json: its id is not the one that is given")
        return carried_out(self._kept(route_id, order, route))

    async def _kept(self, route_id: str, order: int, route: dict[str, Any]) -> dict[str, Any]:
        before = await self._stored(route_id)
        key = route_key(order, route_id)
        await self._records.put(ROUTE, "", key, msgspec.json.encode(route))
        for record in before:
            if record.key != key:  # it had another order
                await self._records.drop(ROUTE, "", record.key)
        return {"id": route_id, "order": order, "replaced": bool(before)}

    def _drop(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._dropped(_route_id(params)))

    async def _dropped(self, route_id: str) -> dict[str, Any]:
        found = await self._stored(route_id)
        for record in found:
            await self._records.drop(ROUTE, "", record.key)
        if not found:
            imported = await self._imports(route_id)
            if not imported:
                raise CommandError(f"there is no stored route {route_id}")
            await self._records.put_many(ROUTE, "", [], dropped=[record.key for record in imported])
            return {"id": route_id, "dropped": True, "imported_routes": len(imported)}
        return {"id": route_id, "dropped": True}

    async def _imports(self, route_id: str) -> list[Record]:
        """What an import under that name has become, those that are tried first before."""
        form = re.compile(re.escape(route_id) + r"\.[0-9]{5}")
        return [record for record in await self._all("") if form.fullmatch(record.key[9:]) is not None]

    async def _stored(self, route_id: str) -> list[Record]:
        """The stored routes of that name (two, where a move was cut off), those that are tried first before."""
        return [record for record in await self._all("") if record.key[9:] == route_id]

    async def _all(self, beginning: str) -> list[Record]:
        found: list[Record] = []
        after = ""
        while page := await self._records.page(ROUTE, "", after, _PAGE, beginning=beginning):
            found += page
            after = page[-1].key
        return found

    def _import(self, params: Params) -> Deferred[dict[str, Any]]:
        order = whole_number(params, "order", 0, _MOST_ORDER)
        tenant = self._tenant(params) if "tenant" in params else None
        return carried_out(self._imported(_route_id(params), order, params["csv"], tenant))

    async def _imported(self, route_id: str, order: int, text: str, tenant: str | None) -> dict[str, Any]:
        try:
            if len(text) < _LARGE:
                count, made = _routes_in(text, route_id, order, tenant)
            else:
                count, made = await deferToThread(_routes_in, text, route_id, order, tenant, Breaks())
        except TableError as error:
            raise not_a_table(text, error) from None
        before = await self._all(route_key(order, f"{route_id}."))
        kept = {key for key, _ in made}
        stale = [record.key for record in before if record.key not in kept]
        await self._records.put_many(ROUTE, "", made, dropped=stale)
        return {"id": route_id, "prefixes": count, "routes": len(made), "dropped": len(stale)}

    def _tenant(self, params: Params) -> str:
        if not self._known(params["tenant"]):
            raise CommandError(f"there is no tenant {params['tenant']}")
        return params["tenant"]

    # ------------------------------------------------------------------ explain
    def _explained(self, params: Params) -> dict[str, Any]:
        parts, coding = _size(params)
        channel = params.get("channel") or None
        if channel not in (None, "network", "device"):
            raise CommandError("channel must be network or device")
        at = moment(params, "at")
        tenant = self._tenant(params)
        question = Question(
            tenant,
            params.get("from", ""),
            phone_digits(params, "to", self._region(tenant)),
            parts,
            coding,
            channel,
            whole_number(params, "priority", 1, 3),
            self._clock.now_ms() if at is None else at,
        )
        return _told(self._explain(question))


def _routes_in(
    text: str, route_id: str, order: int, tenant: str | None, breaks: Breaks | None = None
) -> tuple[int, list[tuple[str, bytes]]]:
    """How many prefixes a table has, and its routes, by their keys: one for the prefixes of one length with the same
    connectors, the longest first, so that the first that matches is the longest. Raises TableError, CommandError."""
    rows = parse_route_csv(text, breaks)
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for prefix, connectors in rows if breaks is None else breaks.among(rows):
        groups.setdefault((-len(prefix), connectors), []).append(f"{prefix}*")
    if len(groups) > _MOST_IMPORTED:
        raise CommandError(f"csv: these are {len(groups)} different routes, {_MOST_IMPORTED} at most")
    made: list[tuple[str, bytes]] = []
    for (_, connectors), prefixes in sorted(groups.items()):
        match: dict[str, Any] = {"to": prefixes}
        if tenant is not None:
            match["tenant"] = tenant
        key = route_key(order, f"{route_id}.{len(made) + 1:05d}")
        made.append((key, msgspec.json.encode({"match": match, "connectors": connectors})))
    return len(rows), made


def _route_id(params: Params) -> str:
    written = params["id"]
    bare = written.replace("-", "").replace("_", "").replace(".", "")
    if not (bare.isascii() and bare.isalnum()) or len(written) > _LONGEST_ID:
        raise CommandError(f"id must be up to {_LONGEST_ID} letters, digits, '-', '_' and '.'")
    return written


def _size(params: Params) -> tuple[int, Coding]:
    """Parts and coding of the text, where there is one, else as they are given."""
    written = params.get("coding", "auto" if "text" in params else "gsm")
    if written not in _CODINGS and written != "auto":
        raise CommandError(f"coding must be one of {', '.join(_CODINGS)}")
    if "text" not in params:
        parts = whole_number(params, "parts", 1, 255)
        if not parts:
            raise CommandError("parts must be a number from 1 to 255")
        return parts, _CODINGS[written]
    if "parts" in params:
        raise CommandError("give text or parts, not both")
    try:
        planned = plan(params["text"], written)
    except GsmError as error:
        raise CommandError(f"text: {error}") from None
    return planned.parts, Coding.GSM7 if planned.encoding == "gsm7" else _CODINGS[planned.encoding]


def _listed(place: int, rule: Rule) -> dict[str, Any]:
    """A rule in a list: what it says beyond the defaults, long lists of patterns cut."""
    asks = msgspec.to_builtins(rule)
    for name in ("id", "connectors", "strategy"):
        asks.pop(name, None)
    for name in ("to", "sender"):
        if asks.get(name) in (("*",), ["*"]):
            del asks[name]
    to = asks.get("to", ())
    if len(to) > _MOST_PATTERNS:
        asks["to"] = [*to[:_MOST_PATTERNS], f"and {len(to) - _MOST_PATTERNS} more"]
    if rule.codings:
        asks["codings"] = [Coding(coding).public for coding in rule.codings]
    return {
        "place": place,
        "route": rule.id,
        "connectors": list(rule.connectors),
        "strategy": rule.strategy,
        "asks": msgspec.json.encode(asks).decode() if asks else "",
    }


def _told(told: Explanation) -> dict[str, Any]:
    shown, left_out = _few(told.tried)
    question = told.question
    return {
        "route": None if told.rule is None else told.rule.id,
        "connector": told.connector,
        "why": told.why,
        "network": told.network or None,
        "parts": question.parts,
        "coding": Coding(question.coding).public,
        "price": _money(question.rate),
        "from_sent": told.source_addr or question.source,
        "to_sent": told.dest_addr or question.msisdn,
        "connectors": [_way(way) for way in told.ways],
        "tried": [
            {
                "place": tried.place,
                "route": tried.rule,
                "connectors": list(tried.connectors),
                "result": tried.why or "it takes the message",
            }
            for tried in shown
        ],
        "not_shown": left_out,
    }


def _few(tried: tuple[Tried, ...]) -> tuple[list[Tried], int]:
    """Of very many rules those that came nearest, in order, and how many are left out."""
    if len(tried) <= _MOST_TRIED:
        return list(tried), 0
    far = sorted(tried[:-1], key=lambda each: (each.failed in ("tenant", "to"), each.place))
    shown = sorted([*far[: _MOST_TRIED - 1], tried[-1]], key=lambda each: each.place)
    return shown, len(tried) - len(shown)


def _way(way: Way) -> dict[str, Any]:
    return {
        "connector": way.connector,
        "up": way.up,
        "cost": _money(way.cost),
        "left": _money(way.left),
        "weight": way.weight,
        "may_carry": way.allowed,
    }


def _money(amount: int | None) -> str | None:
    return None if amount is None else format_money(amount)
