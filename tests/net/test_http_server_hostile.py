"""Requests that two servers may read differently, and clients that mean harm: one verdict, however it comes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.http_server import HttpLimits
from tests.net.http_wire import Wire

HOST = "Host: a\r\n"
CHUNKED = "Transfer-Encoding: chunked"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def line(text):
    return f"{text}\r\n{HOST}\r\n"


def post(*headers, body="", version="1.1", method="POST", host=True):
    lines = "".join(header + "\r\n" for header in headers)
    return f"{method} / HTTP/{version}\r\n{HOST if host else ''}{lines}\r\n{body}"


def chunks(body):
    return post(CHUNKED, body=body)


MALFORMED = [
    # The request line.
    "GET /\r\n\r\n",
    line("GET / HTTP/2.0"),
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    line("GET / HTTP/1.2"),
    line("GET / HTTP/1.10"),
    line("GET / http/1.1"),
    line("GET / HTTP/1"),
    line("GET / RTSP/1.0"),
    line("SOURCE / ICE/1.0"),
    line("GET  / HTTP/1.1"),
    line("GET /  HTTP/1.1"),
    line(" GET / HTTP/1.1"),
    line("GET / HTTP/1.1 "),
    line("GET\t/ HTTP/1.1"),
    line("GET /a b HTTP/1.1"),
    line("G@T / HTTP/1.1"),
    line("GE\0T / HTTP/1.1"),
    line("GET /\x7f HTTP/1.1"),
    line("GET /\xff HTTP/1.1"),
    line("GET /\x01 HTTP/1.1"),
    line("GET HTTP/1.1"),
    line("\r\n\r\nGET / HTTP/1.1"),
    line("\nGET / HTTP/1.1"),
    line("\rGET / HTTP/1.1"),
    # Line ends.
    "GET / HTTP/1.1\nHost: x\n\n",
    "GET / HTTP/1.1\r\nHost: x\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    # Headers.
    post("X : y"),
    post("X\t: y"),
    post(" X: y"),
    post("nonsense"),
    post(": y"),
    post("X y: z"),
    post("X(): z"),
    post("X\xe4: z"),
    post("X\0: y"),
    post("X: a\0b"),
    post("X: a\x01b"),
    post("X: a\x7fb"),
    post("X: a", " b"),
    post("X: a", "\tb"),
    post(" b", host=False),
    # Host.
    post(host=False),
    post("Host: b"),
    post("host: a"),
    post("Host: b", version="1.0"),
    # Content-Length.
    post("Content-Length: -1"),
    post("Content-Length: +1", body="1"),
    post("Content-Length: 1, 1", body="1"),
    post("Content-Length: 1", "Content-Length: 1", body="1"),
    post("Content-Length: 1", "Content-Length: 2", body="12"),
    post("Content-Length:"),
    post("Content-Length: 0x1", body="1"),
    post("Content-Length: 1 1", body="1"),
    post("Content-Length: 1.0", body="1"),
    post("Content-Length: \xb2", body="12"),
    post("Content-Length: 1_0", body="1" * 10),
    post("Content-Length: 1", " 0", body="1" * 10),
    # Transfer-Encoding.
    post("Content-Length: 1", CHUNKED, body="0\r\n\r\n"),
    post(CHUNKED, "Content-Length: 1", body="0\r\n\r\n"),
    post("Transfer-Encoding: gzip, chunked"),
    post("Transfer-Encoding: chunked, identity", body="0\r\n\r\n"),
    post("Transfer-Encoding: identity"),
    post("Transfer-Encoding: xchunked", body="0\r\n\r\n"),
    post("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n"),
    post("Transfer-Encoding:"),
    post(CHUNKED, CHUNKED, body="0\r\n\r\n"),
    post(CHUNKED, "Transfer-Encoding: identity", body="0\r\n\r\n"),
    post("Transfer-Encoding : chunked", body="0\r\n\r\n"),
    post(CHUNKED, version="1.0", body="0\r\n\r\n"),
    post("Transfer-Encoding:", " chunked", body="0\r\n\r\n"),
    post("X: y", " Transfer-Encoding: chunked", body="0\r\n\r\n"),
    # Chunks.
    chunks("zz\r\n"),
    chunks("\r\n"),
    chunks("0x1\r\na\r\n"),
    chunks("-1\r\na\r\n"),
    chunks("1_0\r\n"),
    chunks("1 \r\na\r\n0\r\n\r\n"),
    chunks(" 1\r\na\r\n0\r\n\r\n"),
    chunks("2\r\nabX\r\n"),
    chunks("2\r\nabc\r\n0\r\n\r\n"),
    chunks("1\na\n0\n\n"),
    chunks("1\r\na\r0\r\n\r\n"),
    chunks("1\r\na\n0\r\n\r\n"),
    chunks("f" * 5000),
    chunks("FFFFFFFFFFFFFFFFFF\r\na"),
    chunks("1;\0\r\na\r\n0\r\n\r\n"),
    chunks("1;a\nb\r\na\r\n0\r\n\r\n"),
    chunks(("1;" + "x" * 1000 + "\r\na\r\n") * 60 + "0\r\n\r\n"),  # a kilobyte for each byte
    chunks("0\r\nnonsense\r\n\r\n"),
    chunks("0\r\nX: a\0b\r\n\r\n"),
    chunks("0\r\n X: y\r\n\r\n"),
    chunks("0\r\n" + "X: y\r\n" * 5000 + "\r\n"),
    # Other protocols.
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 500,
    "\x00\x00\x00\x1f\x00\x00\x00\x09",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + line("GET / HTTP/1.1"),
    "SSH-2.0-x\r\n",
    "*1\r\n$4\r\nPING\r\n",
    "EHLO x\r\n",
    "\x80\x01",
]
OTHERWISE = [
    ("GET /" + "a" * 20000, 431),
    (line("GET /" + "a" * 20000 + " HTTP/1.1"), 431),
    (post("X: " + "a" * 20000), 431),
    (post(*["A:"] * 99), 431),
    (post(*["X: y"] * 5000), 431),
    (post("Content-Length: " + "9" * 5000), 413),
    (post("Content-Length: " + "9" * 18), 413),
    (post("Content-Length: 1048577"), 413),
]
TAKEN = [
    (line("\r\nGET / HTTP/1.1"), ("GET", "/", b"")),
    (post("Upgrade: h2c", "Connection: Upgrade"), ("POST", "/", b"")),
    (post(method="CONNECT"), ("CONNECT", "/", b"")),
    (post(method="FOO"), ("FOO", "/", b"")),
    (post(method="get"), ("get", "/", b"")),
    (post("X: \xe4"), ("POST", "/", b"")),
    (post("X: a\tb"), ("POST", "/", b"")),
    (post(*["A:"] * 98), ("POST", "/", b"")),
    (post("Content-Length: 003", body="abc"), ("POST", "/", b"abc")),
    (post("Content-Length:   3\t", body="abc"), ("POST", "/", b"abc")),
    (post("Transfer-Encoding: CHUNKED", body="00\r\n\r\n"), ("POST", "/", b"")),
    (chunks('3;a="b"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n'), ("POST", "/", b"abc0123456789")),
    (post("Expect: more"), ("POST", "/", b"")),
    (line("GET * HTTP/1.1"), ("GET", "*", b"")),
    (line("GET a HTTP/1.1"), ("GET", "a", b"")),
    (line("GET /#x HTTP/1.1"), ("GET", "/#x", b"")),
]


@pytest.mark.parametrize("piece", [1 << 20, 1, 7])
@pytest.mark.parametrize(("data", "status"), [(data, 400) for data in MALFORMED] + OTHERWISE)
def test_one_refusal_and_nothing_behind_it_is_a_request(data, status, piece):
    wire = Wire()
    data += SMUGGLED
    for start in range(0, len(data), piece):
        wire.send(data[start : start + piece])
    answer = wire.answer()
    assert answer.status == answer.json["status"] == status
    assert answer.headers["connection"] == "close"
    assert wire.seen == []
    assert wire.transport.closed


@pytest.mark.parametrize("piece", [1 << 20, 1])
@pytest.mark.parametrize(("data", "expected"), TAKEN)
def test_what_is_unusual_and_fine(data, expected, piece):
    wire = Wire()
    data += SMUGGLED
    for start in range(0, len(data), piece):
        wire.send(data[start : start + piece])
    assert [(seen.method, seen.path, seen.body) for seen in wire.seen] == [expected, ("GET", "/smuggled", b"")]
    assert [answer.status for answer in wire.answers()] == [200, 200]
    assert not wire.transport.closed


def test_a_carriage_return_alone_is_waited_for_until_the_deadline():
    wire = Wire(limits=HttpLimits(header_timeout_s=10))
    wire.send("\r")
    wire.reactor.advance(10.1)
    assert wire.answer().status == 408


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("a=%ff", "the query is not UTF-8"),
        ("a=\xef", "the query is not percent-encoded"),
        ("a&" * 200, "the query has more than 100 fields"),
    ],
)
def test_a_query_that_is_no_query_of_ours_reaches_the_handler_as_it_was_sent(query, fault):
    wire = Wire()
    wire.send(line(f"GET /?{query} HTTP/1.1") + SMUGGLED)
    assert [answer.status for answer in wire.answers()] == [200, 200]
    request = wire.seen[0]
    assert (request.path, request.raw_query, request.query, request.query_fault) == ("/", query, [], fault)
    assert not wire.transport.closed


@pytest.mark.parametrize(
    "data", [post("Expect: 100-continue", "Content-Length: 3", body="abc"), post("Expect: 100-continue")]
)
def test_nobody_is_told_to_continue_who_has_sent_everything(data):
    wire = Wire()
    wire.send(data)
    assert [answer.status for answer in wire.answers()] == [200]


def test_a_body_in_single_bytes_costs_no_object_each():
    wire = Wire()
    wire.send(post("Content-Length: 3000"))
    for _ in range(2999):
        wire.send(b"x")
    assert len(wire.channel._body.body) == 2999
    wire.send(b"x")
    assert wire.seen[0].body == b"x" * 3000
    assert wire.channel._body is None


def test_an_idle_connection_keeps_nothing_of_a_chunked_body():
    wire = Wire()
    wire.send(chunks("3\r\nabc\r\n"))
    wire.send("0\r\n\r\n")
    assert wire.seen[0].body == b"abc"
    assert wire.channel._body is None


def test_a_second_empty_line_is_refused_at_once():
    wire = Wire()
    wire.send("\r\n")
    assert wire.answers() == []
    wire.send("\r\n")
    assert wire.answer().status == 400


_TOKENS = st.text("abcXYZ-_0", min_size=1, max_size=8)
_VALUES = st.text("abc ;,=\t\xe4", max_size=12)
_BODIES = st.binary(max_size=40)


@st.composite
def _requests(draw):
    """A request as bytes, and what it is."""
    method, path = draw(st.sampled_from(["GET", "POST", "PATCH", "HEAD"])), "/" + draw(_TOKENS)
    body = draw(_BODIES)
    lines = [f"{method} {path} HTTP/1.1", "Host: a"]
    lines += [f"X-{draw(_TOKENS)}: {draw(_VALUES)}" for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        lines.append(CHUNKED)
        framed = b""
        rest = body
        while rest:
            size = draw(st.integers(1, len(rest)))
            framed += b"%x%s\r\n%s\r\n" % (size, draw(st.sampled_from([b"", b";x=1"])), rest[:size])
            rest = rest[size:]
        framed += b"0\r\n" + draw(st.sampled_from([b"", b"T: 1\r\n"])) + b"\r\n"
    else:
        framed = body
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return draw(st.sampled_from([b"", b"\r\n"])) + head + framed, (method, path, body)


@settings(max_examples=150, deadline=None)
@given(st.lists(_requests(), min_size=1, max_size=6), st.data())
def test_however_a_stream_is_cut_its_requests_are_the_same(requests, data):
    """Answered at once, later, or with a Later that is answered before it is returned."""
    stream = b"".join(request for request, _ in requests)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    when = data.draw(st.lists(st.integers(0, 2), min_size=len(requests), max_size=len(requests)))
    seen, waiting = [], []

    def handler(request):
        seen.append((request.method, request.path, request.body))
        answer = HttpResponse(200, (), b"%d" % len(seen))
        how = when[len(seen) - 1]
        if how == 0:
            return answer
        later = Later()
        if how == 1:
            later.answer(answer)
        else:
            waiting.append((later, answer))
        return later

    wire = Wire(handler)
    for start, end in pairwise(cuts):
        wire.send(stream[start:end])
        assert len(waiting) <= 1
        while waiting and data.draw(st.booleans()):
            later, answer = waiting.pop()
            later.answer(answer)
    while waiting:
        later, answer = waiting.pop()
        later.answer(answer)
    assert seen == [what for _, what in requests]
    answered = wire.transport.value()
    for number, (_, (method, _, _)) in enumerate(requests, 1):
        top, _, answered = answered.partition(b"\r\n\r\n")
        assert top.startswith(b"HTTP/1.1 200 OK")
        if method != "HEAD":
            assert answered.startswith(b"%d" % number)
            answered = answered[1:]
    assert answered == b""
    assert not wire.transport.closed


_PIECES = st.one_of(
    st.sampled_from(
        [
            *("GET / HTTP/1.1\r\n", "POST /p HTTP/1.1\r\n", "HTTP/1.0\r\n", HOST, "\r\n", "\r", "\n", " ", ":", ";"),
            *("Content-Length: 3\r\n", "Content-Length: 30\r\n", CHUNKED + "\r\n", "Expect: 100-continue\r\n"),
            *("Connection: close\r\n", "0\r\n\r\n", "3\r\nabc\r\n", "FFFFFFFFFFFF\r\n", "abc", SMUGGLED),
        ]
    ).map(lambda text: text.encode("latin-1")),
    st.binary(max_size=20),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=14), st.booleans())
def test_whatever_comes_there_is_an_answer_or_an_end(pieces, ends):
    """No exception, no connection that is left open for ever, no answer that is cut."""
    wire = Wire(limits=HttpLimits(max_body=50, max_headers=300))
    for piece in pieces:
        wire.send(piece)
    if ends:
        wire.channel.readConnectionLost()
    for _ in range(3):
        wire.reactor.advance(61)
    assert wire.transport.closed
    assert {answer.status for answer in wire.answers()} <= {100, 200, 400, 408, 413, 431}
    wire.lose()
    assert wire.listener.connections == 0
    assert wire.reactor.getDelayedCalls() == []
