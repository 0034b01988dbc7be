"""Answers that go on, between the gateway and a worker: what each end says, and how much it lets go."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.net.edge_child import EdgeChild
from smsgwd.net.edge_frames import (
    MOST_UNANSWERED,
    Answered,
    Asked,
    Begun,
    End,
    Gone,
    More,
    Requests,
    Setup,
    Splitter,
    Taken,
    ToGateway,
    ToWorker,
    encode,
)
from smsgwd.net.edge_link import EdgeLink
from smsgwd.net.edge_streams import WINDOW, Relays
from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.http_stream import Stream
from smsgwd.net.turn import Turn


class Wire:
    """A transport that keeps what is written, as messages."""

    def __init__(self, kinds):
        self.splitter = Splitter(kinds)
        self.said = []
        self.aborted = False

    def write(self, data):
        self.said += self.splitter.feed(data)

    def registerProducer(self, producer, streaming):
        assert streaming

    def pauseProducing(self):
        pass

    def resumeProducing(self):
        pass

    def abortConnection(self):
        self.aborted = True

    def taken(self):
        said, self.said = self.said, []
        return said


class Gateway:
    """The gateway's end; `handler` answers with a stream of its own for each request."""

    def __init__(self, handler=None):
        self.clock = Clock()
        self.streams, self.gone, self.observed = [], [], []
        self.child = EdgeChild(
            self.clock,
            Turn(self.clock),
            handler or self.handle,
            1,
            [],
            setup=lambda number: Setup(number, [], (-1, 0), {}, [], "", "", None),
            observer=lambda *what: self.observed.append(what),
            changed=lambda number, how: None,
        )
        self.wire = Wire(ToWorker)
        self.child._link = self.link = self.child._new_link(1 << 20)
        self.link.makeConnection(self.wire)

    def response(self):
        stream = Stream()
        self.streams.append(stream)
        number = len(self.streams)
        stream.on_gone(lambda: self.gone.append(number))
        return HttpResponse(200, (("A", "b"),), b"first", "live", stream)

    def handle(self, request):
        return self.response()

    def hears(self, message):
        self.link.dataReceived(encode(message))

    def asks(self, *numbers):
        self.hears(Requests(0.0, [Asked("GET", "/", [], {}, b"", "192.0.2.1", number=n) for n in numbers]))


def test_begins_goes_on_and_ends():
    gateway = Gateway()
    gateway.asks(7)
    (stream,) = gateway.streams
    assert stream.send(b"more")
    stream.end()
    assert not stream.send(b"too late")
    begun = Begun(Answered(7, 200, (("A", "b"),), b"first"))
    assert gateway.wire.taken() == [begun, More(7, b"more"), End(7)]
    assert gateway.gone == [1]
    assert gateway.observed == [("live", 200, 0.0)]
    assert len(gateway.child._streams) == 0
    gateway.hears(Gone(7))  # crossed the End
    gateway.hears(Taken(7, 4))
    assert (gateway.gone, gateway.wire.aborted) == ([1], False)


@pytest.mark.parametrize("kind", [Later, Deferred])
def test_begins_later(kind):
    waiting = kind()
    gateway = Gateway(lambda request: waiting)
    gateway.asks(7)
    (waiting.answer if kind is Later else waiting.callback)(gateway.response())
    assert [type(each) for each in gateway.wire.taken()] == [Begun]


def test_one_that_was_ended_already():
    gateway = Gateway(lambda request: response)
    response = gateway.response()
    gateway.streams[0].end()
    gateway.asks(7)
    assert [type(each) for each in gateway.wire.taken()] == [Begun, End]
    assert len(gateway.child._streams) == 0


def test_is_no_request_that_waits():
    gateway = Gateway()
    for n in range(MOST_UNANSWERED + 5):
        gateway.asks(n)
    assert not gateway.wire.aborted
    assert len(gateway.streams) == MOST_UNANSWERED + 5


