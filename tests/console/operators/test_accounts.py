"""Operators, and what is one's own."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from smsgwd.timespec.rfc3339 import format_epoch_ms
from tests.console.operators.answers import EVIL, SESSIONS, operator
from tests.console.stand import NOW, Operators, text_of


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "operator list": [operator(), operator(EVIL, role="read", disabled=True, totp="on"), operator("bert")],
        "operator show": lambda params: operator(params["name"]),
        "operator sessions": SESSIONS,
    }
    given = {f"operator {name.replace('_', '-')}": answer for name, answer in more.items()}
    return Operators({**answers, **given}, role)


NAME = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E"


# ---------------------------------------------------------------------- accounts
def test_operators_are_listed_for_admins() -> None:
    page = stand().get("/operators")
    assert EVIL not in page and f"/ui/operators/{NAME}" in page and "3 operators" in page
    for role in ("read", "operate"):
        made = stand(role)  # type: ignore[arg-type]
        assert made.ask("GET", "/operators").status == 403 and "/ui/operators" not in made.get("/security")


def test_an_operator_is_added_and_the_password_shown_once() -> None:
    made = stand(add={**operator("carl"), "secret": "made-password"})
    answer = made.post("/operators", {"name": "carl", "role": "operate", "secret": ""})
    assert answer.status == 200 and "made-password" in answer.body.decode()
    assert made.asked == [("operator add", {"name": "carl", "role": "operate"})]
    made.answers["operator add"] = operator("carl")
    assert made.done("/operators", {"name": "carl", "role": "read", "secret": " pass word "}) == "/ui/operators/carl"
    assert made.asked[-1][1]["secret"] == " pass word "
    made.answers["operator add"] = Told("there is one")
    page = made.post("/operators", {"name": EVIL, "role": "admin", "secret": "given-password"}).body.decode()
    assert "there is one" in page and EVIL not in page and "given-password" not in page


def test_one_operator_and_what_can_be_done() -> None:
    made = stand(
        show=operator(EVIL, totp="on"),
        set={},
        totp_off={},
        logout={},
        remove={},
        password={**operator("bert"), "secret": "another"},
    )
    page = made.get(f"/operators/{NAME}")
    assert EVIL not in page and "192.0.2.1" in page and "/totp-off" in page
    made.done(f"/operators/{NAME}", {"role": "operate", "disabled": "no"})
    made.done(f"/operators/{NAME}/totp-off")
    made.done(f"/operators/{NAME}/logout", {"session": "0123456789abcdef"})
    assert "another" in made.post(f"/operators/{NAME}/password", {"secret": ""}).body.decode()
    assert made.done(f"/operators/{NAME}/remove") == "/ui/operators"
    assert made.asked[2:] == [
        ("operator set", {"name": EVIL, "role": "operate", "disabled": "no"}),
        ("operator totp-off", {"name": EVIL}),
        ("operator logout", {"name": EVIL, "session": "0123456789abcdef"}),
        ("operator password", {"name": EVIL}),
        ("operator remove", {"name": EVIL}),
    ]
    made.answers["operator show"] = Told("there is no operator nobody")
    assert made.ask("GET", "/operators/nobody").status == 422


def test_nobody_removes_himself_from_his_own_page() -> None:
    page = stand().get("/operators/anna")
    assert "This is you" in page and "/operators/anna/remove" not in page and "/operators/anna/password" not in page


def test_sessions_that_cannot_be_read_take_no_page_away() -> None:
    assert "the store is away" in stand(sessions=Told("the store is away", 503)).get("/operators/bert")


# ---------------------------------------------------------------------- one's own
def test_everybody_has_a_page_of_his_own() -> None:
    made = stand("read")
    page = made.get("/security")
    own = {"name": "anna"}
    assert made.asked == [("operator show", own), ("operator sessions", own)] and EVIL not in page


def test_only_what_there_is_to_do_about_codes() -> None:
    assert "/ui/security/codes/off" not in stand().get("/security")
    on = stand(show=operator(totp="on")).get("/security")
    assert "/ui/security/codes/off" in on and 'action="/ui/security/codes"' not in on
    waits = stand(show=operator(totp="waits for a code")).get("/security")
    away = stand(show=Told("the store is away", 503)).get("/security")
    assert "/ui/security/codes/off" in away and 'action="/ui/security/codes"' in away
    assert 'href="/ui/security/codes"' in waits


def test_the_own_password_is_changed_with_the_old_one() -> None:
    made = stand("read", password=operator())
    assert made.done("/security/password", {"old": "o l d", "secret": "n e w", "repeated": "n e w"}) == "/ui/security"
    assert made.asked == [("operator password", {"name": "anna", "secret": "n e w", "old": "o l d"})]
    answer = made.post("/security/password", {"old": "old", "secret": "new-one", "repeated": "other"})
    assert answer.status == 400 and "not twice the same" in answer.body.decode()
    assert "new-one" not in answer.body.decode() and len(made.asked) == 3  # the page itself


def test_codes_are_begun_confirmed_and_ended() -> None:
    uri = "otpauth://totp/smsgwd:anna?secret=ABCDEFGHIJ&issuer=smsgwd"
    made = stand("read", totp_begin={"name": "anna", "secret": "ABCDEFGHIJ", "uri": uri}, totp_confirm={}, totp_off={})
    answer = made.post("/security/codes", {"old": "right"})
    page = text_of(answer.body.decode())
    assert answer.status == 200 and "ABCD EFGH IJ" in page and "otpauth://totp/" in page
    made.done("/security/codes/confirm", {"code": "123 456"})
    made.done("/security/codes/off", {"old": "right"})
    made.answers["operator totp-confirm"] = Told("the code is not right")
    again = made.post("/security/codes/confirm", {"code": "000000"})
    assert again.status == 422 and "the code is not right" in again.body.decode()
    assert "Type the code that your app shows" in made.get("/security/codes")
    assert made.asked == [
        ("operator totp-begin", {"name": "anna", "old": "right"}),
        ("operator totp-confirm", {"name": "anna", "code": "123456"}),
        ("operator totp-off", {"name": "anna", "old": "right"}),
        ("operator totp-confirm", {"name": "anna", "code": "000000"}),
    ]


def test_the_session_that_one_looks_through_is_told_from_the_others() -> None:
    own = {**SESSIONS[0], "begun": format_epoch_ms(NOW)}
    made = stand(sessions=[*SESSIONS, own])
    for path in ("/security", "/operators/anna"):
        assert made.get(path).count("you, now") == 1
    assert "you, now" not in made.get("/operators/bert")


def test_own_sessions_are_ended() -> None:
    made = stand("read", logout={"name": "anna", "ended": 1})
    made.done("/security/logout", {"session": "0123456789abcdef"})
    made.done("/security/logout")
    assert made.asked == [
        ("operator logout", {"name": "anna", "session": "0123456789abcdef"}),
        ("operator logout", {"name": "anna"}),
    ]
