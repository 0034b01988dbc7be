"""One worker as the gateway's process sees it, without the process."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.net.edge_child import EdgeChild
from smsgwd.net.edge_frames import (
    MOST_UNANSWERED,
    Alive,
    Asked,
    Log,
    Ready,
    Refused,
    Requests,
    Setup,
    Splitter,
    ToWorker,
    encode,
)
from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.turn import Turn


class Wire:
    """A transport that keeps what is written."""

    def __init__(self):
        self.written = []
        self.aborted = False
        self.reading = True

    def write(self, data):
        self.written.append(data)

    def registerProducer(self, producer, streaming):
        assert streaming

    def pauseProducing(self):
        self.reading = False

    def resumeProducing(self):
        self.reading = True

    def abortConnection(self):
        self.aborted = True


class World:
    """A child with a link, and the handler's requests."""

    def __init__(self, handler=None):
        self.clock = Clock()
        self.asked, self.observed, self.changes = [], [], []
        self.child = EdgeChild(
            self.clock,
            Turn(self.clock),
            handler or self.handle,
            1,
            [],
            setup=lambda number: Setup(number, [], (-1, 0), {}, [], "", "", None),
            observer=lambda *what: self.observed.append(what),
            changed=lambda number, how: self.changes.append(how),
        )
        self.wire = Wire()
        self.child._link = self.link = self.child._new_link(1 << 20)
        self.link.makeConnection(self.wire)

    def handle(self, request):
        later = Later()
        self.asked.append((request, later))
        return later

    def says(self, message):
        self.link.dataReceived(encode(message))

    def asks(self, *numbers):
        self.says(Requests(0.0, [Asked("GET", f"/{n}", [], {}, b"", "192.0.2.1", number=n) for n in numbers]))

    def sent(self):
        """The answers written so far: number and status, by frame."""
        splitter = Splitter(ToWorker)
        return [
            [(each.number, each.status) for each in message.answered]
            for data in self.wire.written
            for message in splitter.feed(data)
        ]


def test_the_answers_of_a_turn_go_in_one_frame():
    world = World()
    world.asks(1, 2, 3)
    for (_, later), status in zip(reversed(world.asked), (200, 202, 404), strict=True):
        later.answer(HttpResponse(status, route="r"))
    assert world.sent() == []
    world.clock.advance(0.5)
    assert world.sent() == [[(3, 200), (2, 202), (1, 404)]]
    assert world.observed == [("r", 200, 0.0), ("r", 202, 0.0), ("r", 404, 0.0)]


def test_the_time_counts_from_the_worker():
    world = World(lambda request: HttpResponse(200, route="r"))
    world.clock.advance(3)
    world.says(Requests(1.0, [Asked("GET", "/", [], {}, b"", "", number=1)]))
    assert world.observed == [("r", 200, 2.0)]


def test_a_deferred_is_an_answer_too():
    later = Deferred()
    world = World(lambda request: later)
    world.asks(7)
    later.callback(HttpResponse(201))
    world.clock.advance(0)
    assert world.sent() == [[(7, 201)]]


def test_what_a_dead_worker_asked_is_done_and_not_answered():
    world = World()
    world.asks(1)
    world.link.connectionLost()
    world.asked[0][1].answer(HttpResponse(202, route="r"))
    world.clock.advance(0)
    assert world.sent() == []
    assert [status for _, status, _ in world.observed] == [202]


def test_a_worker_that_asks_without_end_is_given_up():
    world = World()
    world.asks(*range(MOST_UNANSWERED))
    for _, later in world.asked[:3]:
        later.answer(HttpResponse(200))
    world.clock.advance(0)
    world.asks(*range(3))
    assert not world.wire.aborted
    world.asks(1)
    assert world.wire.aborted
    assert len(world.asked) == MOST_UNANSWERED + 3


def test_a_worker_that_breaks_the_framing_is_given_up():
    world = World()
    world.link.dataReceived(b"\xff\xff\xff\xff")
    assert world.wire.aborted
    world.link.dataReceived(encode(Ready()))
    assert world.changes == []


def test_a_worker_that_takes_no_answers_is_not_listened_to():
    world = World()
    world.link.pauseProducing()
    assert not world.wire.reading
    world.link.resumeProducing()
    assert world.wire.reading


@pytest.mark.parametrize("at", [float("nan"), float("-inf"), float("inf"), 1e18, 1001.0, -5.0])
def test_a_time_that_cannot_be_is_not_counted(at):
    world = World(lambda request: HttpResponse(202, route="r"))
    world.clock.advance(1000)
    world.says(Requests(at, [Asked("POST", "/", [], {}, b"", "", number=1)]))
    assert world.observed == [("r", 202, 0.0)]


@pytest.mark.parametrize("status", [0, -400, 202, 399, 600, 1 << 60])
def test_a_worker_that_invents_statuses_is_given_up(status):
    world = World()
    world.says(Refused([400, status]))
    assert world.wire.aborted
    assert {status for _, status, _ in world.observed} <= {400}, "each status is a series of its own, kept for good"


def test_what_it_says_of_itself():
    world = World()
    world.says(Ready())
    world.says(Alive(12))
    world.says(Refused([400, 200]))
    assert (world.child.up, world.child.connections, world.changes) == (True, 12, [""])
    assert world.observed == [("", 400, 0.0), ("", 200, 0.0)]
    world.link.connectionLost()
    assert (world.child.up, world.child.connections) == (False, 0)


def test_it_is_asked_for_a_sign_of_life_once_it_is_up():
    world = World()
    killed = []
    world.child._process = type("Process", (), {"pid": 7, "kill": lambda self: killed.append(1)})()
    world.says(Ready())
    for _ in range(10):
        world.clock.advance(5)
        world.says(Alive(0))
    assert not killed
    world.clock.pump([5.0, 5.0, 5.0])
    assert not killed
    world.clock.advance(5)
    assert killed == [1]
    assert world.child._timer is None


def test_a_gateway_that_stood_still_blames_nobody():
    world = World()
    killed = []
    world.child._process = type("Process", (), {"pid": 7, "kill": lambda self: killed.append(1)})()
    world.says(Ready())
    world.clock.advance(100)  # the timer is late, and the worker's word is read after it
    world.says(Alive(0))
    world.clock.advance(5)
    assert not killed


def test_one_that_cannot_start_any_more_is_tried_less_and_less_often(monkeypatch):
    """However long the one before it was up."""
    world = World()
    child, started = world.child, []

    class Dead:
        pid = 7

        def __init__(self, *args, **options):
            started.append(world.clock.seconds())

        def poll(self):
            return 1

        def kill(self):
            pass

    monkeypatch.setattr("smsgwd.net.edge_child.subprocess.Popen", Dead)
    monkeypatch.setattr("smsgwd.net.edge_child.join", lambda reactor, ours, link: link.makeConnection(Wire()))
    limits = {"max_body": 1000, "max_headers": 1000}
    child._setup = lambda number: Setup(number, [], (-1, 0), limits, [], "", "", Log())
    child.start()
    child._link.dataReceived(encode(Ready()))
    world.clock.pump([5.0] * 3)
    child._link.dataReceived(encode(Alive(0)))
    world.clock.advance(100)
    child._link.dataReceived(encode(Alive(0)))
    for _ in range(600):
        if child._link is not None:
            child._link.connectionLost()
        world.clock.advance(0.1)
    assert len(started) < 15, started
    assert started[-1] - started[-2] > 9
    child.kill()