def test_each_client_that_leaves_ends_its_own():
    gateway = Gateway()
    gateway.asks(7, 8)
    gateway.wire.taken()
    gateway.hears(Gone(8))
    assert gateway.gone == [2]
    assert gateway.streams[0].send(b"x")
    assert not gateway.streams[1].send(b"y")
    gateway.streams[1].end()
    assert gateway.wire.taken() == [More(7, b"x")]


def test_a_worker_that_is_lost_ends_all():
    gateway = Gateway()
    gateway.asks(7, 8)
    gateway.link.connectionLost()
    assert gateway.gone == [1, 2]
    assert not gateway.streams[0].send(b"x")


def test_an_answer_for_a_worker_that_is_lost_does_not_begin():
    waiting = Later()
    gateway = Gateway(lambda request: waiting)
    gateway.asks(7)
    gateway.link.connectionLost()
    waiting.answer(gateway.response())
    assert gateway.gone == [1]
    assert [status for _, status, _ in gateway.observed] == [200]


def test_no_more_than_a_window_is_let_go():
    gateway = Gateway()
    gateway.asks(7, 8)
    first, second = gateway.streams
    sent = 0
    while first.send(b"x" * 1000):
        sent += 1000
    assert WINDOW <= sent < WINDOW + 1000
    assert second.send(b"others have windows of their own")
    gateway.hears(Taken(7, 2000))
    assert [first.send(b"x" * 1000) for _ in range(4)] == [True, True, False, False]
    assert not gateway.wire.aborted


def test_nothing_is_let_go_to_a_worker_that_reads_nothing():
    gateway = Gateway()
    gateway.asks(7)
    gateway.link.pauseProducing()
    assert not gateway.streams[0].send(b"x")
    gateway.link.resumeProducing()
    assert gateway.streams[0].send(b"x")


@pytest.mark.parametrize("size", [-1, 5, 1 << 60])
def test_a_worker_that_took_what_cannot_be_is_given_up(size):
    gateway = Gateway()
    gateway.asks(7)
    gateway.streams[0].send(b"four")
    gateway.hears(Taken(7, size))
    assert gateway.wire.aborted


class Client:
    """The connection a worker has: a Sink."""

    def __init__(self):
        self.full, self.got, self.finished = False, b"", 0

    def more(self, data):
        self.got += data

    def finish(self):
        self.finished += 1


@pytest.fixture
def worker():
    """The worker's end of one stream: what it says, the relays, the stream and its client."""
    wire = Wire(ToGateway)
    link = EdgeLink(Splitter(ToWorker), lambda message: None, lambda why: None)
    link.makeConnection(wire)
    relays = Relays(link)
    stream, client = relays.begin(7), Client()
    stream.attach(client)
    return wire, relays, stream, client


def test_what_comes_is_sent_on_and_in_the_end_said_to_be_taken(worker):
    wire, relays, _, client = worker
    for _ in range(2 * WINDOW // 1024):
        relays.more(More(7, b"x" * 1024))
    assert wire.taken() == [Taken(7, WINDOW // 2)] * 4
    assert len(client.got) == 2 * WINDOW
    relays.end(7)
    assert (client.finished, wire.taken()) == (1, [])


def test_a_full_client_takes_what_was_let_go_and_says_so_when_there_is_room(worker):
    wire, relays, stream, client = worker
    client.full = True
    relays.more(More(7, b"x" * WINDOW))
    assert (len(client.got), wire.taken()) == (WINDOW, [])
    client.full = False
    stream.room()
    assert wire.taken() == [Taken(7, WINDOW)]
    stream.room()
    assert wire.taken() == []


def test_a_client_that_leaves_is_told_of_once(worker):
    wire, relays, stream, client = worker
    stream.gone()
    assert wire.taken() == [Gone(7)]
    relays.more(More(7, b"on its way"))
    relays.end(7)
    assert (client.got, client.finished, wire.taken()) == (b"", 0, [])
