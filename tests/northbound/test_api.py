"""Paths, methods, credentials, refusals, documentation."""

import base64
import hashlib
import re

import pytest
from twisted.internet.defer import fail

from smsgwd.model.refusals import Refusal
from smsgwd.northbound.credentials import BasicPair, BearerToken, credentials
from tests.northbound.fakes import FakeGateway
from tests.northbound.harness import Client, basic, is_problem


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/v1",
        "/v1/",
        "/v1/messages/",
        "/v1/balance/",
        "/V1/messages",
        "//v1/messages",
        "/v1/messages/x",
        "/v1/messages/1x",
        "/v1/messages/-1",
        "/v1/messages/9223372036854775808",
        "/v1/messages/" + "1" * 5000,
        "/v1/messages/%31",
        "/v1/messages/١",
        "/v1/messages/batch/1",
        "/v1/messages/1/",
        "/v1/../v1/balance",
        "/docs/",
        "/openapi.json.bak",
    ],
)
def test_unknown_paths_are_404(path):
    client = Client()
    assert is_problem(client.ask("GET", path), 404, "not_found", "nothing at this path")
    assert not client.api.knows(path)


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/messages", "GET, HEAD, POST"),
        ("/v1/messages/batch", "POST"),
        ("/v1/messages/1", "DELETE, GET, HEAD"),
        ("/v1/balance", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "get"])
def test_other_methods_are_405_with_allow(method, path, allow):
    client = Client()
    reply = client.ask(method, path)
    assert is_problem(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == allow
    assert client.api.knows(path)


def test_head_is_answered_as_get():
    client = Client()
    assert client.ask("HEAD", "/v1/balance").body == client.ask("GET", "/v1/balance").body


def test_basic_credentials_are_utf_8_and_may_hold_colons():
    client = Client()
    assert client.ask("GET", "/v1/balance", auth=basic("demo:démo:pass")).status == 200
    assert client.gateway.attempts == [("demo", "démo:pass", "192.0.2.7")]


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "missing"),
        ("", "neither"),
        ("Digest x", "neither"),
        ("Basic", "lack"),
        ("Basic !!!", "base64"),
        ("Basic ZGVtbw", "base64"),  # padding cut off
        (basic("demo:é", "latin-1"), "UTF-8"),
        (basic("demo"), "colon"),
        (basic(":x"), "user name"),
        ("Bearer", "malformed"),
        ("Bearer a b", "malformed"),
        ("Bearer a, Bearer b", "malformed"),
        ("Bearer wrong", "Unknown"),
        (basic("demo:wrong"), "Unknown"),
    ],
)
def test_wrong_credentials_are_401_with_both_challenges(header, detail):
    client = Client()
    headers = {} if header is None else {"authorization": header}
    reply = client.ask("POST", "/v1/messages", {"to": "+306912345678", "text": "x"}, headers, auth=False)
    assert is_problem(reply, 401, "unauthenticated", detail)
    challenges = [value for name, value in reply.header_list if name == "WWW-Authenticate"]
    assert [one.split()[0] for one in challenges] == ["Basic", "Bearer"]
    assert client.gateway.submissions == []


def test_the_scheme_is_written_in_any_case():
    assert credentials({"authorization": "bEARER  abc "}) == BearerToken("abc")
    assert credentials({"authorization": "BASIC ZDpw"}) == BasicPair("d", "p")


def test_too_many_failures_is_429():
    reply = Client().ask("GET", "/v1/balance", auth=basic("blocked:x"))
    assert is_problem(reply, 429, "too_many_failures")
    assert int(reply.headers["retry-after"]) > 0


def test_authentication_comes_before_the_body_is_looked_at():
    reply = Client(token="wrong").ask("POST", "/v1/messages", b"{")
    assert reply.status == 401


def test_a_fault_of_ours_is_left_to_the_engine():
    gateway = FakeGateway()
    gateway.funds = lambda tenant: fail(ZeroDivisionError("bug"))
    failures = []
    Client(gateway).ask("GET", "/v1/balance").addErrback(failures.append)
    assert isinstance(failures[0].value, ZeroDivisionError)


def test_docs_is_a_page_that_loads_and_runs_nothing():
    reply = Client().ask("GET", "/docs", auth=False)
    assert reply.status == 200
    page = reply.body.decode()
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    style = re.search("<style>(.*)</style>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    for forbidden in ("<script", "src=", "<link", " style=", "@import", "url("):
        assert forbidden not in page
    for refusal in Refusal:  # `type` of a problem leads here
        assert f'id="{refusal.code}"' in page
    for word in ("curl -u USER:PASSWORD", "/v1/messages/batch", "schedule_at", "Idempotency-Key", "next_cursor"):
        assert word in page
    anchors = set(re.findall('href="#([^"]+)"', page))
    assert anchors <= set(re.findall('id="([^"]+)"', page))


def test_openapi_is_served():
    reply = Client().ask("GET", "/openapi.json", auth=False)
    assert reply.json["openapi"] == "3.1.0"
    assert reply.route == "GET /openapi.json"
