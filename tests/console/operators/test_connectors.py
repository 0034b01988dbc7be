"""Connectors: the list, one of them, and what is done to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smsgwd.console.given import Told
from tests.console.operators.looking import Looking
from tests.console.operators.traffic_answers import CONNECTOR, FIGURES, HISTORY, LOOKS, PROVIDER
from tests.console.stand import Operators, text_of

DONE = {"id": "backup", "state": "on", "up": True, "throughput": 40.0, "window": 20, "binds": ["bound", "bound"]}
NASTY = "<script>alert(1)</script>"


def one(role: Any = "admin", found: Any = CONNECTOR, **answers: Any) -> Operators:
    return Operators({**LOOKS, "connector show": found, **answers}, role=role)


def test_the_list_has_each_with_its_state_and_a_link() -> None:
    page = Operators(LOOKS).get("/connectors")
    words = text_of(page)
    assert 'href="/ui/connectors/kyiv"' in page and "down" in words and "Connection was refused" in words
    assert "3 / 3" in words


def test_without_connectors_it_says_what_to_do() -> None:
    page = Operators({**LOOKS, "figures show": {**FIGURES, "connectors": []}}).get("/connectors")
    assert "none is configured" in page


def test_the_list_moves() -> None:
    looking = Looking(Operators(LOOKS), "/live/connectors")
    assert "athens" in looking.events()["connectors"]


def test_one_has_binds_limits_and_refusals_with_their_meaning() -> None:
    made = one()
    words = text_of(made.get("/connectors/backup"))
    assert ("connector show", {"id": "backup"}) in made.asked
    assert ("figures history", {"connector": "backup"}) in made.asked
    assert "ESME_RTHROTTLED too fast: it asked to slow down" in words
    assert "Configured are a rate of 40 and a window of 20" in words
    assert "Which bind" in words


def test_a_provider_has_its_plugin_circuit_and_balance() -> None:
    provider = {**PROVIDER["provider"], "circuit": "open", "circuit_why": "no answer", "halted": "parked"}
    words = text_of(
        one(found={**PROVIDER, "provider": {**provider, "halted_why": "no credit"}}).get("/connectors/isms1")
    )
    assert "left alone: it does not answer no answer" in words and "3948.47 messages" in words
    assert "it takes nothing more: no credit" in words and "Start its plugin anew" in words
    assert "Send again now" in words and "Which bind" not in words


def test_the_secret_address_of_callbacks_is_never_on_the_page() -> None:
    provider = {**PROVIDER["provider"], "callback_url": "https://gw.test/callback/isms1/unguessable"}
    made = one(found={**PROVIDER, "provider": provider})
    assert "unguessable" not in made.get("/connectors/isms1")
    assert "unguessable" not in "".join(Looking(made, "/live/connectors/isms1").events().values())


def test_contacts_are_pushed_where_the_connector_has_a_tenant() -> None:
    answer = {
        "connector": "isms1",
        "contacts": 3,
        "pushed": 1,
        "refused": 2,
        "reasons": {"no number": 2},
        "numbers": [],
    }
    found = {**PROVIDER, "config": {**PROVIDER["config"], "tenant": "shop"}}
    made = one(found=found, **{"connector push-contacts": answer})
    assert "Push all contacts" in made.get("/connectors/isms1")
    assert "Push all contacts" not in one(found=PROVIDER).get("/connectors/isms1")
    assert made.done("/connectors/isms1/push-contacts") == "/ui/connectors/isms1"


def test_who_may_only_read_has_no_controls() -> None:
    words = text_of(one("read").get("/connectors/backup"))
    assert "Stop and go" not in words and "Rate and window" not in words and "Binds" in words
    assert one("read").post("/connectors/backup/pause").status == 403


@pytest.mark.parametrize(
    ("state", "there", "not_there"),
    [("on", "Pause", "Resume"), ("paused", "Resume", "Start"), ("stopped", "Start", "Bind anew")],
)
def test_only_what_makes_sense_is_offered(state: str, there: str, not_there: str) -> None:
    wanted = {
        **CONNECTOR["wanted"],
        "state": state,
        "who": "bert",
        "at": "2026-11-22T10:00:00Z",
        "reason": "their works",
    }
    page = one(found={**CONNECTOR, "state": state, "wanted": wanted}).get("/connectors/backup")
    buttons = page[page.index("Stop and go") : page.index("Rate and window")]
    assert f">{there}</button>" in buttons and f">{not_there}</button>" not in buttons
    assert "bert wanted it so at" in page and "their works" in page


@pytest.mark.parametrize(
    ("verb", "form", "asked"),
    [
        ("pause", {"reason": "ticket 4711"}, {"reason": "ticket 4711"}),
        ("stop", {"reason": ""}, {}),
        ("resume", {}, {}),
        ("start", {}, {}),
        ("rebind", {"bind": ""}, {}),
        ("rebind", {"bind": "1"}, {"bind": "1"}),
        ("set", {"rate": "50", "window": ""}, {"rate": "50"}),
        ("set", {"rate": "config", "window": "config"}, {"rate": "config", "window": "config"}),
    ],
)
def test_what_is_done_is_one_command(verb: str, form: dict[str, str], asked: dict[str, str]) -> None:
    made = one(**{f"connector {verb}": DONE})
    assert made.done(f"/connectors/backup/{verb}", form) == "/ui/connectors/backup"
    assert made.asked == [(f"connector {verb}", {"id": "backup", **asked})]


def test_a_refusal_comes_back_with_the_form_as_it_was_filled() -> None:
    made = one(**{"connector set": Told("rate must be parts a second")})
    answer = made.post("/connectors/backup/set", {"rate": "fast", "window": "9"})
    page = answer.body.decode()
    assert answer.status == 422 and "rate must be parts a second" in page
    assert 'value="fast"' in page and 'value="9"' in page


def test_an_unknown_one_is_told() -> None:
    made = one(found=Told("there is no connector x; there are: athens"))
    for path in ("/connectors/x", "/live/connectors/x"):
        assert "there is no connector x" in made.ask("GET", path).body.decode()


def test_a_name_made_of_markup_is_text() -> None:
    bind = {**CONNECTOR["binds"][0], "last_error": NASTY}
    wanted = {**CONNECTOR["wanted"], "state": "paused", "reason": NASTY, "who": NASTY, "at": "2026-11-22T10:00:00Z"}
    found = {**CONNECTOR, "id": NASTY, "binds": [bind], "errors": {NASTY: 1}, "wanted": wanted}
    page = one(found=found).get("/connectors/%3Cscript%3E")
    assert NASTY not in page and "&lt;script&gt;" in page


def test_binds_of_other_nodes_are_told_so() -> None:
    page = one(found={**CONNECTOR, "binds": [], "up": False}).get("/connectors/backup")
    assert "down" in text_of(page)


def test_what_moves_has_rates_from_its_own_answers() -> None:
    sent = 0

    def answer(params: object) -> dict[str, Any]:
        nonlocal sent
        sent += 20
        return {**CONNECTOR, "sent": sent}

    looking = Looking(one(found=answer), "/live/connectors/backup")
    first = looking.events()
    assert json.loads(first["plots"])["sent"]["series"] == [HISTORY["connector"]["submitted"]]
    assert "Sent a second 9.1 " in text_of(first["state"])
    assert "Sent a second 10 " in text_of(looking.events(2)["state"])
