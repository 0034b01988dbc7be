"""The examples of docs/routing.md are carried out: each table of messages by the routes and price lists above it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.app.tables import devices_of, rules_of, stored_rules
from smsgwd.config import Config
from smsgwd.model.money import parse_money
from smsgwd.model.prices import PriceTable
from smsgwd.model.records import ROUTE, Record
from smsgwd.model.rows_csv import parse_price_csv
from smsgwd.ops.registry import Registry
from smsgwd.ops.routes import Routing
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.explain import Explanation, Question, explain
from smsgwd.routing.table import Routes, Rule
from tests.config.files import good

PAGE = Path(__file__).parents[2] / "docs" / "routing.md"
NOW_MS = 1_781_697_600_000  # Wednesday 2026-06-17, noon


class _Example:
    """One table of messages, and what stands above it."""

    def __init__(self, line: int, config: str, routes: str, lists: dict[str, str], rows: list[dict[str, str]]) -> None:
        self.line = line
        self.config = config
        self.routes = routes
        self.lists = lists
        self.rows = rows


def _examples() -> list[_Example]:
    """The first yaml block is part of all examples; later ones begin a section of their own."""
    found: list[_Example] = []
    config = routes = ""
    lists: dict[str, str] = {}
    lines = PAGE.read_text("utf-8").splitlines()
    at = 0
    while at < len(lines):
        fence = re.fullmatch(r"```(\w+) ?(\S*)", lines[at])
        if fence:
            end = lines.index("```", at + 1)
            block = "\n".join(lines[at + 1 : end]) + "\n"
            if fence[1] == "csv":
                lists[fence[2]] = block
            elif not config:
                config = block
            else:
                routes, lists = block, {}
            at = end
        elif lines[at].startswith("| message |"):
            end = next(place for place in range(at, len(lines) + 1) if not lines[place : place + 1] or not lines[place])
            names, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[at:end]]
            found.append(
                _Example(at + 1, config, routes, dict(lists), [dict(zip(names, row, strict=True)) for row in rows])
            )
            at = end
        at += 1
    return found


EXAMPLES = _examples()


def test_there_are_examples() -> None:
    """Otherwise the next test would pass for the wrong reason."""
    assert [len(example.rows) for example in EXAMPLES] == [6, 8, 3, 9, 4, 3, 3]


class _Clock:
    def now_ms(self) -> int:
        return NOW_MS

    def monotonic(self) -> float:
        return 0.0


class _Kept:
    """Takes what an import puts."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def page(self, *_: Any, **__: Any) -> Deferred[list[Record]]:
        return succeed([])

    def put_many(
        self, kind: str, tenant: str, rows: list[tuple[str, bytes]], *, dropped: Sequence[str] = ()
    ) -> Deferred[None]:
        self.records = [Record(kind, tenant, key, value, 0) for key, value in rows]
        return succeed(None)


def _network_of(msisdn: str) -> str:
    return "20201" if msisdn.startswith("30697") else ""


def _rules(config: Config, example: _Example) -> list[Rule]:
    """The routes of the configuration, or those of an imported table."""
    if "routes" not in example.lists:
        return rules_of(config)
    kept: Any = _Kept()  # all that an import asks
    family = Routing(kept, _Clock(), lambda: Routes([]), _never, bool)
    Registry(family.commands()).run("route", "import", {"id": "world", "order": "100", "csv": example.lists["routes"]})
    assert kept.records[0].kind == ROUTE
    return stored_rules(kept.records, {connector.id for connector in config.connectors})


def _never(question: Question) -> Explanation:
    raise AssertionError(question)


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"line {example.line}" for example in EXAMPLES])
def test_messages_go_as_the_page_says(tmp_path: Path, example: _Example) -> None:
    config = good(tmp_path, example.config + ("" if "routes" in example.lists else example.routes))
    routes = Routes(_rules(config, example), _network_of, devices_of(config))
    named = {each.id: each.price_list for each in config.connectors}
    costs = Costs(
        {
            connector: PriceTable(parse_price_csv(example.lists[name]))
            for connector, name in named.items()
            if name in example.lists
        }
    )
    nothing_kept: Any = _Kept()
    for row in example.rows:
        down = row.get("down", "").split()

        def up(connector: str, down: list[str] = down) -> bool:
            return connector not in down

        rate = parse_money(row["price"]) if "price" in row else None

        def explained(question: Question, rate: int | None = rate, up: Any = up) -> Explanation:
            asked = msgspec.structs.replace(question, rate=rate)
            return explain(routes, Chooser(up, costs), asked, up)

        family = Routing(nothing_kept, _Clock(), lambda: routes, explained, bool)
        words = shlex.split(row["message"].split("`")[1])
        told: Any = Registry(family.commands()).run("route", "explain", dict(word.split("=", 1) for word in words))
        assert told["network"] == ("20201" if "(in 20201)" in row["message"] else None)
        for column, key in (("route", "route"), ("sender sent", "from_sent"), ("number sent", "to_sent")):
            assert column not in row or told[key] == row[column], (row, told)
        if "connector" in row:
            assert (told["connector"] or "none") == row["connector"], (row, told)


def test_the_lead_of_weights_is_as_the_page_says() -> None:
    chooser = Chooser(lambda _: True)
    rule = Rule(("a", "b", "c"), strategy="weighted", weights=(5, 1, 1))
    order = " ".join(chooser.choose(rule) or "" for _ in range(7))
    assert f"with 5, 1, 1 the order is {order}." in PAGE.read_text("utf-8")


def test_the_route_that_is_put_is_one() -> None:
    [written] = re.findall(r"route put id=greece order=10 json='(.*)'", PAGE.read_text("utf-8"))
    [rule] = stored_rules([Record(ROUTE, "", "00000010/greece", written.encode(), 0)])
    assert (rule.id, rule.to, rule.connectors) == ("greece", ("30*",), ("carrier-b", "carrier-a"))
