"""Sessions, forms and log-ins of the console against who has no right to them: both faces, a real gateway."""

from __future__ import annotations

import base64
import re
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from smsgwd.accounts.totp import code_at
from smsgwd.console.operators import menu as operators_menu
from smsgwd.console.page import Page
from smsgwd.console.tenants import menu as tenants_menu
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene
from tests.scenario.marked import PASSWORD, settings
from tests.scenario.visitor import Got, Visitor
from tests.scenario.ways import done

FACES = ("operators", "tenants")
_SLOT = re.compile(r"\{[a-z_]+\}")
_FAILURES = 10
NEW = "another long password"


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway without a carrier; operators `admin` and `other`, a tenant with two log-ins."""
    accounts = [{"name": name, "role": "admin", "secret": PASSWORD} for name in ("admin", "other")]
    second = {"kind": "password", "username": "alpha-second", "secret": PASSWORD}
    alpha = settings("alpha")
    assert isinstance(alpha["credentials"], list)
    alpha["credentials"].append(second)
    return shared.gateway(
        tenants=[alpha],
        console={"tenants": True, "accounts": accounts},
        auth={"max_failures": _FAILURES, "max_failures_address": 1000},
    )


def visitor(gateway: Gateway, face: str, *, second: bool = False) -> Visitor:
    """Somebody who has logged in."""
    found = stranger(gateway, face)
    name = {"operators": ("admin", "other"), "tenants": ("alpha-login", "alpha-second")}[face][second]
    assert found.log_in(name, PASSWORD).status == 303
    assert found.csrf
    return found


def stranger(gateway: Gateway, face: str) -> Visitor:
    """Somebody who has not."""
    return Visitor(gateway.ops_port if face == "operators" else gateway.http_port)


def pages(face: str, method: str) -> list[Page]:
    """The pages of a face that are asked for in this way."""
    menu: Any = operators_menu if face == "operators" else tenants_menu
    return [page for page in menu.PAGES if page.method == method]


def sent_to_login(answer: Got) -> bool:
    """Whether somebody has to log in first."""
    return answer.status == 303 and answer.header("Location").startswith("/ui/login")


@pytest.mark.parametrize("face", FACES)
def test_the_cookie_is_the_gateways_own(gateway: Gateway, face: str) -> None:
    """Flags; one that was planted before the log-in is not taken over; each log-in has its own."""
    planted = stranger(gateway, face)
    planted.session = "A" * 43
    first = planted.log_in({"operators": "admin", "tenants": "alpha-login"}[face], PASSWORD)
    cookie = first.cookie()
    assert cookie is not None and re.fullmatch(
        r"smsgwd-(?:operators|tenants)=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", cookie
    )
    assert planted.session != "A" * 43
    again = visitor(gateway, face)
    assert (again.session, again.csrf) != (planted.session, planted.csrf)
    assert planted.session not in planted.ask("GET", "/ui/").text
    behind = stranger(gateway, face).ask(
        "POST",
        "/ui/login",
        {"name": {"operators": "admin", "tenants": "alpha-login"}[face], "password": PASSWORD},
        {"X-Forwarded-Proto": "https"},
    )
    secure = behind.cookie(f"__Host-smsgwd-{face}")
    assert secure is not None and secure.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    plain = stranger(gateway, face)
    plain.session = secure.partition(";")[0].partition("=")[2]
    told = plain.ask("GET", "/ui/", headers={"X-Forwarded-Proto": "https"})
    assert sent_to_login(told), "over TLS the cookie without __Host- counts for nothing"


@pytest.mark.parametrize("face", FACES)
def test_no_page_is_for_strangers(gateway: Gateway, face: str) -> None:
    """Every page, with every method; nor with a session of the other face, nor with one that was made up."""
    other = visitor(gateway, FACES[1 - FACES.index(face)])
    lost = stranger(gateway, face)
    crossed = stranger(gateway, face)
    made_up = stranger(gateway, face)
    made_up.session = "B" * 43
    for method in ("GET", "POST"):
        for page in pages(face, method):
            path = "/ui" + _SLOT.sub("1", page.path)
            crossed.session, crossed.csrf = other.session, other.csrf
            for who in (lost, crossed, made_up):
                answer = who.ask(method, path, {"csrf": who.csrf} if method == "POST" else None)
                assert sent_to_login(answer), (method, path, answer)


@pytest.mark.parametrize("face", FACES)
def test_every_form_wants_its_sessions_token(gateway: Gateway, face: str) -> None:
    """Without, with another session's, from another site's page by what the browser says: 403, for each."""
    mine, theirs = visitor(gateway, face), visitor(gateway, face, second=True)
    assert mine.csrf != theirs.csrf
    for path in ["/logout", *(_SLOT.sub("1", page.path) for page in pages(face, "POST"))]:
        for fields, headers in (
            ({}, {}),
            ({"csrf": ""}, {}),
            ({"csrf": theirs.csrf}, {}),
            ({"csrf": mine.csrf + "x"}, {}),
            ({}, {"X-CSRF": theirs.csrf}),
            ({"csrf": mine.csrf}, {"X-CSRF": theirs.csrf}),
            ({"csrf": mine.csrf}, {"Sec-Fetch-Site": "cross-site"}),
            ({"csrf": mine.csrf}, {"Sec-Fetch-Site": "same-site"}),
            ({"csrf": mine.csrf}, {"Origin": "https://evil.example"}),
            ({"csrf": mine.csrf}, {"Origin": "null"}),
        ):
            answer = mine.ask("POST", f"/ui{path}", fields, headers)
            assert answer.status == 403, (path, fields, headers, answer)
    assert mine.ask("GET", "/ui/").status == 200, "still logged in"


@pytest.mark.parametrize("face", FACES)
def test_other_sites_can_neither_log_anybody_in_nor_choose(gateway: Gateway, face: str) -> None:
    """The forms that need no session look at where they come from."""
    who = stranger(gateway, face)
    name = {"operators": "admin", "tenants": "alpha-login"}[face]
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        forged = who.ask("POST", "/ui/login", {"name": name, "password": PASSWORD}, headers)
        assert (forged.status, forged.cookie()) == (403, None)
        assert who.ask("POST", "/ui/choices", {"to": "/", "theme": "dark"}, headers).status == 403


@pytest.mark.parametrize("face", FACES)
def test_nobody_is_led_away(gateway: Gateway, face: str) -> None:
    """Where a form or an address says to go on to: only pages of the console, never another host."""
    name = {"operators": "admin", "tenants": "alpha-login"}[face]
    for to in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: smsgwd=x",
    ):
        answer = stranger(gateway, face).log_in(name, PASSWORD, to=to)
        assert (answer.status, answer.header("Location")) == (303, "/ui/"), to
        assert len([each for each in answer.headers if each[0] == "Set-Cookie"]) == 1
        chosen = stranger(gateway, face).ask("POST", "/ui/choices", {"to": to, "theme": "dark"})
        assert chosen.status == 422 and not chosen.header("Location"), to
    for host in ("evil.example", "evil.example:80", "[::1]", ""):
        answer = stranger(gateway, face).ask("GET", "/ui/", headers={"Host": host})
        if answer.status == 303:  # an empty one may be refused by the engine
            assert answer.header("Location") == "/ui/login"
        assert "evil.example" not in answer.text


@pytest.mark.parametrize("face", FACES)
def test_log_out_ends_the_session_and_what_moves(gateway: Gateway, face: str) -> None:
    """At once, for this one alone; no stream is begun with it."""
    mine, theirs = visitor(gateway, face), visitor(gateway, face)
    gone = mine.post("/ui/logout")
    assert (gone.status, gone.header("Location")) == (303, "/ui/login")
    cookie = gone.cookie()
    assert cookie is not None and cookie.partition("=")[2] == "; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    for page in pages(face, "GET"):
        if page.path.startswith("/live/"):
            answer = mine.ask("GET", "/ui" + _SLOT.sub("1", page.path))
            assert sent_to_login(answer), page.path
    assert sent_to_login(mine.ask("GET", "/ui/"))
    assert theirs.ask("GET", "/ui/").status == 200


def test_what_ends_an_operators_sessions(gateway: Gateway) -> None:
    """Another password, disabled, removed; and a lesser role counts from the next page on."""
    for end in (
        lambda: done(gateway, "operator", "password", name="guest", secret=NEW),
        lambda: done(gateway, "operator", "set", name="guest", disabled="yes"),
        lambda: done(gateway, "operator", "logout", name="guest"),
        lambda: done(gateway, "operator", "remove", name="guest"),
    ):
        _remove_guest(gateway)
        done(gateway, "operator", "add", name="guest", role="operate", secret=PASSWORD)
        guest = stranger(gateway, "operators")
        assert guest.log_in("guest", PASSWORD).status == 303
        assert guest.ask("GET", "/ui/").status == 200
        end()
        assert sent_to_login(guest.ask("GET", "/ui/"))
    _remove_guest(gateway)
    done(gateway, "operator", "add", name="guest", role="admin", secret=PASSWORD)
    guest = stranger(gateway, "operators")
    guest.log_in("guest", PASSWORD)
    for role, may in (("read", False), ("admin", True)):
        done(gateway, "operator", "set", name="guest", role=role)
        for page in operators_menu.PAGES:
            if page.role == "admin" and not page.slots and page.method == "GET":
                assert (guest.ask("GET", f"/ui{page.path}").status != 403) is may, page.path
            if page.role != "read" and page.method == "POST" and not may:
                assert guest.post("/ui" + _SLOT.sub("1", page.path)).status == 403, page.path


def _remove_guest(gateway: Gateway) -> None:
    if any(each["name"] == "guest" for each in done(gateway, "operator", "list")):
        done(gateway, "operator", "remove", name="guest")


def test_what_ends_a_tenants_sessions(gateway: Gateway) -> None:
    """Another password, a credential that is removed, a tenant that is disabled."""
    done(gateway, "tenant", "create", json='{"id": "passing", "currency": "EUR"}')
    for end in (
        lambda: done(gateway, "credential", "remove", tenant="passing", kind="password", name="passing-login"),
        lambda: done(gateway, "tenant", "disable", id="passing"),
    ):
        done(gateway, "credential", "add", tenant="passing", kind="password", name="passing-login", secret=PASSWORD)
        passing = stranger(gateway, "tenants")
        assert passing.log_in("passing-login", PASSWORD).status == 303
        assert passing.ask("GET", "/ui/").status == 200
        end()
        assert sent_to_login(passing.ask("GET", "/ui/"))
    assert stranger(gateway, "tenants").log_in("passing-login", PASSWORD).status == 401


@pytest.mark.parametrize("face", FACES)
def test_guessing_is_stopped(gateway: Gateway, face: str) -> None:
    """After so many failures the right password is not looked at; who is not there is answered alike."""
    name = f"guessed-{face}"
    if face == "operators":
        done(gateway, "operator", "add", name=name, role="read", secret=PASSWORD)
    else:
        done(gateway, "credential", "add", tenant="alpha", kind="password", name=name, secret=PASSWORD)
    there, absent = [], []
    for _ in range(_FAILURES):
        there.append(stranger(gateway, face).log_in(name, "wrong"))
        absent.append(stranger(gateway, face).log_in(f"nobody-{face}", "wrong"))
    assert {answer.status for answer in there} == {answer.status for answer in absent} == {401}
    assert there[0].text.replace(name, "") == absent[0].text.replace(f"nobody-{face}", "")
    stopped = stranger(gateway, face).log_in(name, PASSWORD)
    assert (stopped.status, stopped.cookie()) == (429, None)
    assert int(stopped.header("Retry-After")) > 0
    assert stranger(gateway, face).log_in(f"nobody-{face}", PASSWORD).status == 429
    assert visitor(gateway, face).csrf, "others are let in"


@pytest.mark.parametrize("face", FACES)
def test_a_code_works_once(gateway: Gateway, face: str) -> None:
    """A second log-in with the code of the first is refused; without any code, nobody is in."""
    name = f"phone-{face}"
    secret = _phone(gateway, face, name)

    def coded() -> str | None:
        """A code that was good for a log-in; None where the gateway had seen it at the confirmation."""
        code = code_at(secret, _now(gateway) // 30 + 1)  # one step early is taken, and is not the confirmed one
        step = _step(stranger(gateway, face).log_in(name, PASSWORD))
        return code if stranger(gateway, face).ask("POST", "/ui/login", _second(name, step, code)).cookie() else None

    half = stranger(gateway, face).log_in(name, PASSWORD)
    assert (half.status, half.cookie()) == (200, None)
    code = wait("a code is taken", coded)
    step = _step(half)
    again = stranger(gateway, face).ask("POST", "/ui/login", _second(name, step, code))
    assert (again.status, again.cookie()) == (401, None)
    elsewhere = stranger(gateway, FACES[1 - FACES.index(face)])
    assert elsewhere.ask("POST", "/ui/login", _second(name, step, code)).status == 401
    for broken in ("", "x", step[:-6] + "AAAAAA", step[::-1]):
        forged = stranger(gateway, face).ask("POST", "/ui/login", _second(name, broken, code))
        assert (forged.status, forged.cookie()) == (401, None), broken


def _second(name: str, step: str, code: str) -> dict[str, str]:
    return {"name": name, "step": step, "code": code}


def _step(answer: Got) -> str:
    found = re.search(r'name="step" value="([^"]+)"', answer.text)
    assert found is not None, answer
    return found[1]


def _phone(gateway: Gateway, face: str, name: str) -> bytes:
    """The secret of somebody who switched codes on."""
    if face == "operators":
        done(gateway, "operator", "add", name=name, role="read", secret=PASSWORD)
        secret = base64.b32decode(done(gateway, "operator", "totp-begin", name=name)["secret"])
        done(gateway, "operator", "totp-confirm", name=name, code=code_at(secret, _now(gateway) // 30))
        return secret
    done(gateway, "credential", "add", tenant="alpha", kind="password", name=name, secret=PASSWORD)
    basic = "Basic " + base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    path = f"/v1/credentials/password/{name}/totp"
    headers = {"Authorization": basic}
    begun = gateway.tenant.ask("POST", path, {}, headers)
    assert begun.status == 200, begun
    secret = base64.b32decode(begun.body["secret"])
    answer = gateway.tenant.ask("POST", path, {"code": code_at(secret, _now(gateway) // 30)}, headers)
    assert answer.status == 200, answer
    return secret


def _now(gateway: Gateway) -> int:
    """The gateway's time, in seconds since 1970."""
    date = gateway.tenant.ask("GET", "/v1/balance").headers["Date"]
    return int(parsedate_to_datetime(date).timestamp())
