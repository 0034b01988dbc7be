"""The gateway on one screen."""

from __future__ import annotations

import json
from typing import Any

from smsgwd.console.given import Told
from tests.console.operators.looking import Looking
from tests.console.operators.traffic_answers import FIGURES, HISTORY, LOOKS, STATUS
from tests.console.stand import Operators, text_of

NASTY = "<script>alert(1)</script>"


def moving(seconds: float = 2.0) -> Any:
    """Answers of `figures show` in which five messages a second are accepted."""
    asked = 0

    def answer(params: object) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        counters = {**FIGURES["counters"], "accepted": FIGURES["counters"]["accepted"] + 5 * seconds * asked}
        return {**FIGURES, "at": FIGURES["at"] + seconds * asked, "counters": counters}

    return answer


def test_what_needs_somebody_comes_first_with_the_page_on_it() -> None:
    attention = [
        "kyiv has been down for 3 s: refused",
        "messages that are held: 6 (held list)",
        "nothing known of this",
    ]
    page = Operators({**LOOKS, "status show": {**STATUS, "attention": attention}}).get("/")
    assert "3 things need somebody" in page
    assert page.index("kyiv has been down") < page.index("Accepted a second")
    assert 'href="/ui/connectors/kyiv"' in page and 'href="/ui/held"' in page
    assert page.count("Look at it:") == 2


def test_a_connector_whose_id_begins_another_is_not_meant() -> None:
    connectors = [{**FIGURES["connectors"][0], "id": "a"}, {**FIGURES["connectors"][0], "id": "a-2"}]
    answers = {**LOOKS, "figures show": {**FIGURES, "connectors": connectors}}
    page = Operators({**answers, "status show": {**STATUS, "attention": ["a-2 is suspended"]}}).get("/")
    assert 'id="alarm-1" href="/ui/connectors/a-2"' in page


def test_when_all_is_well_it_says_so() -> None:
    page = Operators({**LOOKS, "status show": {**STATUS, "attention": []}}).get("/")
    assert "nothing needs anybody" in page


def test_it_shows_figures_plots_and_the_same_as_a_table() -> None:
    page = Operators(LOOKS).get("/")
    words = text_of(page)
    assert "Accepted a second 12.5" in words
    assert 'id="throughput"' in page and 'id="latency"' in page
    assert "Each minute of the last hour" in words and "athens" in words
    assert "Node dev1, version 0.1.0" in words


def test_the_last_day_is_asked_for_by_its_name() -> None:
    made = Operators(LOOKS)
    assert "the last day" in made.get("/?span=day")
    spans = [params.get("span") for name, params in made.asked if name == "figures history"]
    assert spans == ["day", None]  # the big figures are of the last ten seconds in any case
    made.get("/?span=century")
    assert made.asked[-1][1]["span"] == "hour"


def test_without_history_or_status_the_rest_is_there() -> None:
    refused = Told("needs the role <admin>", 403)
    page = Operators({**LOOKS, "figures history": refused, "status show": refused}).get("/")
    assert "could not be read: needs the role &lt;admin&gt;" in page and "athens" in page and "<canvas" not in page


def test_a_store_that_is_away_is_told() -> None:
    store = {"healthy": False, "disk_free": None, "error": "disk <full>"}
    page = Operators({**LOOKS, "figures show": {**FIGURES, "store": store, "strays": [], "tenants": []}}).get("/")
    assert "The store cannot write." in page and "disk &lt;full&gt;" in page
    assert "Nobody has sent anything" in page


def test_names_made_of_markup_are_shown_as_text() -> None:
    connectors = [{**FIGURES["connectors"][0], "id": NASTY, "last_error": NASTY, "up": False}]
    strays = [{"connector": NASTY, "queued": 1, "oldest_s": 2.0}]
    tenants = [{**FIGURES["tenants"][0], "tenant": NASTY}]
    figures = {**FIGURES, "connectors": connectors, "strays": strays, "tenants": tenants, "node": NASTY}
    page = Operators({**LOOKS, "figures show": figures, "status show": {**STATUS, "attention": [NASTY]}}).get("/")
    assert NASTY not in page and page.count("&lt;script&gt;") >= 6


def test_nodes_that_share_the_store_have_a_row_each() -> None:
    node = {
        "node": "n2", "here": False, "state": "lost", "host": "h2", "version": "0.1.0", "binds": 2, "bound": None,
        "accepted_s": None, "sent_s": None, "cpu": None,
    }  # fmt: skip
    here = {
        **node,
        "node": "n1",
        "here": True,
        "state": "up",
        "bound": 2,
        "accepted_s": 5.0,
        "sent_s": 4.0,
        "cpu": 0.25,
    }
    words = text_of(Operators({**LOOKS, "figures show": {**FIGURES, "nodes": [here, node]}}).get("/"))
    assert "n1 this one" in words and "25 %" in words and "lost" in words


def test_what_moves_is_worked_out_from_answers_of_its_own() -> None:
    made = Operators({**LOOKS, "figures show": moving()})
    looking = Looking(made, "/live/overview")
    first = looking.events()
    assert set(first) == {"alarms", "figures", "connectors", "rest", "plots"}
    assert "Accepted a second 12.5 " in text_of(first["figures"])  # until there are two answers, what was sampled
    second = looking.events(2)
    assert "Accepted a second 5 " in text_of(second["figures"])
    assert "plots" not in second and "alarms" not in second
    plots = json.loads(first["plots"])
    assert plots["throughput"]["labels"] == HISTORY["times"] and len(plots["throughput"]["series"]) == 4
    assert len(plots["latency"]["series"]) == 2


def test_dear_questions_are_asked_each_ten_seconds_only() -> None:
    made = Operators({**LOOKS, "figures show": moving()})
    looking = Looking(made, "/live/overview")
    for _ in range(10):
        looking.events(2)
    names = [name for name, _ in made.asked]
    assert (names.count("figures show"), names.count("status show"), names.count("figures history")) == (11, 3, 4)
