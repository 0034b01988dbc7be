"""Receipts without a message, and what tenants are owed."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from tests.console.operators.message_answers import BAD, ID, SHOWN, TARGET, dlr_status, orphan, push
from tests.console.stand import Operators, text_of

PUSHES = "/pushes/demo%20http%3A%2F%2F127.0.0.1%3A9"
OWED = [
    {"target": TARGET, "pending": 4, "next_due": "2026-11-23T05:23:40.155Z", "given_up": 0},
    {"target": "@shop", "pending": 0, "next_due": None, "given_up": 3},
]


class Registry(Operators):
    """A stand where whoever reads may look at receipts, as he may."""

    def needs(self, noun: str, verb: str) -> Role:
        return "read" if verb in ("orphans", "status") else super().needs(noun, verb)


def stand(role: Role = "admin", **more: Any) -> Registry:
    answers = {"dlr orphans": [orphan()], "dlr status": dlr_status(), "outbox list": OWED, "outbox show": [push()]}
    return Registry({**answers, **{name.replace("_", " "): answer for name, answer in more.items()}}, role)


def test_orphans_and_what_carriers_owe() -> None:
    made = stand(dlr_orphans=[orphan(status=BAD)])
    page = made.get("/orphans")
    assert made.asked == [("dlr orphans", {"limit": "100"}), ("dlr status", {})]
    assert "91795411413030333" in page and SHOWN in page and BAD not in page
    assert "/ui/messages?connector=sim&amp;states=sent" in page and "25 s" in page


def test_a_full_page_of_orphans_goes_on() -> None:
    made = stand(dlr_orphans=[orphan(id=number) for number in range(1, 101)])
    assert "/ui/orphans?after=100" in made.get("/orphans?after=3")
    assert made.asked[0] == ("dlr orphans", {"limit": "100", "after": "3"})


def test_no_orphans() -> None:
    page = stand(dlr_orphans=[]).get("/orphans")
    assert "every receipt found its message" in page and "/orphans/drop" not in page


def test_one_reading_that_is_refused_leaves_the_other() -> None:
    page = stand(dlr_orphans=Told("the store cannot be read")).get("/orphans")
    assert "the store cannot be read" in page and "sent, receipt to come" in page


def test_messages_of_orphans_are_looked_for() -> None:
    made = stand(dlr_rematch={"tried": 2, "applied": 1})
    assert made.done("/orphans/rematch", {"smsc_id": "abc"}) == "/ui/orphans"
    assert made.asked == [("dlr rematch", {"smsc_id": "abc"})]


def test_orphans_are_dropped_after_a_page_that_says_what_that_does() -> None:
    made = stand(dlr_drop={"dropped": 2})
    assert "There are 2 orphans." in text_of(made.get("/orphans/drop"))
    assert made.done("/orphans/drop", {"before": "2026-11-23T05:00"}) == "/ui/orphans"
    assert made.done("/orphans/drop", {"all": "yes"}) == "/ui/orphans"
    said = [params for name, params in made.asked if name == "dlr drop"]
    assert said == [{"before": "2026-11-23T05:00:00Z"}, {"before": "all"}]


def test_a_drop_that_is_refused_comes_back() -> None:
    answer = stand(dlr_drop=Told("before must be a time")).post("/orphans/drop", {"before": "2026-11-23T05:00"})
    page = answer.body.decode()
    assert answer.status == 422 and "before must be a time" in page and 'value="2026-11-23T05:00:00"' in page


def test_who_may_only_read_changes_no_receipts() -> None:
    page = stand("read").get("/orphans")
    assert "rematch" not in page and "/orphans/drop" not in page
    assert stand("read").ask("GET", "/orphans/drop").status == 403


def test_targets_that_were_given_up_come_first() -> None:
    page = stand().get("/pushes")
    assert page.index("@shop") < page.index(TARGET)
    assert f"/ui{PUSHES}" in page and "/ui/pushes/%40shop/revive" in page
    assert f"{PUSHES}/revive" not in page


def test_nothing_is_owed() -> None:
    assert "Nothing is owed" in stand(outbox_list=[]).get("/pushes")


def test_what_waits_for_a_target() -> None:
    made = stand(outbox_show=[push(last_error=BAD)])
    page = made.get(PUSHES)
    assert made.asked == [("outbox show", {"target": TARGET, "status": "pending", "limit": "50"})]
    assert f"/ui/messages/{ID}" in page and SHOWN in page and BAD not in page
    assert 'status=pending" aria-current="page"' in page


def test_what_was_given_up_is_pushed_again() -> None:
    made = stand(outbox_revive={"target": TARGET, "revived": 3})
    assert f"{PUSHES}/revive" in made.get(PUSHES + "?status=given_up")
    assert made.done(PUSHES + "/revive") == f"/ui{PUSHES}"
    assert made.asked[-1] == ("outbox revive", {"target": TARGET})
    assert f"{PUSHES}/revive" not in stand("read").get(PUSHES + "?status=given_up")


def test_a_span_of_time_is_pushed_again() -> None:
    made = stand(dlr_push={"pushed": 12, "targets": [TARGET]})
    assert f'<option value="{TARGET}">' in made.get("/pushes/again?tenant=shop")
    fields = {"tenant": "shop", "from": "2026-11-23T05:00", "to": "2026-11-23T06:00", "target": "", "id": ""}
    assert made.done("/pushes/again", fields) == "/ui/pushes"
    said = {"tenant": "shop", "from": "2026-11-23T05:00:00Z", "to": "2026-11-23T06:00:00Z"}
    assert made.asked[-1] == ("dlr push", said)


def test_a_span_that_is_refused_comes_back() -> None:
    made = stand(dlr_push=Told("to is not behind from"))
    answer = made.post("/pushes/again", {"tenant": BAD, "from": "2026-11-23T05:00"})
    page = answer.body.decode()
    assert answer.status == 422 and "to is not behind from" in page
    assert SHOWN in page and 'value="2026-11-23T05:00:00"' in page
