"""What the HTTP engine refuses before a dialect sees it is told in that dialect's way, by workers too."""

from __future__ import annotations

import pytest

from smsgwd.app.dialect_mounts import mounts_from
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.registry import DIALECTS
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.edge_frames import Mounted
from smsgwd.net.http_message import HttpRequest
from tests.dialects.runner import ask
from tests.dialects.stand import NAMES, Stand

_LIMIT = 1024 * 1024
REQUESTS = {
    "a body of 10 MB": ("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 10485760\r\n\r\n", b"x" * 10_485_760),
    "a body of 2 MB in chunks": (
        "POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\n\r\n",
    ),
    "a chunk that is none": ("POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"),
    "a query of 20 kB": ("GET {path}?" + "a" * 20_000 + " HTTP/1.1\r\nHost: h\r\n\r\n", b""),
    "headers of 20 kB": ("GET {path} HTTP/1.1\r\nHost: h\r\nX: " + "a" * 20_000 + "\r\n\r\n", b""),
    "a length that is none": ("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", b""),
}


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("name", NAMES)
def test_told_as_the_dialect_does(stand: Stand, name: str, what: str) -> None:
    """The answer is whole though the client still sends, and the same by a worker (the gateway `other` has one)."""
    path = DIALECTS[name](Options()).owns[0]
    head, body = REQUESTS[what]
    got = ask(stand.gateway().http_port, head.format(path=path).encode(), body)
    assert got.headers["content-type"] != "application/problem+json"
    assert got.headers["connection"] == "close"
    assert got.body
    prefix = "/isms" if name == "isms" else ""
    worker = ask(stand.gateway("other").http_port, head.format(path=prefix + path).encode(), body)
    assert (worker.status, worker.headers["content-type"]) == (got.status, got.headers["content-type"])


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "BREW"])
@pytest.mark.parametrize("name", NAMES)
def test_every_refusal_has_its_answer(name: str, method: str) -> None:
    """Whatever it is, of whatever path and method: with a type, a status, and nothing of the request's secrets."""
    mounts = mounts_from([Mounted(name, (), "", {})])
    for begin in DIALECTS[name](Options()).owns:
        for refusal in Refusal:
            found = mounts.find({}, begin)
            assert found is not None
            query = "password=hush&pass=hush&access_key=hush&token=hush"
            request = HttpRequest(method, begin, [], {"authorization": "Bearer hush"}, b"", "", query)
            answer = found.dialect.refused(request, None, Refused(refusal))
            assert 200 <= answer.status < 600
            assert answer.content_type
            assert b"hush" not in answer.body


def test_elsewhere_it_is_a_problem_document(stand: Stand) -> None:
    """The native API's way."""
    head = f"POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: {_LIMIT + 1}\r\n\r\n"
    for gateway in ("main", "other"):
        got = ask(stand.gateway(gateway).http_port, head.encode(), b"x" * 1000)
        assert (got.status, got.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("query", ["a=%ff", "a=\xef", "a&" * 200])
def test_a_query_that_is_no_query_of_the_native_api(stand: Stand, query: str) -> None:
    """Is refused there, by a worker's gateway, too."""
    head = (
        f"GET /v1/messages?{query} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer token-isms\r\nConnection: close\r\n\r\n"
    )
    for gateway in ("main", "other"):
        got = ask(stand.gateway(gateway).http_port, head.encode("latin-1"))
        assert (got.status, got.headers["content-type"]) == (400, "application/problem+json")
        assert b"the query" in got.body
