"""Queues: looked at, held, released, moved, purged; and what is held."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.given import Told
from tests.console.operators.looking import Looking
from tests.console.operators.traffic_answers import HELD, LOOKS, PEEKED, QUEUES
from tests.console.stand import Operators, text_of

NASTY = "<script>alert(1)</script>"


class Strict(Operators):
    """As the registry has it: only admins purge and reject."""

    def needs(self, noun: str, verb: str) -> Any:
        return "admin" if verb in ("purge", "reject") else "operate" if noun == "held" else super().needs(noun, verb)


def stand(role: Any = "admin", **answers: Any) -> Strict:
    return Strict({**LOOKS, **answers}, role=role)


def test_the_list_has_depth_age_and_shape() -> None:
    page = stand().get("/queues")
    words = text_of(page)
    assert 'href="/ui/queues/kyiv"' in page and "never, as it is" in words and "under 10 s" in words


def test_it_moves() -> None:
    assert "kyiv" in Looking(stand(), "/live/queues").events()["queues"]


def test_an_empty_gateway_says_so() -> None:
    assert "Nothing waits." in stand(**{"queue shape": []}).get("/queues")
    assert "none is configured" in stand(**{"queue list": [], "queue shape": []}).get("/queues")


def test_one_shows_what_is_next_with_numbers_only_where_asked_for() -> None:
    made = stand()
    assert "38067***" in made.get("/queues/kyiv")
    assert ("queue peek", {"connector": "kyiv", "limit": "20"}) in made.asked
    made.get("/queues/kyiv?numbers=yes")
    assert ("queue peek", {"connector": "kyiv", "limit": "20", "numbers": "yes"}) in made.asked


def test_a_queue_of_no_connector_can_be_moved_too() -> None:
    gone = {**QUEUES[0], "connector": "gone", "state": "not configured"}
    page = stand(**{"queue list": [*QUEUES, gone]}).get("/queues/gone")
    assert 'value="athens"' in page and "The connector" not in text_of(page)
    assert 'value="gone"' not in stand(**{"queue list": [*QUEUES, gone]}).get("/queues/athens")


def test_who_may_only_read_cannot_change_anything() -> None:
    page = stand("read").get("/queues/kyiv")
    assert "Hold what waits" not in page and "Purge" not in page and "numbers=yes" not in page
    assert stand("read").post("/queues/kyiv/hold", {"reason": "x"}).status == 403
    assert stand("operate").ask("GET", "/purge").status == 403
    assert stand("operate").post("/purge/now").status == 403
    assert stand("operate").post("/held/reject").status == 403
    assert stand("read").ask("GET", "/held").status == 403


@pytest.mark.parametrize(
    ("verb", "form", "asked", "answer"),
    [
        ("hold", {"reason": "wrong", "tenant": "shop"}, {"connector": "kyiv", "reason": "wrong", "tenant": "shop"},
         {"connector": "kyiv", "held": 6, "stayed": 1}),
        ("release", {"prefix": "3069", "older_s": "5"}, {"connector": "kyiv", "prefix": "3069"}, {"released": 6}),
        ("move", {"to": "athens", "limit": "10", "older_s": "60"},
         {"from": "kyiv", "to": "athens", "limit": "10", "older_s": "60"},
         {"from": "kyiv", "to": "athens", "moved": 10, "stayed": 0}),
    ],
)  # fmt: skip
def test_what_is_done_is_one_command(verb: str, form: Any, asked: Any, answer: Any) -> None:
    made = stand(**{f"queue {verb}": answer})
    assert made.done(f"/queues/kyiv/{verb}", form) == "/ui/queues/kyiv"
    assert made.asked == [(f"queue {verb}", asked)]


def test_a_refused_move_comes_back_open_and_filled() -> None:
    made = stand(**{"queue move": Told("to: there is no connector x")})
    answer = made.post("/queues/kyiv/move", {"to": "athens", "prefix": "30", "limit": "7"})
    page = answer.body.decode()
    assert answer.status == 422 and "there is no connector x" in page and 'value="7"' in page
    assert '<option value="athens" selected>' in page


def test_a_purge_is_counted_first_and_then_confirmed() -> None:
    answers = {
        "queue purge": lambda params: (
            {"ended": 36, "stayed": 0}
            if params.get("yes") == "yes"
            else {"would_end": 36, "parts": 40, "tenants": {"demo": 36}, "next": "the same with yes=yes ends them"}
        )
    }
    made = stand(**answers)
    assert '<option value="kyiv" selected>' in made.get("/purge?connector=kyiv")
    form = {"connector": "kyiv", "reason": "withdrawn <b>", "states": ["queued", "held"], "prefix": "380"}
    answer = made.post("/purge", form)
    page = answer.body.decode()
    given = {"connector": "kyiv", "reason": "withdrawn <b>", "states": "queued,held", "prefix": "380"}
    assert answer.status == 200 and "36 messages would end as rejected" in page and "End these 36 messages" in page
    assert "withdrawn &lt;b&gt;" in page and made.asked[-2] == ("queue purge", given)
    assert made.done("/purge/now", form) == "/ui/queues"
    assert made.asked[-1] == ("queue purge", {**given, "yes": "yes"})


def test_nothing_to_purge_has_no_button() -> None:
    nothing = {"would_end": 0, "parts": 0, "tenants": {}, "next": "nothing to end"}
    page = stand(**{"queue purge": nothing}).post("/purge", {"reason": "x"}).body.decode()
    assert "nothing would end" in page and "/purge/now" not in page


def test_a_purge_without_a_reason_comes_back() -> None:
    made = stand(**{"queue purge": Told("queue purge needs the parameter reason")})
    answer = made.post("/purge", {"connector": "kyiv", "states": ["held"]})
    page = answer.body.decode()
    assert answer.status == 422 and "needs the parameter reason" in page
    assert 'value="held" checked' in page and 'value="queued" checked' not in page


def test_held_messages_page_and_are_decided_on() -> None:
    many = [{**HELD[0], "id": str(number)} for number in range(50)]
    made = stand(**{"held list": many, "held release": {"released": 3}, "held reject": {"rejected": 2}})
    page = made.get("/held?tenant=shop&after=7")
    assert made.asked == [("held list", {"tenant": "shop", "after": "7", "limit": "50"})]
    assert "/ui/held?tenant=shop&amp;after=49" in page and HELD[0]["to"] in page
    assert made.done("/held/release", {"prefix": "all", "tenant": "shop"}) == "/ui/held"
    assert made.asked[-1] == ("held release", {"prefix": "all", "tenant": "shop"})
    assert "cannot be taken back" in made.get("/held/reject?tenant=shop")
    assert made.done("/held/reject", {"prefix": "3069", "tenant": ""}) == "/ui/held"
    assert made.asked[-1] == ("held reject", {"prefix": "3069"})


def test_who_may_not_reject_sees_no_way_there() -> None:
    page = stand("operate").get("/held")
    assert "Release" in page and "Reject" not in page


def test_a_refused_decision_says_why() -> None:
    made = stand(**{"held release": Told("prefix: digits such as 3069, or all"), "held list": []})
    answer = made.post("/held/release", {"prefix": "abc"})
    assert answer.status == 422 and 'value="abc"' in answer.body.decode()


def test_names_made_of_markup_are_shown_as_text() -> None:
    peeked = [{**PEEKED[0], "tenant": NASTY, "from": NASTY}]
    held = [{**HELD[0], "tenant": NASTY, "from": NASTY}]
    queues = [{**QUEUES[0], "connector": NASTY}]
    made = stand(**{"queue peek": peeked, "held list": held, "queue list": queues, "queue shape": []})
    for path in ("/queues", "/queues/x", "/held?tenant=%3Cscript%3E", "/purge?reason=%3Cscript%3E"):
        page = made.get(path)
        assert NASTY not in page and "&lt;script&gt;" in page
