"""Who wants to hurt the console: streams without end, huge forms, odd paths, hosts, cookies. It goes on."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from smsgwd.console.operators import menu as operators_menu
from smsgwd.console.tenants import menu as tenants_menu
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene
from tests.scenario.marked import PASSWORD, settings
from tests.scenario.visitor import SESSION, Visitor

_SLOT = re.compile(r"\{[a-z_]+\}")
_STREAMS = 300
_QUARTER = 256  #: of the connections at the ops listener: what one address gets
#: What stands in a path where an id belongs.
_ODD = (
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..",
    "%00",
    "%0d%0aSet-Cookie:%20x=y",
    "%ff%fe",
    "%",
    "%zz",
    "a%2fb",
    "%3f",
    "%23",
    "-1",
    "9" * 30,
    "1e400",
    "NaN",
    "A" * 799,
    "A" * 5000,
    "%E2%80%AE",
    "%F0%9F%98%80",
    "'%20OR%201=1--",
    "*",
    "{id}",
)
PAGES = {"operators": operators_menu.PAGES, "tenants": tenants_menu.PAGES}


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with both faces."""
    return shared.gateway(
        shared.smsc(),
        tenants=[settings("alpha")],
        console={"tenants": True, "accounts": [{"name": "admin", "role": "admin", "secret": PASSWORD}]},
    )


def visitor(gateway: Gateway, face: str) -> Visitor:
    """Somebody who has logged in."""
    found = Visitor(gateway.ops_port if face == "operators" else gateway.http_port)
    assert found.log_in("admin" if face == "operators" else "alpha-login", PASSWORD).status == 303
    return found


@pytest.mark.parametrize("face", PAGES)
def test_odd_paths_are_answered(gateway: Gateway, face: str) -> None:
    """Every page with a slot, every odd thing in it, looked at and sent: never a fault, and nothing set or led away."""
    who = visitor(gateway, face)
    for page in PAGES[face]:
        if not page.slots or page.path.startswith("/live/"):
            continue
        for odd in _ODD:
            path = "/ui" + _SLOT.sub(lambda _, odd=odd: odd, page.path)
            answer = who.ask("GET", path) if page.method == "GET" else who.post(path)
            assert answer.status < 500, (page.method, path, answer)
            assert answer.cookie("x") is None
            assert answer.header("Location")[:4] in ("", "/ui/"), (path, answer)
            assert b"root:" not in answer.body
    for path in ("/ui/static/../site.py", "/ui/static/%2e%2e/site.py", "/ui/static/x/..%2fsite.py", "/ui/static/"):
        assert who.ask("GET", path).status == 404, path
    assert who.ask("GET", "/ui/").status == 200


@pytest.mark.parametrize("face", PAGES)
def test_every_page_answers_head_and_ranges(gateway: Gateway, face: str) -> None:
    """HEAD has the status of GET and no body, of what moves too; a range is not given; other methods are refused."""
    who = visitor(gateway, face)
    for page in PAGES[face]:
        if page.method != "GET":
            continue
        path = "/ui" + _SLOT.sub("1", page.path)
        head = who.ask("HEAD", path)
        assert head.body == b"" and head.status < 500, (path, head)
        if not page.path.startswith("/live/"):
            whole = who.ask("GET", path)
            assert head.status == whole.status, path
            part = who.ask("GET", path, headers={"Range": "bytes=0-1,5-9"})
            assert (part.status, part.header("Content-Range")) == (whole.status, ""), path
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"):
            assert who.ask(method, path).status in (400, 404, 405, 501), (method, path)


@pytest.mark.parametrize("face", PAGES)
def test_huge_forms_and_headers_are_refused(gateway: Gateway, face: str) -> None:
    """What is too large or none at all ends in 4xx; the next request is answered as ever."""
    who = visitor(gateway, face)
    token = {"X-CSRF": who.csrf}
    forms = {
        "many fields": b"&".join(b"a%d=1" % n for n in range(100_000)),
        "one field": b"a=" + b"x" * 900_000,
        "percent": b"%" * 500_000,
        "no UTF-8": b"name=%ff%fe&csrf=%ff",
        "nothing but ampersands": b"&" * 900_000,
    }
    for name, form in forms.items():
        for path in ("/ui/login", "/ui/choices", "/ui/nowhere", "/ui/logout-x"):
            answer = who.ask("POST", path, form, token)
            assert 400 <= answer.status < 500, (name, path, answer)
    bodies = {
        "json": ("application/json", b"{" * 100_000),
        "multipart without an end": ("multipart/form-data; boundary=x", b"--x\r\n" * 100_000),
        "multipart without a boundary": ("multipart/form-data", b"--x\r\n"),
        "a long boundary": ("multipart/form-data; boundary=" + "x" * 3000, b"--x\r\n"),
    }
    for name, (kind, body) in bodies.items():
        answer = who.ask("POST", "/ui/nowhere", body, {**token, "Content-Type": kind})
        assert 400 <= answer.status < 500, (name, answer)
    query = "&".join(f"a{n}={quote('<>')}" for n in range(500))
    assert who.ask("GET", f"/ui/?{query}").status in (200, 400, 414, 431)
    assert who.ask("GET", "/ui/?a=%ff&%00=%00&=&&").status in (200, 400)


