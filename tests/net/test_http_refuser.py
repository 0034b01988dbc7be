"""Refusals of the HTTP engine, told in the way of whoever is at that path."""

import pytest

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import PROBLEM_TYPE, HttpResponse
from smsgwd.net.http_server import HttpLimits
from tests.net.http_wire import Wire

LIMITS = HttpLimits(max_body=1000, max_headers=2000, header_timeout_s=5, body_timeout_s=5)


class Teller:
    """Tells refusals below /sms, and notes what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, method, path, headers, refusal, detail):
        self.asked.append((method, path, headers.get("host", ""), refusal))
        if not path.startswith("/sms"):
            return None
        return HttpResponse(200, (("Content-Type", "text/plain"),), f"ERR {refusal.code}: {detail}".encode())


def top(method="POST", path="/sms/send", *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h", *headers, "", ""])


CASES = [
    pytest.param(top("POST", "/sms/send", "Content-Length: 1001"), Refusal.TOO_LARGE, "h", id="length"),
    pytest.param(
        top("POST", "/sms/send", "Transfer-Encoding: chunked") + "401\r\n" + "a" * 1001,
        Refusal.TOO_LARGE,
        "h",
        id="chunks",
    ),
    pytest.param(
        top("POST", "/sms/send", "Transfer-Encoding: chunked") + "zz\r\n", Refusal.MALFORMED, "h", id="bad chunk"
    ),
    pytest.param(top("POST", "/sms/send", "Content-Length: x"), Refusal.MALFORMED, "h", id="bad length"),
    pytest.param(top("POST", "/sms/send", "Host: g"), Refusal.MALFORMED, "h", id="two hosts"),
    pytest.param("GET /sms/send?text=" + "a" * 2000, Refusal.HEADERS_TOO_LARGE, "", id="long query"),
    pytest.param(top("GET", "/sms/send", "X: " + "a" * 2000), Refusal.HEADERS_TOO_LARGE, "h", id="long header"),
    pytest.param(top("GET", "/sms/send", *["X: y"] * 100), Refusal.HEADERS_TOO_LARGE, "h", id="many headers"),
]


@pytest.mark.parametrize(("data", "refusal", "host"), CASES)
def test_it_is_told_as_the_path_has_it_and_the_connection_is_given_up(data, refusal, host):
    teller = Teller()
    wire = Wire(limits=LIMITS, refuse=teller)
    wire.send(data)
    answer = wire.answer()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
    assert answer.body.startswith(b"ERR " + refusal.code.encode())
    assert answer.headers["connection"] == "close"
    assert [(path, named, why) for _, path, named, why in teller.asked] == [("/sms/send", host, refusal)]
    assert wire.transport.half_closed and not wire.transport.disconnecting  # what still comes is read and thrown away
    assert wire.observed == [("", 200, 0.0)]
    assert wire.seen == []


@pytest.mark.parametrize(("data", "refusal", "host"), CASES)
def test_elsewhere_it_is_a_problem_document(data, refusal, host):
    wire = Wire(limits=LIMITS, refuse=Teller())
    wire.send(data.replace("/sms/", "/v1/"))
    answer = wire.answer()
    assert (answer.status, answer.headers["content-type"]) == (refusal.http, PROBLEM_TYPE)
    assert answer.json["code"] == refusal.code


@pytest.mark.parametrize(
    "data", [top("POST", "/sms/send", "Content-Length: 10") + "abc", "GET /sms/send?a", top()[:-2]]
)
def test_so_is_a_request_that_does_not_come_to_its_end(data):
    wire = Wire(limits=LIMITS, refuse=Teller())
    wire.send(data)
    wire.reactor.advance(6)
    assert wire.answer().body.startswith(b"ERR request_timeout")


@pytest.mark.parametrize("data", ["GET /sms", "G@T /sms/send HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"])
def test_without_a_path_nobody_is_asked(data):
    teller = Teller()
    wire = Wire(limits=LIMITS, refuse=teller)
    wire.send(data)
    wire.reactor.advance(6)
    assert wire.answer().headers["content-type"] == PROBLEM_TYPE
    assert teller.asked == []


def test_the_answer_to_head_has_no_body():
    wire = Wire(limits=LIMITS, refuse=Teller())
    wire.send(top("HEAD", "/sms/send", "Content-Length: 1001"))
    answer = wire.answer(head=True)
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_the_request_before_on_this_connection_is_not_taken_for_this_one():
    teller = Teller()
    wire = Wire(limits=LIMITS, refuse=teller)
    wire.send(top("GET", "/sms/first"))
    wire.send("G@T / HTTP/1.1\r\n\r\n")
    first, second = wire.answers()
    assert (first.status, second.status) == (200, 400)
    assert teller.asked == []
