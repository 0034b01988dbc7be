"""Who changed what."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.console.operators.audit import difference
from tests.console.operators.message_answers import BAD, SHOWN
from tests.console.stand import Operators, text_of

ROW = {
    "id": 4,
    "at": "2026-11-23T05:24:00.457Z",
    "who": "root",
    "via": "socket",
    "command": "log debug",
    "with": "tenant=demo",
    "outcome": "done",
}


def entry(**more: Any) -> dict[str, Any]:
    """What `audit show` answered."""
    return {
        **{name: value for name, value in ROW.items() if name != "with"},
        "took_ms": 2,
        "role": "admin",
        "address": "pid 20114",
        "parameters": {"tenant": "demo"},
        "detail": "",
        "before": [],
        "after": [{"watch": 1, "number": "", "tenant": "demo", "seconds_left": 1800}],
        **more,
    }


def test_the_list_with_its_filters() -> None:
    made = Operators({"audit list": [ROW]})
    page = made.get("/audit?who=root&noun=log&from=2026-11-23T05:00&to=2026-11-24&failed=yes&before=9")
    assert made.asked == [
        (
            "audit list",
            {
                "who": "root",
                "noun": "log",
                "from": "2026-11-23T05:00:00Z",
                "to": "2026-11-24",
                "failed": "yes",
                "before": "9",
                "limit": "50",
            },
        )
    ]
    assert 'href="/ui/audit/4"' in page and "log debug" in page and 'value="root"' in page
    assert 'name="failed" value="yes" checked' in page and 'rel="prev"' in page


def test_a_full_page_goes_on() -> None:
    rows = [{**ROW, "id": number} for number in range(80, 30, -1)]
    assert "/ui/audit?who=root&amp;before=31" in Operators({"audit list": rows}).get("/audit?who=root")


def test_what_is_refused_and_what_is_not_there() -> None:
    assert "from: is no time" in Operators({"audit list": Told("from: is no time")}).get("/audit?from=x")
    assert "Nothing was changed like that." in Operators({"audit list": []}).get("/audit")


def test_names_are_shown_as_text() -> None:
    page = Operators({"audit list": [{**ROW, "who": BAD, "with": BAD}]}).get("/audit")
    assert BAD not in page and page.count(SHOWN) == 2
    page = Operators({"audit show": entry(parameters={"name": BAD}, after={"name": BAD})}).get("/audit/4")
    assert BAD not in page and page.count(SHOWN) == 2


def test_an_entry_says_what_differs() -> None:
    made = Operators({"audit show": entry()})
    page = text_of(made.get("/audit/4"))
    assert made.asked == [("audit show", {"id": "4"})]
    assert "root (admin)" in page and "socket, pid 20114" in page
    assert "[1].tenant – demo" in page and "[1].seconds_left – 1800" in page


def test_of_what_failed_nothing_differs() -> None:
    shown = entry(outcome="failed", detail="it is there already", before=[{"id": "x", "live": True}], after=None)
    page = text_of(Operators({"audit show": shown}).get("/audit/4"))
    assert "it is there already" in page and "What differs" not in page and "How it was before" in page


def test_differences() -> None:
    before = {"rate": 5, "same": 1, "rows": [{"id": "a", "on": True}, {"id": "b"}], "gone": "x", "none": None}
    after = {"rate": 7, "same": 1, "rows": [{"id": "b"}, {"id": "c", "tags": ["q"]}], "none": []}
    assert difference(before, after) == [
        ("rate", "5", "7"),
        ("rows[a].id", "a", ""),
        ("rows[a].on", "true", ""),
        ("gone", "x", ""),
        ("rows[c].id", "", "c"),
        ("rows[c].tags[0]", "", "q"),
    ]
    assert difference(None, "text") == [("", "", "text")] and difference(None, None) == []
    assert difference([1, 2], [1, 3]) == [("[1]", "2", "3")]
