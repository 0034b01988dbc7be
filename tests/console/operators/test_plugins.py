"""Provider plugins."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from tests.console.operators.traffic_answers import LOOKS, PLUGIN, PLUGINS, TESTED
from tests.console.stand import Operators, text_of

NASTY = "<script>alert(1)</script>"


def test_the_list_says_what_each_can_and_who_uses_it() -> None:
    broken = {**PLUGINS[0], "name": "broken", "ok": False, "trouble": "ImportError: <x>", "can": [], "used_by": []}
    lookup = {**PLUGINS[0], "kind": "lookup", "name": "hlr", "used_by": ["lookups.sources"], "can": []}
    page = Operators({**LOOKS, "plugin list": [*PLUGINS, broken, lookup]}).get("/plugins")
    words = text_of(page)
    assert "tell states" in words and 'href="/ui/connectors/isms1"' in page and 'href="/ui/plugins/isms"' in page
    assert "ImportError: &lt;x&gt;" in page and 'href="/ui/connectors/lookups.sources"' not in page


def test_without_plugins_it_says_what_they_are() -> None:
    assert "Plugins are Python packages" in Operators({**LOOKS, "plugin list": []}).get("/plugins")


def test_one_has_its_limits_and_options() -> None:
    words = text_of(Operators(LOOKS).get("/plugins/isms"))
    assert "longest_url whole number 1000 to 65000 characters" in words and "must be given" in words
    assert "Send a test message" in words


def test_one_that_cannot_be_used_says_why() -> None:
    names = ("kind", "name", "package", "version", "api", "ok", "used_by", "can", "trouble")
    bare = {**{name: PLUGIN[name] for name in names}, "ok": False, "trouble": "no module", "used_by": []}
    words = text_of(Operators({**LOOKS, "plugin show": bare}).get("/plugins/isms"))
    assert "It cannot be used: no module" in words and "No connector uses it" in words


def test_a_test_shows_what_was_said_and_the_state() -> None:
    made = Operators({**LOOKS, "plugin test": TESTED})
    form = {"connector": "isms1", "to": "+357991234567", "from": "Shop", "text": "Does it go?", "wait": "10"}
    answer = made.post("/plugins/isms", form)
    assert made.asked[0] == (
        "plugin test",
        {"name": "isms1", "to": "+357991234567", "from": "Shop", "text": "Does it go?", "wait": "10"},
    )
    words = text_of(answer.body.decode())
    assert answer.status == 200 and "2 exchanges over HTTP" in words
    assert TESTED["exchanges"][0]["answer"] in words and "***=***" in words and "delivered" in words


def test_a_test_that_was_refused_comes_back_filled() -> None:
    made = Operators({**LOOKS, "plugin test": Told("to must be a phone number")})
    answer = made.post("/plugins/isms", {"to": "me", "text": "Does it go?"})
    page = answer.body.decode()
    assert answer.status == 422 and "to must be a phone number" in page and 'value="me"' in page
    assert "Does it go?</textarea>" in page


def test_only_who_may_test_sees_the_form() -> None:
    assert "Send a test message" not in Operators(LOOKS, role="read").get("/plugins/isms")
    assert Operators(LOOKS, role="operate").post("/plugins/isms", {"to": "1"}).status == 403


def test_its_own_words_and_its_options_in_yaml() -> None:
    def shown(params: Any) -> str:
        return "# README <b>" if "readme" in params else "base_url: x"

    page = Operators({**LOOKS, "plugin show": shown}).get("/plugins/isms/readme")
    assert "README &lt;b&gt;" in page and "base_url: x" in page


def test_what_a_provider_says_is_text() -> None:
    exchange = {
        **TESTED["exchanges"][0],
        "answer": NASTY,
        "body": NASTY,
        "url": NASTY,
        "answer_headers": {NASTY: NASTY},
    }
    told = {**TESTED, "exchanges": [exchange], "asked": [], "trouble": NASTY, "foreign_id": NASTY, "reason": NASTY}
    page = Operators({**LOOKS, "plugin test": told}).post("/plugins/isms", {"to": "1"}).body.decode()
    assert NASTY not in page and page.count("&lt;script&gt;") >= 7


def test_a_test_without_an_answer_is_shown_too() -> None:
    told = {"connector": "isms1", "plugin": "isms", "verdict": "none", "trouble": "it took too long", "exchanges": []}
    page = Operators({**LOOKS, "plugin test": told}).post("/plugins/isms", {"to": "1"}).body.decode()
    assert "no answer" in page and "it took too long" in page
