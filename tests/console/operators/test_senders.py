"""Senders that are asked for, rules of countries and of texts, and numbers that nothing is sent to."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.given import Told
from smsgwd.console.operators.blocked import before
from smsgwd.model.operators import Role
from tests.console.operators.answers import AT, EVIL, PATTERNS, RULES, blocked, sender
from tests.console.stand import Operators, text_of


def senders(params: dict[str, str]) -> list[dict[str, Any]]:
    rows = [
        sender(name="Young", requested="2026-11-23T05:00:00.000Z"),
        sender(name=EVIL),
        sender(name="Bank", status="refused", reason=EVIL, decided=AT),
    ]
    return [row for row in rows if params.get("status") in (None, row["status"])]


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "sender list": senders,
        "sender show": {**sender(name=EVIL), "details": {"company": EVIL, "count": 3}},
        "senderrule list": RULES,
        "content list": PATTERNS,
        "blacklist list": [blocked("306900000000"), blocked("306900000002")],
        "optout list": [blocked("306900000001")],
    }
    return Operators({**answers, **{name.replace("_", " ", 1): answer for name, answer in more.items()}}, role)


NAME = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E"


# ---------------------------------------------------------------------- senders
def test_what_waits_comes_first_the_oldest_before() -> None:
    page = stand().get("/senders")
    assert EVIL not in page and f"/ui/senders/demo/{NAME}" in page
    assert page.index(NAME) < page.index("/ui/senders/demo/Young") < page.index("/ui/senders/demo/Bank")
    assert "2 requests" in page
    assert "Nobody waits for a decision" in stand(sender_list=[]).get("/senders")


def test_senders_of_a_tenant_or_a_state() -> None:
    made = stand()
    made.get("/senders?tenant=shop&status=refused")
    assert made.asked == [("sender list", {"tenant": "shop", "status": "refused", "limit": "200"})]
    wrong = stand(sender_list=Told("there is no tenant x")).get("/senders?tenant=x")
    assert "there is no tenant x" in wrong and 'value="x"' in wrong
    assert "/senders/demo/Bank" not in made.get("/senders?status=requested")


def test_a_sender_is_looked_at_and_decided_about() -> None:
    made = stand(sender_approve={}, sender_refuse={})
    page = made.get(f"/senders/demo/{NAME}")
    assert EVIL not in page and "company" in page and made.asked[0][1] == {"tenant": "demo", "name": EVIL}
    assert made.done(f"/senders/demo/{NAME}/approve") == "/ui/senders"
    made.done(f"/senders/demo/{NAME}/refuse", {"reason": "not yours"})
    assert made.asked[1:] == [
        ("sender approve", {"tenant": "demo", "name": EVIL}),
        ("sender refuse", {"tenant": "demo", "name": EVIL, "reason": "not yours"}),
    ]
    made.answers["sender refuse"] = Told("took its request back")
    page = made.post(f"/senders/demo/{NAME}/refuse", {"reason": "typed before"}).body.decode()
    assert "took its request back" in page and "typed before" in page


def test_who_only_looks_decides_nothing() -> None:
    made = stand("read")
    assert "/approve" not in made.get("/senders") and "/refuse" not in made.get(f"/senders/demo/{NAME}")
    assert made.post(f"/senders/demo/{NAME}/approve").status == 403


def test_decisions_as_a_table() -> None:
    made = stand(sender_import={"rows": 1, "made": 1, "changed": 0}, sender_export="tenant,name")
    assert made.done("/senders/import", {"csv": "tenant,name"}) == "/ui/senders"
    assert made.ask("GET", "/senders/export?tenant=shop").body == b"tenant,name\n"
    assert made.asked[-1] == ("sender export", {"tenant": "shop"})


# ---------------------------------------------------------------------- rules
def test_rules_of_countries_and_of_texts() -> None:
    page = stand().get("/rules")
    assert "(?i)&lt;b&gt;won" in page and "18005550199" in page and "/ui/rules/senders/US/drop" in page
    empty = stand(senderrule_list=[], content_list=[]).get("/rules")
    assert "anything everywhere" in empty and "Texts may say anything" in empty
    assert "<form method=" not in stand("read").get("/rules").partition("<main")[2]


def test_rules_are_kept_and_forgotten() -> None:
    made = stand(senderrule_put={"where": "US"}, senderrule_drop={}, content_put={"name": "x"}, content_drop={})
    made.done(
        "/rules/senders", {"where": "us", "alphanumeric": "refuse", "numeric": "allowed", "registered_only": "yes"}
    )
    made.done("/rules/senders/US/drop")
    made.done("/rules/texts", {"name": "x", "pattern": " won ", "tenants": "shop"})
    made.done("/rules/texts/x/drop")
    assert made.asked == [
        ("senderrule put", {"where": "US", "alphanumeric": "refuse", "numeric": "allowed", "registered_only": "yes"}),
        ("senderrule drop", {"where": "US"}),
        ("content put", {"name": "x", "pattern": " won ", "tenants": "shop"}),
        ("content drop", {"name": "x"}),
    ]
    made.answers["content put"] = Told("pattern: wrong")
    page = made.post("/rules/texts", {"name": "x", "pattern": f"({EVIL}"}).body.decode()
    assert "pattern: wrong" in page and EVIL not in page and "(&lt;script" in page


# ---------------------------------------------------------------------- numbers
def test_numbers_that_nobody_sends_to_and_those_of_a_tenant() -> None:
    made = stand()
    assert "+306900000002" in made.get("/blocked") and made.asked[0] == ("blacklist list", {"limit": "101"})
    page = made.get("/blocked?tenant=demo")
    assert "+306900000001" in page and "Opt-outs of demo" in page
    assert made.asked[1] == ("optout list", {"tenant": "demo", "limit": "101"})
    assert stand("read").ask("GET", "/blocked").status == 403
    assert "there is no tenant x" in stand(optout_list=Told("there is no tenant x")).get("/blocked?tenant=x")


def test_a_number_is_looked_for() -> None:
    made = stand()
    page = made.get("/blocked?number=%2B30%206900000002")
    assert "+306900000002" in page and "+306900000000" not in page
    assert made.asked[0][1]["after"] == "306900000001" + "9" * 16
    assert "No number here begins so" in made.get("/blocked?number=44")


@pytest.mark.parametrize(("wanted", "others"), [("3069", "3068999"), ("30", "299999999"), ("0", ""), ("10", "1")])
def test_what_stands_before_numbers_that_begin_so(wanted: str, others: str) -> None:
    assert others <= before(wanted) < wanted
    assert before("") == ""


def test_the_list_of_numbers_goes_on() -> None:
    rows = [blocked(f"3069{number:08d}") for number in range(101)]
    assert "after=306900000099" in stand(blacklist_list=rows).get("/blocked")


def test_numbers_are_blocked_and_let_go() -> None:
    made = stand(
        blacklist_add={"numbers": 2, "blacklisted": True, "changed": 2},
        blacklist_remove={},
        optout_add={"changed": True},
        optout_remove={},
    )
    assert made.done("/blocked/add", {"tenant": "", "number": "+30690\r\n+30691"}) == "/ui/blocked"
    assert made.done("/blocked/add", {"tenant": "demo", "number": "+30690"}) == "/ui/blocked?tenant=demo"
    made.done("/blocked/remove", {"tenant": "", "number": "+30690"})
    made.done("/blocked/remove", {"tenant": "demo", "number": "+30690"})
    assert made.asked == [
        ("blacklist add", {"number": "+30690\n+30691"}),
        ("optout add", {"tenant": "demo", "number": "+30690"}),
        ("blacklist remove", {"number": "+30690"}),
        ("optout remove", {"tenant": "demo", "number": "+30690"}),
    ]
    made.answers["optout add"] = Told("number: none")
    page = made.post("/blocked/add", {"tenant": "demo", "number": EVIL}).body.decode()
    assert "number: none" in page and "Opt-outs of demo" in page and EVIL not in page


def test_who_is_on_call_blocks_and_lets_nothing_go() -> None:
    made = stand("operate", blacklist_add={"changed": 0})
    assert "Put on the list" in text_of(made.get("/blocked"))
    assert made.post("/blocked/remove", {"number": "+30690"}).status == 403
