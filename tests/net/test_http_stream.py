"""Answers that go on: what is sent, what is thrown away, and how either side ends them."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.http_server import HttpLimits
from smsgwd.net.http_stream import Stream
from tests.net.http_wire import Wire

GET = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
EVENTS = (("Content-Type", "text/event-stream"),)


class Live(Wire):
    """A wire whose handler answers with a stream."""

    def __init__(self, status=200, body=b": hello\n\n", limits=None):
        self.stream, self.gone = Stream(), []
        self.stream.on_gone(lambda: self.gone.append(self.stream.open))
        self.asked = 0
        super().__init__(self.handle, limits, None)
        self.response = HttpResponse(status, EVENTS, body, "live", self.stream)

    def handle(self, request):
        self.asked += 1
        return self.response

    def begun(self, request=GET):
        """Ask; the head's lines and what follows it."""
        self.send(request)
        head, _, rest = self.taken().partition(b"\r\n\r\n")
        return head.decode().split("\r\n"), rest

    def taken(self):
        data = self.transport.value()
        self.transport.clear()
        return data


class Sink:
    """Takes what a stream sends."""

    def __init__(self):
        self.full, self.got, self.finished = False, [], 0

    def more(self, data):
        self.got.append(data)

    def finish(self):
        self.finished += 1


# -- the stream by itself ----------------------------------------------------------------------------------------------


def test_before_the_answer_begins_there_is_nowhere_to_send():
    stream, sink = Stream(), Sink()
    assert stream.open
    assert not stream.send(b"early")
    stream.attach(sink)
    assert stream.send(b"now")
    sink.full = True
    assert not stream.send(b"too much")
    sink.full = False
    assert stream.send(b"again")
    assert sink.got == [b"now", b"again"]


def test_whoever_asks_hears_of_the_end_once():
    stream, sink, heard = Stream(), Sink(), []
    stream.attach(sink)
    stream.on_gone(lambda: heard.append("a"))
    stream.on_gone(lambda: heard.append("b"))
    stream.end()
    stream.end()
    stream.gone()
    assert (heard, sink.finished, stream.open) == (["a", "b"], 1, False)
    stream.on_gone(lambda: heard.append("late"))
    assert heard == ["a", "b", "late"]
    assert not stream.send(b"x")
    assert sink.got == []


def test_one_that_fails_when_told_keeps_nobody_else_from_hearing():
    stream, heard = Stream(), []
    stream.on_gone(lambda: 1 / 0)
    stream.on_gone(lambda: heard.append(stream.send(b"x")))
    stream.on_gone(stream.end)
    stream.gone()
    assert heard == [False]


def test_one_that_was_ended_before_is_finished_when_it_is_attached():
    stream, sink = Stream(), Sink()
    stream.end()
    stream.attach(sink)
    assert sink.finished == 1


# -- on a connection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_", [GET, "GET /live HTTP/1.0\r\n\r\n", "GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]
)
def test_begins_with_a_head_without_length_and_goes_on(request_):
    wire = Live()
    lines, rest = wire.begun(request_)
    assert lines[0] == "HTTP/1.1 200 OK"
    names = {line.partition(":")[0] for line in lines[1:]}
    assert names == {"Content-Type", "Date", "Connection"}
    assert "Connection: close" in lines
    assert rest == b": hello\n\n"
    assert wire.stream.send(b"data: 1\n\n")
    assert wire.stream.send(b"data: 2\n\n")
    assert wire.taken() == b"data: 1\n\ndata: 2\n\n"
    assert not wire.transport.closed
    wire.stream.end()
    assert wire.transport.disconnecting
    assert not wire.stream.send(b"data: 3\n\n")
    assert wire.taken() == b""
    wire.lose()
    assert wire.gone == [False]
    assert wire.observed == [("live", 200, 0.0)]
    assert wire.listener.connections == 0


def test_a_handler_may_take_its_time():
    for kind in (Later, Deferred):
        wire = Live()
        waiting, response = kind(), wire.response
        wire.response = waiting
        wire.send(GET)
        wire.reactor.advance(7)
        (waiting.answer if kind is Later else waiting.callback)(response)
        assert wire.taken().endswith(b"\r\n\r\n: hello\n\n")
        assert wire.stream.send(b"x")
        assert wire.observed == [("live", 200, 7.0)]


def test_head_gets_the_head_only():
    wire = Live()
    lines, rest = wire.begun(GET.replace("GET", "HEAD"))
    assert (lines[0], rest) == ("HTTP/1.1 200 OK", b"")
    assert not any(line.startswith("Content-Length") for line in lines)
    assert wire.gone == [False]
    assert wire.transport.disconnecting


def test_one_that_was_ended_already_is_an_answer_of_its_first_bytes():
    wire = Live()
    wire.stream.end()
    _, rest = wire.begun()
    assert rest == b": hello\n\n"
    assert wire.transport.disconnecting


