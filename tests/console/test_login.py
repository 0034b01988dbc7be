"""Logging in: the password, the code, and where somebody gets to."""

from __future__ import annotations

import pytest

from smsgwd.console.cookies import notice_cookie
from smsgwd.net.http_message import HttpResponse
from tests.console.stand import Operators


def stand() -> Operators:
    made = Operators()
    made.cookies = {}
    return made


def location(answer: HttpResponse) -> str:
    return dict(answer.headers)["Location"]


def test_the_right_password_begins_a_session() -> None:
    made = stand()
    answer = made.post("/login", {"name": "anna", "password": "right", "to": "/audit?limit=5"}, user_agent="Browser")
    assert answer.status == 303 and location(answer) == "/ui/audit?limit=5"
    cookie = dict(answer.headers)["Set-Cookie"]
    assert cookie.startswith("smsgwd-operators=new-cookie; ") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert made.sessions.begun == [("operators", "", "anna", "f", "192.0.2.1", "Browser")]


@pytest.mark.parametrize("to", ["//evil.test", "https://evil.test/", "/\\evil.test", "javascript:x"])
def test_nobody_is_led_elsewhere(to: str) -> None:
    assert location(stand().post("/login", {"name": "anna", "password": "right", "to": to})) == "/ui/"


def test_a_wrong_password_says_no_more_than_that() -> None:
    made = stand()
    wrong = made.post("/login", {"name": "anna", "password": "wrong"})
    nobody = made.post("/login", {"name": "nobody", "password": "wrong"})
    assert wrong.status == nobody.status == 401
    assert wrong.body.replace(b"anna", b"nobody") == nobody.body
    assert made.sessions.begun == [] and b"wrong" not in wrong.body


def test_who_tries_too_often_is_told_to_wait() -> None:
    answer = stand().post("/login", {"name": "busy", "password": "x"})
    assert answer.status == 429 and dict(answer.headers)["Retry-After"] == "60" and b"Wait a minute" in answer.body


def step_of(answer: HttpResponse) -> str:
    page = answer.body.decode()
    start = page.index('name="step" value="') + len('name="step" value="')
    return page[start : page.index('"', start)]


def test_a_code_is_asked_for_where_it_was_switched_on() -> None:
    made = stand()
    first = made.post("/login", {"name": "bert", "password": "right", "to": "/audit"})
    assert first.status == 200 and b"one-time-code" in first.body and made.sessions.begun == []
    step = step_of(first)
    wrong = made.post("/login", {"step": step, "code": "000000", "to": "/audit"})
    assert wrong.status == 401 and b"This code is not right" in wrong.body and made.sessions.begun == []
    right = made.post("/login", {"step": step_of(wrong), "code": "123 456", "to": "/audit"})
    assert right.status == 303 and location(right) == "/ui/audit" and len(made.sessions.begun) == 1


@pytest.mark.parametrize("step", ["", "nothing", "sealed:", "sealed:AAAA", "sealed:é"])
def test_the_first_step_cannot_be_made_up(step: str) -> None:
    made = stand()
    assert made.post("/login", {"step": step, "code": "123456"}).status == 401
    assert made.sessions.begun == []


def test_names_stand_in_the_page_as_text() -> None:
    answer = stand().post("/login", {"name": '"><script>x</script>', "password": "x"})
    assert b"<script>x" not in answer.body


def test_a_form_that_cannot_be_read() -> None:
    made = stand()
    assert made.ask("POST", "/login", b"name=%zz").status == 400
    assert made.ask("POST", "/login", b"{}", content_type="application/json").status == 415
    assert made.ask("POST", "/login", b"name=%ff&password=x").status == 400


def test_who_changed_his_password_reads_so_where_he_logs_in() -> None:
    made = Operators()
    made.cookies = {
        "smsgwd-notice": notice_cookie("ok", "Log in with the new one.")[1].partition("=")[2].partition(";")[0]
    }
    page = made.get("/login?ended=1")
    assert "Log in with the new one." in page and "session is over" not in page
