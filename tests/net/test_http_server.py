"""The HTTP engine: framing faults, caps before buffering, absolute deadlines, order, closing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from smsgwd.net.http_address import network_of, networks
from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.http_server import HttpLimits
from tests.net.http_wire import Transport, Wire

GET = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body, *headers):
    lines = ["POST /p HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def is_problem(answer, status, code):
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["code"] == code
    assert answer.json["status"] == status
    assert answer.headers["connection"] == "close"
    return True


def test_a_request_reaches_the_handler_and_its_answer_the_client():
    wire = Wire()
    wire.send("GET /v1/x?a=1&b=%CE%B1+c&a= HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nx-y: 2\r\n\r\n")
    answer = wire.answer()
    assert (answer.status, answer.body) == (200, b"GET /v1/x 0")
    assert set(answer.headers) == {"content-type", "content-length", "date"}
    (seen,) = wire.seen
    assert seen.query == [("a", "1"), ("b", "α c"), ("a", "")]
    assert seen.headers["x-y"] == "1, 2"
    assert seen.address == "192.0.2.7"
    assert not wire.transport.closed
    assert wire.observed == [("echo", 200, 0.0)]


def test_bytes_one_by_one():
    wire = Wire()
    for byte in (post("hello") + GET).encode():
        wire.send(bytes([byte]))
    assert [answer.body for answer in wire.answers()] == [b"POST /p 5", b"GET /a 0"]
    assert wire.seen[0].body == b"hello"


def test_chunked_body():
    wire = Wire()
    wire.send(
        "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;q=1\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"
    )
    assert wire.answer().status == 200
    assert wire.seen[0].body == b"abcde"


def test_pipelined_requests_are_answered_in_order_though_the_first_takes_longer():
    waiting = []

    def handler(request):
        if request.path == "/slow":
            waiting.append(Deferred())
            return waiting[-1]
        return HttpResponse(200, (), request.path.encode())

    wire = Wire(handler)
    wire.send(
        "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + GET + post("zz") + "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + GET
    )
    assert wire.answers() == []
    waiting[0].callback(HttpResponse(200, (), b"first"))
    assert [answer.body for answer in wire.answers()] == [b"first", b"/a", b"/p"]
    waiting[1].callback(HttpResponse(200, (), b"again"))
    assert [answer.body for answer in wire.answers()] == [b"again", b"/a"]


def test_head_has_the_length_and_no_body():
    wire = Wire()
    wire.send(GET.replace("GET", "HEAD") + GET)
    first, rest = wire.transport.value().split(b"\r\n\r\n", 1)
    assert b"Content-Length: 9" in first
    assert rest.startswith(b"HTTP/1.1 200")


def test_absolute_form_is_taken():
    wire = Wire()
    wire.send("GET http://host/v1/x?q=1 HTTP/1.1\r\nHost: host\r\n\r\nGET https://host HTTP/1.1\r\nHost: host\r\n\r\n")
    assert [seen.path for seen in wire.seen] == ["/v1/x", "/"]


@pytest.mark.parametrize(
    "data",
    [
        "GET /\r\n\r\n",  # HTTP/0.9
        "GET / HTTP/2.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "G@T / HTTP/1.1\r\n\r\n",
        "GET /\x7f\xff HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\n\n",  # bare LF
        "GET / HTTP/1.1\r\n\r\n",  # no Host
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n1",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n1",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n",
        "GET /?a=\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /? HTTP/1.1\xff\r\nHost: a\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",  # a TLS client
        "\x00\x00\x00\x1f\x00\x00\x00\x09",  # an SMPP client
    ],
)
def test_malformed_requests_get_a_problem_and_the_connection_is_closed(data):
    wire = Wire()
    wire.send(data)
    assert is_problem(wire.answer(), 400, "malformed")
    assert wire.seen == []
    assert wire.transport.closed
    wire.send(GET)  # whatever follows is thrown away
    assert wire.answers() == []
    assert wire.observed[-1][:2] == ("", 400)


def test_more_digits_than_a_length_can_have():
    wire = Wire()
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + "9" * 5000 + "\r\n\r\n")
    assert is_problem(wire.answer(), 413, "too_large")


def test_a_declared_body_over_the_cap_is_refused_before_its_first_byte_and_without_100_continue():
    wire = Wire(limits=HttpLimits(max_body=10))
    wire.send("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
    assert is_problem(wire.answer(), 413, "too_large")
    assert wire.transport.half_closed  # not closed at once: the client must be able to read the answer
    wire.send(b"x" * 11)
    assert wire.seen == []


def test_a_body_at_the_cap_passes_and_100_continue_is_sent():
    wire = Wire(limits=HttpLimits(max_body=10))
    wire.send("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
    assert wire.transport.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.transport.clear()
    wire.send(b"x" * 10)
    assert wire.answer().body == b"POST /p 10"


def test_a_chunked_body_is_counted_as_it_comes():
    wire = Wire(limits=HttpLimits(max_body=10))
    wire.send("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n")
    wire.send(b"x" * 10)
    assert wire.answers() == []
    wire.send(b"x")
    assert is_problem(wire.answer(), 413, "too_large")
    wire.send(b"x" * 1000)
    assert wire.seen == []
    assert wire.channel._body is None


@pytest.mark.parametrize(
    "data",
    [
        "GET /" + "a" * 2000,
        "GET /" + "a" * 2000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{i}: {'y' * 50}\r\n" for i in range(50)),
        "GET / HTTP/1.1\r\nHost: x\r\n" + "A:\r\n" * 101,
    ],
)
def test_header_caps(data):
    wire = Wire(limits=HttpLimits(max_headers=1024))
    wire.send(data)
    assert is_problem(wire.answer(), 431, "headers_too_large")


def test_the_header_cap_is_per_request():
    wire = Wire(limits=HttpLimits(max_headers=100))
    for _ in range(20):
        wire.send(GET)
    assert len(wire.answers()) == 20


def test_headers_that_trickle_are_cut_off_at_an_absolute_deadline():
    wire = Wire(limits=HttpLimits(header_timeout_s=10))
    for byte in GET[:9]:
        wire.send(byte)
        wire.reactor.advance(1)
    assert wire.answers() == []
    wire.send(GET[9])
    wire.reactor.advance(1.01)
    assert is_problem(wire.answer(), 408, "request_timeout")
    assert wire.transport.half_closed
    wire.reactor.advance(5.1)
    assert wire.transport.aborted


def test_a_body_that_trickles_is_cut_off():
    wire = Wire(limits=HttpLimits(body_timeout_s=30))
    wire.send(post("x" * 100)[:-100])
    for _ in range(29):
        wire.send(b"x")
        wire.reactor.advance(1)
    assert wire.answers() == []
    wire.reactor.advance(1.1)
    assert is_problem(wire.answer(), 408, "request_timeout")


def test_a_connection_without_a_byte_is_closed_without_an_answer():
    wire = Wire(limits=HttpLimits(header_timeout_s=10))
    wire.reactor.advance(10.1)
    assert wire.answers() == []
    assert wire.transport.disconnecting


def test_an_idle_kept_alive_connection_is_closed_quietly():
    wire = Wire(limits=HttpLimits(idle_timeout_s=60))
    wire.send(GET)
    wire.answer()
    wire.reactor.advance(59)
    wire.send(GET)
    wire.answer()
    wire.reactor.advance(59)
    assert not wire.transport.closed
    wire.reactor.advance(1.1)
    assert wire.answers() == []
    assert wire.transport.disconnecting


def test_no_deadline_runs_while_the_handler_works():
    waiting = Deferred()
    wire = Wire(lambda request: waiting)
    wire.send(GET)
    wire.reactor.advance(3600)
    assert not wire.transport.closed
    waiting.callback(HttpResponse(204))
    assert b"204" in wire.transport.value()
    assert b"Content-Length" not in wire.transport.value()


def test_deadlines_are_per_request_also_of_a_client_that_never_pauses():
    wire = Wire(limits=HttpLimits(header_timeout_s=10))
    wire.send(GET[:5])
    for _ in range(30):
        wire.reactor.advance(2)
        wire.send(GET[5:] + GET[:5])
    assert len(wire.answers()) == 30
    assert not wire.transport.closed


@pytest.mark.parametrize("how", ["raise", "fail"])
def test_an_exception_of_the_handler_is_a_500_with_an_incident_that_is_logged(how):
    from twisted.logger import globalLogPublisher

    def handler(request):
        if how == "fail":
            return _failed(RuntimeError("secret detail"))
        raise RuntimeError("secret detail")

    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        wire = Wire(handler)
        wire.send(GET)
    finally:
        globalLogPublisher.removeObserver(events.append)
    answer = wire.answer()
    assert answer.status == 500
    assert answer.json["code"] == "internal"
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body
    (event,) = [event for event in events if "incident" in event]
    assert event["incident"] == answer.json["incident"]
    assert not wire.transport.closed


def _failed(error):
    waiting = Deferred()
    waiting.errback(Failure(error))
    return waiting


def test_a_client_that_leaves_while_its_request_runs_breaks_nothing():
    waiting = Deferred()
    wire = Wire(lambda request: waiting)
    wire.send(GET)
    wire.lose()
    waiting.callback(HttpResponse(200, (), b"late"))
    assert wire.answers() == []
    assert wire.listener.connections == 0
    assert wire.observed[0][1] == 200


def test_connection_close_is_honoured():
    wire = Wire()
    wire.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n")
    assert wire.answer().headers["connection"] == "close"
    assert wire.transport.disconnecting


def test_http_1_0_is_answered_and_closed():
    wire = Wire()
    wire.send("GET /a HTTP/1.0\r\n\r\n")
    assert wire.answer().headers["connection"] == "close"
    assert wire.transport.disconnecting


def test_too_many_connections_are_closed_at_once():
    wire = Wire(limits=HttpLimits(max_connections=2))
    assert Wire(listener=wire.listener).channel is not None
    assert Wire(listener=wire.listener).channel is None
    wire.lose()
    assert Wire(listener=wire.listener).channel is not None


def test_one_address_cannot_take_all_connections():
    listener = Wire(limits=HttpLimits(max_connections=8), trusted_proxies=networks(["192.0.2.9"])).listener

    def taken(host):
        channel = listener.buildProtocol(IPv4Address("TCP", host, 1))
        if channel is not None:
            channel.makeConnection(Transport(peerAddress=IPv4Address("TCP", host, 1)))
        return channel

    first = taken("192.0.2.1")
    assert first is not None and taken("192.0.2.1") is not None
    assert taken("192.0.2.1") is None
    assert taken("192.0.2.2") is not None
    assert [taken("192.0.2.9") is not None for _ in range(4)] == [True] * 4  # the proxy of many
    assert taken("192.0.2.3") is None  # now it is full
    first.connectionLost(Failure(ConnectionDone()))
    assert taken("192.0.2.1") is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "", True),
    ],
)
def test_what_counts_as_one_address(one, other, same):
    assert (network_of(one) == network_of(other)) is same


def test_line_breaks_in_header_values_are_not_written():
    wire = Wire(lambda request: HttpResponse(200, (("X-A", "1\r\nX-B: 2"),)))
    wire.send(GET)
    assert "x-b" not in wire.answer().headers


def test_forwarded_for_is_believed_from_trusted_proxies_only():
    headers = "GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
    for peer, expected in (("10.0.0.1", "203.0.113.9"), ("192.0.2.7", "192.0.2.7")):
        wire = Wire(peer=peer, trusted_proxies=networks(["10.0.0.0/8"]))
        wire.send(headers)
        assert wire.seen[0].address == expected


def test_stop_answers_what_was_taken_and_closes_the_idle():
    waiting = Deferred()
    busy = Wire(lambda request: waiting)
    idle = Wire(listener=busy.listener)
    reading = Wire(listener=busy.listener)
    busy.send(GET)
    reading.send(GET[:10])
    done = []
    busy.listener.stop(10).addCallback(done.append)
    assert idle.transport.disconnecting
    idle.lose()
    assert not busy.transport.closed
    assert Wire(listener=busy.listener).channel is None
    waiting.callback(HttpResponse(200, (), b"done"))
    answer = busy.answer()
    assert (answer.body, answer.headers["connection"]) == (b"done", "close")
    busy.lose()
    assert done == []
    reading.reactor.advance(10.1)  # never finishes its request
    assert reading.transport.aborted
    reading.lose()
    assert done == [None]


def test_stop_with_nothing_open_is_done_at_once():
    done = []
    Wire().listener.stop().addCallback(done.append)
    wire = Wire()
    wire.lose()
    wire.listener.stop().addCallback(done.append)
    assert done == [None]  # the first has an open connection


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [GET, post("abc"), "POST / HTTP/1.1\r\n", "Host: x\r\n", "\r\n", "Content-Length: 3\r\n", "0\r\n\r\n"]
            ).map(lambda text: text.encode("latin-1")),
            st.binary(max_size=40),
        ),
        max_size=8,
    )
)
def test_whatever_is_sent_the_answers_are_well_formed_and_no_exception_escapes(pieces):
    wire = Wire(limits=HttpLimits(max_body=100, max_headers=500))
    for piece in pieces:
        wire.send(piece)
    wire.reactor.advance(31)
    for answer in wire.answers(head=False):
        assert answer.status in {200, 400, 408, 413, 431}


# -- clients that do not read, and clients that stop writing


def test_a_client_that_does_not_read_is_not_answered_into_memory():
    wire = Wire(lambda request: HttpResponse(200, (), request.path.encode()), limits=HttpLimits(idle_timeout_s=60))
    wire.send(GET)
    wire.answer()
    # The transport says that its buffer is full while the first of these is written.
    write, wire.transport.write = wire.transport.write, lambda data: (write(data), wire.channel.pauseProducing())
    wire.send(GET * 5)
    assert len(wire.answers()) == 1
    wire.transport.write = write
    wire.channel.resumeProducing()
    assert len(wire.answers()) == 4
    assert not wire.transport.closed


def test_a_client_that_never_reads_is_cut_off():
    wire = Wire(limits=HttpLimits(idle_timeout_s=60))
    write, wire.transport.write = wire.transport.write, lambda data: (write(data), wire.channel.pauseProducing())
    wire.send(GET * 5)
    wire.reactor.advance(59)
    assert not wire.transport.closed
    wire.reactor.advance(1.1)
    assert wire.transport.aborted
    assert len(wire.seen) == 1
    wire.channel.resumeProducing()
    assert len(wire.seen) == 1


def test_a_large_last_answer_has_time_to_be_read():
    wire = Wire(limits=HttpLimits(idle_timeout_s=60))
    write, wire.transport.write = wire.transport.write, lambda data: (write(data), wire.channel.pauseProducing())
    wire.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wire.reactor.advance(30)
    assert not wire.transport.closed
    wire.channel.resumeProducing()
    assert wire.transport.disconnecting


def test_stop_waits_for_an_answer_that_is_being_read_and_takes_no_further_request():
    wire = Wire()
    write, wire.transport.write = wire.transport.write, lambda data: (write(data), wire.channel.pauseProducing())
    wire.send(GET * 2)
    wire.listener.stop()
    assert not wire.transport.closed
    wire.channel.resumeProducing()
    assert wire.transport.closed
    assert len(wire.seen) == 1


def test_a_client_that_closes_its_half_gets_its_answer():
    waiting = Deferred()
    wire = Wire(lambda request: waiting)
    wire.send(GET)
    wire.channel.readConnectionLost()
    assert not wire.transport.closed
    waiting.callback(HttpResponse(200, (), b"late"))
    answer = wire.answer()
    assert (answer.body, answer.headers["connection"]) == (b"late", "close")
    assert wire.transport.disconnecting


@pytest.mark.parametrize(
    "begun", ["", "GET /a HTTP/1.1\r\nHo", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"]
)
def test_a_client_that_closes_its_half_in_the_middle_is_gone(begun):
    wire = Wire()
    wire.send(begun)
    wire.channel.readConnectionLost()
    assert wire.transport.disconnecting
    assert wire.answers() == [] and wire.seen == []


def test_a_client_that_closes_its_half_after_its_last_answer_is_done():
    wire = Wire()
    wire.send(GET)
    wire.answer()
    wire.channel.readConnectionLost()
    assert wire.transport.disconnecting


def test_a_later_is_answered_in_order_and_what_is_behind_it_waits():
    waiting = []

    def handler(request):
        waiting.append(Later())
        return waiting[-1]

    wire = Wire(handler)
    wire.send(GET + post("x"))
    wire.send(GET)
    assert len(waiting) == 1
    for number in range(3):
        assert wire.answers() == []
        wire.reactor.advance(3)
        waiting[number].answer(HttpResponse(200, (), b"%d" % number, "late"))
        assert wire.answer().body == b"%d" % number
    assert wire.observed == [("late", 200, 3.0)] * 3


def test_a_later_whose_client_has_left():
    waiting = Later()
    wire = Wire(lambda request: waiting)
    wire.send(GET)
    wire.lose()
    waiting.answer(HttpResponse(200))
    assert wire.answers() == []
    assert wire.observed[0][1] == 200


def test_no_deadline_runs_while_a_later_is_awaited_and_one_runs_afterwards():
    waiting = Later()
    wire = Wire(lambda request: waiting, limits=HttpLimits(idle_timeout_s=60))
    wire.send(GET)
    wire.reactor.advance(3600)
    assert not wire.transport.closed
    waiting.answer(HttpResponse(200))
    wire.reactor.advance(59)
    assert not wire.transport.closed
    wire.reactor.advance(2)
    assert wire.transport.disconnecting


def test_all_that_is_whole_is_answered_when_the_client_closes_its_half():
    waiting = []

    def handler(request):
        waiting.append(Later())
        return waiting[-1]

    wire = Wire(handler)
    wire.send(GET + GET + GET[:5])
    wire.channel.readConnectionLost()
    waiting[0].answer(HttpResponse(200))
    assert not wire.transport.closed
    waiting[1].answer(HttpResponse(200))
    assert len(wire.answers()) == 2
    assert wire.transport.disconnecting


@pytest.mark.parametrize("full", [False, True])
def test_what_comes_behind_a_request_that_is_not_answered_is_bounded(full):
    waiting = Later()
    wire = Wire(lambda request: waiting if len(wire.observed) == 0 else HttpResponse(200))
    wire.send(GET)
    if full:  # answered, but the client does not read
        wire.channel.pauseProducing()
        waiting.answer(HttpResponse(200))
    wire.send(GET * 200)
    assert wire.transport.producerState == "producing"
    wire.send(GET * 500)
    assert wire.transport.producerState == "paused"
    wire.transport.clear()
    if full:
        wire.channel.resumeProducing()
    else:
        waiting.answer(HttpResponse(200))
    assert wire.transport.producerState == "producing"
    assert len(wire.answers()) == 700 + (not full)


def test_answers_that_are_alike_share_their_head_and_follow_the_clock(monkeypatch):
    now = [1_700_000_000.5]
    monkeypatch.setattr("smsgwd.net.http_server.time.time", lambda: now[0])
    wire = Wire()
    dates = []
    for step in (0, 0, 1):
        now[0] += step
        wire.send(GET)
        dates.append(wire.answer().headers["date"])
    assert dates == ["Tue, 14 Nov 2023 22:13:20 GMT"] * 2 + ["Tue, 14 Nov 2023 22:13:21 GMT"]
