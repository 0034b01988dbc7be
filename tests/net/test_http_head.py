"""Heads of requests: read once, remembered within bounds, refused without the client's bytes."""

import pytest

from smsgwd.model.refusals import Refusal
from smsgwd.net import http_head
from smsgwd.net.http_head import CHUNKED, HeadError, glimpse, read_head, read_part

HEAD = b"POST /v1/x?a=1&b=%CE%B1&a= HTTP/1.1\r\nHost: h\r\nX-Y: 1\r\nx-y:\t2 \r\nContent-Length: 12"


def test_what_a_head_says():
    head = read_head(HEAD)
    assert (head.method, head.path, head.query) == ("POST", "/v1/x", [("a", "1"), ("b", "α"), ("a", "")])
    assert dict(head.headers) == {"host": "h", "x-y": "1, 2", "content-length": "12"}
    assert (head.keep, head.length, head.expects, head.query_fault) == (True, 12, False, "")


@pytest.mark.parametrize(
    ("more", "keep", "length", "expects"),
    [
        (b"Connection: keep-alive", True, 0, False),
        (b"Connection: close", False, 0, False),
        (b"Connection: TE,  CLOSE", False, 0, False),
        (b"Connection: TE\r\nConnection: close", False, 0, False),
        (b"Connection: closed", True, 0, False),
        (b"Transfer-Encoding: Chunked", True, CHUNKED, False),
        (b"Expect: 100-Continue\r\nContent-Length: 1", True, 1, True),
    ],
)
def test_connection_and_framing(more, keep, length, expects):
    head = read_head(b"GET / HTTP/1.1\r\nHost: h\r\n" + more)
    assert (head.keep, head.length, head.expects) == (keep, length, expects)


def test_http_1_0_ends_after_its_answer_and_expects_nothing():
    head = read_head(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue")
    assert (head.keep, head.expects) == (False, False)


def test_small_heads_are_remembered_large_ones_are_not():
    assert read_head(bytes(bytearray(HEAD))) is read_head(HEAD)
    large = HEAD + b"\r\nX: " + b"x" * 2048
    assert read_head(large) is not read_head(large)
    assert read_head(large).length == 12


def test_what_is_remembered_is_bounded():
    for number in range(1100):
        read_head(b"GET /%d HTTP/1.1\r\nHost: h" % number)
    assert http_head._remembered.cache_info().currsize <= 1024


@pytest.mark.parametrize("read", [read_head, lambda data: read_part(data + b"\r\n", 0)])
def test_a_refusal_does_not_repeat_what_was_sent(read):
    with pytest.raises(HeadError) as caught:
        read(b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization Bearer secret")
    assert caught.value.refusal is Refusal.MALFORMED
    assert "secret" not in str(caught.value)


def test_a_head_that_is_not_whole_is_looked_at_once_and_refused_when_it_can_become_none():
    part = HEAD[:-3]
    checked = read_part(part, 0)
    assert checked == part.rfind(b"\r\n")
    assert read_part(HEAD, checked) == checked
    for more in (b"\r\nbad header\r\n", b"\nX: y", b"\r\n folded\r\n", b"\r\nX: a\0b\r\n"):
        with pytest.raises(HeadError):
            read_part(HEAD + more, checked)
    with pytest.raises(HeadError, match="this is no HTTP request"):
        read_part(b"\x16\x03\x01", 0)
    with pytest.raises(HeadError):
        read_part(b"HELLO\r\n", 0)
    with pytest.raises(HeadError) as caught:
        read_part(HEAD + b"\r\nA:" * 100 + b"\r\n", checked)
    assert caught.value.refusal is Refusal.HEADERS_TOO_LARGE


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://host/v1/x", "/v1/x"),
        (b"HTTPS://host/v1/x", "/v1/x"),
        (b"http://host", "/"),
        (b"//host/x", "//host/x"),
        (b"/%2e%2e/", "/%2e%2e/"),
    ],
)
def test_forms_of_the_target(target, path):
    assert read_head(b"GET " + target + b" HTTP/1.1\r\nHost: h").path == path


def test_a_faulty_query_is_a_fault_not_an_exception():
    assert read_head(b"GET /?a=%ff HTTP/1.1\r\nHost: h").query_fault == "the query is not UTF-8"
    assert "100 fields" in read_head(b"GET /?" + b"a&" * 101 + b" HTTP/1.1\r\nHost: h").query_fault


@pytest.mark.parametrize(
    ("target", "raw"),
    [
        (b"/x", ""),
        (b"/x?", ""),
        (b"/x?a=b+c&a=%CE%B1", "a=b+c&a=%CE%B1"),
        (b"/x?a?b=?", "a?b=?"),
        (b"/x?a=\xcf\xf0%f1", "a=\xcf\xf0%f1"),
        (b"http://h:80/x?a=/b", "a=/b"),
    ],
)
def test_the_query_as_it_was_sent(target, raw):
    head = read_head(b"GET " + target + b" HTTP/1.1\r\nHost: h")
    assert (head.path, head.raw_query) == ("/x", raw)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"GET /a/b?c=" + b"d" * 99, ("GET", "/a/b", {})),
        (b"POST /a HTTP/1.1\r\nHost: H\r\nX: y\r\nz", ("POST", "/a", {"host": "H", "x": "y"})),
        (b"GET /a HTTP/1.1\r\nhost: h\r\nhost: g\r\n", ("GET", "/a", {"host": "h"})),
        (b"GET http://h/a?b HTTP/1.1\r\n", ("GET", "/a", {})),
        (b"GET /a", None),
        (b"GET", None),
        (b"", None),
        (b"\x16\x03\x01 /a ", None),
        (b"GET /\xff?a", None),
    ],
)
def test_what_is_seen_of_a_head_that_is_refused(data, seen):
    assert glimpse(data) == seen