@pytest.mark.parametrize("face", PAGES)
def test_odd_cookies(gateway: Gateway, face: str) -> None:
    """Ten kilobytes of cookies, several of a name, notices and choices that nobody made: text, or nothing."""
    who = visitor(gateway, face)
    name = f"smsgwd-{face}"
    mine = f"{name}={who.session}"
    for cookie, good in (
        (f"{mine}; a={'x' * 10_000}", True),
        (f"{mine}; " + "; ".join(f"c{n}=1" for n in range(1500)), True),
        (
            f"{mine}; smsgwd-notice=b2s6PHNjcmlwdD53aW5kb3cueHNzPTE8L3NjcmlwdD4=",
            True,
        ),  # ok:<script>window.xss=1</script>
        (f'{mine}; smsgwd-notice=////; smsgwd-language=../../etc; smsgwd-theme="><script>', True),
        (f"{name}=; {mine}", False),
        (f"{name}={'x' * 43}; {mine}", False),
        (f"{name}={who.session}x", False),
        (f"{name}=\xe9{who.session[1:]}", False),
    ):
        answer = who.ask("GET", "/ui/", headers={"Cookie": cookie})
        assert answer.status in ((200, 431) if good else (303,)), (cookie[:100], answer)
        assert "<script>window" not in answer.text and '"><script>' not in answer.text


@pytest.mark.parametrize("face", PAGES)
def test_hosts_lead_nobody_away(gateway: Gateway, face: str) -> None:
    """Whatever host is named, and by whichever header: every Location is a path."""
    who = visitor(gateway, face)
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"Host": "evil.example", "X-Forwarded-Proto": "https"},
    ):
        for path in ("/", "/ui", "/ui/", "/ui/login", "/ui//evil.example", "/ui/nowhere"):
            answer = who.ask("GET", path, headers=headers)
            assert answer.header("Location")[:4] in ("", "/ui/"), (headers, path, answer)
            assert "evil.example" not in answer.text.replace("/evil.example", "")


def test_metrics_have_no_series_for_paths_that_are_made_up(gateway: Gateway) -> None:
    """By strangers or by who is logged in: they are counted together."""
    for who in (Visitor(gateway.http_port), visitor(gateway, "tenants")):
        for number in range(20):
            who.ask("GET", f"/ui/made-up-{number}")
            who.ask("POST", f"/ui/made-up-{number}", {"csrf": who.csrf})
            who.ask("POST", f"/ui/made-up-{number}", {}, {"Sec-Fetch-Site": "cross-site"})
    assert "made-up" not in Visitor(gateway.ops_port).ask("GET", "/metrics").text


@contextlib.contextmanager
def streams(who: Visitor, count: int) -> Iterator[list[socket.socket]]:
    """Connections that asked for what moves and read nothing of it."""
    opened: list[socket.socket] = []
    head = f"GET /ui/live/overview HTTP/1.1\r\nHost: x\r\nCookie: {SESSION}={who.session}\r\n\r\n".encode()
    try:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", who.port), timeout=20)
            opened.append(one)
            with contextlib.suppress(OSError):  # closed at once: one too many of this address
                one.sendall(head)
        yield opened
    finally:
        for one in opened:
            one.close()


def test_streams_without_end_hold_nobody_up(gateway: Gateway) -> None:
    """One address opens 300 that it never reads: it gets its quarter of the connections, and the other listener goes
    on; afterwards all is as before."""
    who, shop = visitor(gateway, "operators"), visitor(gateway, "tenants")
    with streams(who, _STREAMS) as opened:
        given = 0
        for one in opened:
            with contextlib.suppress(OSError):
                given += one.recv(64).startswith(b"HTTP/1.1 200")
        assert 0 < given <= _QUARTER
        assert shop.ask("GET", "/ui/").status == 200
        assert gateway.tenant.send("+306955510099")
        assert gateway.status()

    def served() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return who.ask("GET", "/ui/").status == 200
        return False

    wait("connections are free again", served)
