"""Routes, and why a message would go where."""

from __future__ import annotations

from typing import Any

import msgspec

from smsgwd.console.given import Told
from smsgwd.console.operators.routes import asked
from smsgwd.console.words import WORDS
from smsgwd.model.operators import Role
from smsgwd.routing import explain
from tests.console.operators.answers import (
    CONNECTORS,
    CREDIT,
    EVIL,
    EXPLAINED,
    IMPORTED,
    NOWHERE,
    ROUTE,
    ROUTES,
    listed,
)
from tests.console.stand import TOKEN, Operators, text_of


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "route list": ROUTES,
        "route show": ROUTE,
        "route explain": EXPLAINED,
        "connector list": CONNECTORS,
        "credit show": CREDIT,
        "tenant list": [listed(), listed(EVIL)],
    }
    return Operators({**answers, **{name.replace("_", " ", 1): answer for name, answer in more.items()}}, role)


# ---------------------------------------------------------------------- the table
def test_the_table_in_the_order_it_is_tried() -> None:
    made = stand()
    page = made.get("/routes")
    assert made.asked == [("route list", {"limit": "101", "after": "0"})]
    assert "/ui/routes/greece" in page and "/ui/routes/config" not in page and "/ui/connectors/carrier-b" in page
    assert "08:00-24:00 mon tue UTC" in text_of(page)
    assert "no message has a way out" in stand(route_list=[]).get("/routes")


def test_the_table_goes_on() -> None:
    made = stand(route_list=[{**ROUTES[1], "place": 100 + number} for number in range(1, 102)])
    assert "after=200" in made.get("/routes?after=100") and made.asked[0][1]["after"] == "100"
    assert stand().get("/routes?after=%C2%B2")  # a digit, but no number


def test_what_a_route_asks_is_words() -> None:
    assert asked("") == {}
    assert asked('{"to":["30*","and 9 more"],"rewriting":{"sender":"Info","senders":[["a","b"]]}}') == {
        "to": "30*, and 9 more",
        "rewriting": "sender: Info; senders: a, b",
    }


# ---------------------------------------------------------------------- one route
def test_a_route_in_its_form_and_back() -> None:
    made = stand(route_put={"id": "greece", "order": 10, "replaced": True})
    page = made.get("/routes/greece")
    for text in (
        'value="sim carrier-b"',
        'value="3 1"',
        "20201",
        "&#34;Info&#34;",
        '<option value="weighted" selected>',
    ):
        assert text in page
    fields = {
        "id": "greece", "order": "10", "to": "30*\n357*", "from": "Shop", "tenant": "shop", "margin": "5",
        "connectors": "sim  carrier-b", "strategy": "weighted", "weights": "3 one", "on_undelivered": "next",
        "more": '{"rewrite": {"sender": "Info"}, "match": {"networks": ["20201"]}}',
    }  # fmt: skip
    assert made.done("/routes/greece", fields) == "/ui/routes/greece"
    params = made.asked[-1][1]
    assert (params["id"], params["order"]) == ("greece", "10")
    assert msgspec.json.decode(params["json"]) == {
        "match": {"to": ["30*", "357*"], "from": "Shop", "tenant": "shop", "networks": ["20201"]},
        "connectors": ["sim", "carrier-b"],
        "strategy": "weighted",
        "weights": [3, "one"],
        "margin": 5,
        "on_undelivered": "next",
        "rewrite": {"sender": "Info"},
    }


def test_a_new_route_says_only_what_was_filled_in() -> None:
    made = stand(route_put={"id": "all", "order": 100, "replaced": False})
    assert 'value="30"' not in made.get("/routes/new")
    assert ">306912345678</textarea>" in made.get("/routes/new?to=306912345678&tenant=demo")
    fields = {"id": "all", "order": "100", "connectors": "sim", "strategy": "failover", "on_undelivered": "final"}
    assert made.done("/routes/new", fields) == "/ui/routes/all"
    assert msgspec.json.decode(made.asked[-1][1]["json"]) == {"connectors": ["sim"]}


def test_a_route_that_is_refused_is_still_in_the_form() -> None:
    made = stand(route_put=Told("connectors: there is no x", 422))
    for path in ("/routes/greece", "/routes/new"):
        answer = made.post(path, {"id": "greece", "order": "7", "connectors": EVIL, "strategy": "sticky"})
        page = answer.body.decode()
        assert answer.status == 422 and "there is no x" in page and EVIL not in page
        assert 'value="7"' in page and '<option value="sticky" selected>' in page
    for more in ("[]", "{", '{"match": 1}'):
        assert stand().post("/routes/greece", {"id": "greece", "connectors": "sim", "more": more}).status == 400


def test_who_only_looks_changes_no_route() -> None:
    made = stand("read")
    assert "/routes/new" not in made.get("/routes") and "Store the route" not in made.get("/routes/greece")
    assert made.post("/routes/greece", {"id": "greece"}).status == 403


