"""How pages are found, who may see them, and what every answer has."""

from __future__ import annotations

import pytest

from smsgwd.console.cookies import notice_cookie
from smsgwd.console.given import Told
from smsgwd.model.refusals import Refusal
from smsgwd.ports.store import StoreUnavailable
from tests.console.operators.traffic_answers import LOOKS
from tests.console.stand import COOKIE, Operators, Tenants, text_of


def stand(**more: object) -> Operators:
    return Operators({**LOOKS, **more})


def test_every_answer_forbids_what_is_not_ours() -> None:
    for path in ("/", "/login", "/nothing", "/static/x/nothing"):
        headers = dict(stand().ask("GET", path).headers)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"


def test_who_is_not_logged_in_is_sent_to_the_login_and_back() -> None:
    made = stand()
    made.cookies = {}
    answer = made.ask("GET", "/nothing?x=%2F")
    assert answer.status == 303
    assert dict(answer.headers)["Location"] == "/ui/login?to=%2Fnothing%3Fx%3D%252F"
    assert made.asked == []


def test_a_session_that_is_over_is_told_and_forgotten() -> None:
    made = stand()
    made.sessions.session = None
    answer = made.ask("GET", "/")
    headers = dict(answer.headers)
    assert answer.status == 303 and headers["Location"] == "/ui/login?ended=1" and "Max-Age=0" in headers["Set-Cookie"]
    piece = made.ask("GET", "/", hx_request="true")
    assert piece.status == 401 and dict(piece.headers)["HX-Redirect"] == "/ui/login?ended=1"


def test_a_session_of_the_other_face_is_none() -> None:
    made = stand()
    made.sessions.session = Tenants().sessions.session
    assert made.ask("GET", "/").status == 303


def test_a_form_needs_the_token() -> None:
    made = stand()
    answer = made.ask("POST", "/logout", b"csrf=wrong")
    assert answer.status == 403 and "older session" in answer.body.decode() and made.sessions.ended == []
    assert made.post("/logout").status == 303 and made.sessions.ended == [COOKIE]


def test_the_token_may_come_in_a_header() -> None:
    made = stand()
    assert made.ask("POST", "/logout", b"", x_csrf="the-token").status == 303
    assert made.ask("POST", "/logout", b"", x_csrf="\xff").status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    made = stand()
    assert made.post("/logout", **headers).status == 403
    assert made.post("/login", {"name": "anna", "password": "right"}, **headers).status == 403
    assert made.sessions.ended == [] and made.sessions.begun == []


def test_our_own_form_is_taken() -> None:
    headers = {"sec_fetch_site": "same-origin", "origin": "http://gw.test"}
    assert stand().post("/logout", **headers).status == 303


def test_a_page_that_is_not_there_and_a_wrong_method() -> None:
    made = stand()
    assert made.ask("GET", "/nothing").status == 404
    assert made.ask("DELETE", "/").status == 405
    assert made.post("/").status == 405


def test_what_a_command_refuses_is_shown_as_text() -> None:
    made = stand(**{"figures show": Told("no <b>role</b>", 403)})
    answer = made.ask("GET", "/")
    assert answer.status == 403 and "no &lt;b&gt;role&lt;/b&gt;" in answer.body.decode()


def test_a_page_that_fails_says_so_without_saying_how() -> None:
    def fails(params: object) -> object:
        raise KeyError("inside")

    made = stand(**{"figures show": fails})
    answer = made.ask("GET", "/")
    assert answer.status == 500 and "inside" not in answer.body.decode() and "log says why" in answer.body.decode()


def test_language_and_looks_are_chosen_by_anybody() -> None:
    made = stand()
    made.cookies = {}
    answer = made.post("/choices", {"language": "el", "theme": "dark", "to": "/login"})
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert answer.status == 303 and dict(answer.headers)["Location"] == "/ui/login"
    assert [cookie.partition(";")[0] for cookie in cookies] == ["smsgwd-language=el", "smsgwd-theme=dark"]
    made.cookies = {"smsgwd-language": "el", "smsgwd-theme": "dark"}
    assert '<html lang="el" data-theme="dark">' in made.get("/login")


@pytest.mark.parametrize("to", ["//evil.test", "https://evil.test", "/\\evil.test", "", "/a\nb"])
def test_a_choice_leads_nowhere_else(to: str) -> None:
    assert stand().post("/choices", {"language": "fr", "to": to}).status == 422


def test_the_browser_says_the_language() -> None:
    made = stand()
    assert '<html lang="uk">' in made.get("/login", accept_language="de-DE,uk-UA;q=0.8,en;q=0.7,xx;q=zz")


def test_a_notice_is_told_once() -> None:
    made = stand()
    made.cookies["smsgwd-notice"] = notice_cookie("ok", "<Done>")[1].partition(";")[0].partition("=")[2]
    answer = made.ask("GET", "/")
    assert "&lt;Done&gt;" in answer.body.decode()
    assert any(name == "Set-Cookie" and "smsgwd-notice=;" in value for name, value in answer.headers)
    made.cookies["smsgwd-notice"] = "no-notice"
    assert "no-notice" not in made.get("/")


def test_files_have_their_digest_and_stay() -> None:
    made = stand()
    page = made.get("/login")
    start = page.index("/ui/static/")
    path = page[start + 3 : page.index('"', start)]
    plain, zipped = made.ask("GET", path), made.ask("GET", path, accept_encoding="gzip, br")
    assert plain.status == 200 and "immutable" in dict(plain.headers)["Cache-Control"]
    assert dict(zipped.headers)["Content-Encoding"] == "gzip" and len(zipped.body) < len(plain.body)
    assert made.ask("GET", path, if_none_match=dict(plain.headers)["ETag"]).status == 304
    assert made.ask("GET", "/static/0/../../door.py").status == 404


def test_what_is_first_loaded_is_small() -> None:
    """The issue's budget is 300 kB for all of a first load."""
    made = stand()
    page = made.get("/")
    names = {part.partition('"')[0].partition("#")[0] for part in page.split("/ui/static/")[1:]}
    sizes = {name: len(made.ask("GET", f"/static/{name}").body) for name in names}
    assert sum(sizes.values()) + len(page) < 200_000, sizes


def test_a_tenant_sees_his_own_pages() -> None:
    balance = {"balance": "9.9600", "available": "9.9600", "reserved": "0.0000", "currency": "EUR"}
    made = Tenants({"GET /balance": balance}, scopes=("money",))
    assert "9.9600 EUR" in text_of(made.get("/"))


def test_a_credential_sees_what_its_scopes_allow() -> None:
    made = Tenants({"GET /messages": {"messages": []}, "GET /statistics": Refusal.OVER_RATE}, scopes=("read",))
    made.get("/")
    assert [name for name, _, _ in made.asked] == ["GET /messages", "GET /statistics"]


@pytest.mark.parametrize("made", [Operators(), Tenants()], ids=["operators", "tenants"])
def test_a_store_that_is_away_ends_no_session_and_names_nothing_to_strangers(made: Operators | Tenants) -> None:
    made.sessions.away = "redis.inside.test refused"
    answer = made.ask("GET", "/messages")
    assert answer.status == 503 and b"redis.inside.test" not in answer.body
    assert not [value for name, value in answer.headers if name == "Set-Cookie"]


def test_operators_read_why_the_store_is_away() -> None:
    def away(params: object) -> object:
        raise StoreUnavailable("redis.inside.test refused")

    made = stand(**{"figures show": away})
    answer = made.ask("GET", "/")
    assert answer.status == 503 and b"redis.inside.test" in answer.body