def test_what_the_client_sends_meanwhile_is_not_read_as_requests_nor_kept():
    wire = Live()
    wire.send(GET + GET)
    wire.send("nonsense" * 10_000)
    assert wire.asked == 1
    assert wire.channel._buffer == b""
    assert wire.transport.producerState == "producing"
    assert wire.stream.send(b"still here")
    wire.stream.end()
    assert wire.asked == 1


def test_a_client_that_sent_much_before_the_answer_is_seen_to_leave():
    """It was not read from any more; now it must be."""
    wire = Live()
    later, response = Later(), wire.response
    wire.response = later
    wire.send(GET)
    wire.send("x" * 20_000)
    assert wire.transport.producerState == "paused"
    later.answer(response)
    assert wire.transport.producerState == "producing"
    assert wire.channel._buffer == b""
    wire.channel.pauseProducing()
    wire.stream.end()
    wire.send("x" * 20_000)
    assert wire.transport.producerState == "paused", "while the end waits for the client, it is not read without bound"


@pytest.mark.parametrize("leave", ["lose", "half"])
def test_a_client_that_leaves(leave):
    wire = Live()
    wire.begun()
    if leave == "lose":
        wire.lose()
    else:  # what the end of a browser's connection looks like, before anything is sent to it
        wire.channel.readConnectionLost()
        assert wire.transport.disconnecting
    assert wire.gone == [False]
    assert not wire.stream.send(b"x")
    wire.stream.end()
    if leave == "half":
        wire.lose()
    assert wire.gone == [False]
    assert wire.reactor.getDelayedCalls() == []


@pytest.mark.parametrize("half", [False, True])
def test_a_client_that_left_before_the_answer(half):
    wire = Live()
    later, response = Later(), wire.response
    wire.response = later
    wire.send(GET)
    if half:
        wire.channel.readConnectionLost()
    else:
        wire.lose()
    later.answer(response)
    assert wire.gone == [False]
    assert wire.taken().endswith(b"\r\n\r\n: hello\n\n") is half
    assert wire.transport.disconnecting is half
    assert len(wire.observed) == 1


# -- clients that do not read ------------------------------------------------------------------------------------------


def test_what_a_client_does_not_take_is_thrown_away():
    wire = Live()
    wire.begun()
    wire.channel.pauseProducing()
    assert not wire.stream.send(b"lost")
    assert wire.taken() == b""
    wire.channel.resumeProducing()
    assert wire.stream.send(b"kept")
    assert wire.taken() == b"kept"


def test_one_that_takes_nothing_for_long_is_dropped():
    wire = Live(limits=HttpLimits(idle_timeout_s=60))
    wire.begun()
    wire.reactor.advance(100_000)
    assert not wire.transport.closed, "nothing to send is no fault of its own"
    wire.channel.pauseProducing()
    wire.reactor.advance(59)
    wire.channel.resumeProducing()
    wire.reactor.advance(59)
    wire.channel.pauseProducing()
    wire.reactor.advance(59)
    assert (wire.gone, wire.transport.aborted) == ([], False)
    wire.reactor.advance(1)
    assert (wire.gone, wire.transport.aborted) == ([False], True)


def test_one_that_does_not_take_the_first_bytes_is_dropped():
    wire = Live(limits=HttpLimits(idle_timeout_s=60))
    write = wire.transport.write
    wire.transport.write = lambda data: (write(data), wire.channel.pauseProducing())
    wire.begun()
    assert not wire.stream.send(b"lost")
    wire.reactor.advance(60)
    assert (wire.gone, wire.transport.aborted) == ([False], True)


def test_an_end_waits_for_what_was_sent():
    wire = Live(limits=HttpLimits(idle_timeout_s=60))
    wire.begun()
    wire.channel.pauseProducing()
    wire.stream.end()
    assert wire.gone == [False]
    assert not wire.transport.closed
    wire.channel.resumeProducing()
    assert wire.transport.disconnecting


def test_but_not_for_ever():
    wire = Live(limits=HttpLimits(idle_timeout_s=60))
    wire.begun()
    wire.channel.pauseProducing()
    wire.stream.end()
    wire.reactor.advance(60)
    assert wire.transport.aborted


# -- stops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
def test_a_stop_ends_it_at_once(full):
    wire = Live()
    wire.begun()
    if full:
        wire.channel.pauseProducing()
    stopped = wire.listener.stop(10)
    assert wire.gone == [False]
    assert wire.transport.aborted is full
    assert wire.transport.disconnecting is not full
    wire.lose()
    assert stopped.called


def test_an_answer_that_comes_during_a_stop_does_not_go_on():
    wire = Live()
    later, response = Later(), wire.response
    wire.response = later
    wire.send(GET)
    wire.listener.stop(10)
    later.answer(response)
    assert wire.taken().endswith(b"\r\n\r\n: hello\n\n")
    assert wire.gone == [False]
    assert wire.transport.disconnecting