def test_a_route_is_removed_after_a_page_that_says_what_it_does() -> None:
    made = stand(route_drop={"id": "greece", "dropped": True})
    page = made.get("/routes/greece/drop")
    assert 'action="/ui/routes/greece/drop"' in page and "30*" in page
    assert made.done("/routes/greece/drop") == "/ui/routes"
    assert made.asked[-1] == ("route drop", {"id": "greece"})
    assert "2 routes go at once" in stand(route_show=IMPORTED).get("/routes/lcr/drop")
    assert "An imported table" in stand(route_show=IMPORTED).get("/routes/lcr")


def test_a_table_is_imported_from_a_file_or_from_lines() -> None:
    told = {"id": "lcr", "prefixes": 2, "routes": 2, "dropped": 0}
    made = stand(route_import=told)
    made.done("/routes/import", {"id": "lcr", "order": "100", "csv": "prefix,connectors\r\n30,sim"})
    assert made.asked[-1][1]["csv"] == "prefix,connectors\n30,sim"
    parts = {"csrf": TOKEN, "id": "lcr", "order": "100", "csv": ""}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
    )
    head = 'Content-Disposition: form-data; name="file"; filename="r.csv"'
    body += f"--x\r\n{head}\r\n\r\n\ufeffprefix,connectors\r\n--x--\r\n"
    answer = made.ask("POST", "/routes/import", body.encode(), content_type="multipart/form-data; boundary=x")
    assert answer.status == 303 and made.asked[-1][1]["csv"].startswith("prefix,connectors")
    nothing = made.post("/routes/import", {"id": "lcr", "order": "5"})
    assert nothing.status == 400 and 'value="5"' in nothing.body.decode()
    bad = made.ask("POST", "/routes/import", body.encode("utf-16"), content_type="multipart/form-data; boundary=x")
    assert bad.status >= 400


def test_stored_routes_as_a_file() -> None:
    answer = stand(route_export='{"id":"greece"}').ask("GET", "/routes/export")
    assert answer.body == b'{"id":"greece"}\n'


# ---------------------------------------------------------------------- why
def test_nothing_is_asked_before_somebody_says_of_what() -> None:
    made = stand()
    page = made.get("/explain")
    assert "Say whose message it is" in page and EVIL not in page
    assert [name for name, _ in made.asked] == ["tenant list"]


def test_why_a_message_goes_where_it_goes() -> None:
    made = stand()
    page = text_of(made.get("/explain?tenant=demo&to=%2B306912345678&from=Shop&text=a%0D%0Ab&parts=3"))
    assert made.asked[0] == (
        "route explain",
        {"tenant": "demo", "to": "+306912345678", "from": "Shop", "text": "a\nb"},
    )
    assert made.asked[1] == ("route list", {"limit": "2"})
    for text in (
        "It goes by sim",
        "Route lcr.00001 takes it. Why this connector: the only connector of the route.",
        "instead of Shop",
        "0.0800 EUR",
        "-0.0100",
        "it is for another tenant",
        "tenant shop",
    ):
        assert text in page, text


def test_an_explanation_while_one_types() -> None:
    piece = stand().get("/explain?tenant=demo&to=306912345678", hx_request="true")
    assert "<html" not in piece and "It goes by sim" in piece
    wrong = stand(route_explain=Told("to: <b>7 to 15 digits", 422)).get("/explain?tenant=demo&to=3", hx_request="true")
    assert "&lt;b&gt;7 to 15 digits" in wrong


def test_a_message_that_no_route_takes() -> None:
    page = stand(route_explain=NOWHERE).get("/explain?tenant=demo&to=306912345678")
    assert "no route takes it" in page and "/ui/routes/new?to=306912345678&amp;tenant=demo" in page
    assert "7 more that do not fit" in page
    assert "/ui/routes/new" not in stand("read", route_explain=NOWHERE).get("/explain?tenant=demo&to=306912345678")


def test_a_message_that_waits_or_costs_too_much() -> None:
    down = {**EXPLAINED, "why": "the first that is up; it is down: the message waits"}
    down["connectors"] = [{**EXPLAINED["connectors"][0], "up": False, "may_carry": False}]  # type: ignore[index]
    page = text_of(stand(route_explain=down).get("/explain?tenant=demo&to=306912345678"))
    assert "It waits for sim, which is down" in page and "leaves too little of the price" in page
    dear = {**EXPLAINED, "connector": None, "why": "no connector of the rule leaves 5 % of the price"}
    page = text_of(stand(route_explain=dear).get("/explain?tenant=demo&to=306912345678"))
    assert "none of its connectors leaves enough of the price" in page


def test_every_reason_of_the_router_is_a_word_of_the_console() -> None:
    reasons = {*explain._WORDS.values(), *explain._CHOICES.values()}
    assert reasons <= WORDS.keys()
