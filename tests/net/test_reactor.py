"""The reactor on real sockets: what one protocol does wrong costs only its own connection."""

import socket
import subprocess
import sys
import threading
import time

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.python import log

from smsgwd.net.reactor import keep_time
from smsgwd.net.turn import Turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")


@pytest.fixture
def reactor():
    from smsgwd.net.reactor import GatewayReactor

    made = GatewayReactor()
    yield made
    for each in made.removeAll():
        each.connectionLost(None)
    made._poller.close()


@pytest.fixture
def errors():
    seen = []

    def observe(event):
        if event["isError"]:
            seen.append(event["failure"].value)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


def run(reactor, limit_s=10.0):
    """Run until something stops it; fails when nothing does."""
    late = []
    guard = reactor.callLater(limit_s, lambda: (late.append(1), reactor.stop()))
    reactor.run(installSignalHandlers=False)
    assert not late
    if guard.active():
        guard.cancel()


def listen(reactor, protocol):
    return reactor.listenTCP(0, Factory.forProtocol(protocol), interface="127.0.0.1").getHost().port


class Echo(Protocol):
    def dataReceived(self, data):
        if data == b"explode":
            raise RuntimeError("reads badly")
        self.transport.write(data)


class EndsBadly(Protocol):
    def connectionLost(self, reason):
        raise RuntimeError("ends badly")


def connect(port):
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.setblocking(False)
    return made


def ask(reactor, made, said, then):
    """Write to a socket that is none of the reactor's; `then` gets what comes back."""
    made.send(said)

    def look():
        try:
            then(made.recv(100))
        except BlockingIOError:
            reactor.callLater(0.005, look)

    reactor.callLater(0, look)


def test_a_protocol_that_explodes_loses_its_own_connection_only(reactor, errors):
    port = listen(reactor, Echo)
    one, other = connect(port), connect(port)
    heard = []

    def other_answered(data):
        heard.append(("other", data))
        reactor.stop()

    def one_ended(data):
        heard.append(("one", data))
        ask(reactor, other, b"hello", other_answered)

    reactor.callWhenRunning(ask, reactor, one, b"explode", one_ended)
    run(reactor)
    one.close()
    other.close()
    assert heard == [("one", b""), ("other", b"hello")]
    assert [str(error) for error in errors] == ["reads badly"]


def test_a_connection_that_ends_badly_is_logged_and_the_loop_goes_on(reactor, errors):
    bad, good = listen(reactor, EndsBadly), listen(reactor, Echo)
    one, other = connect(bad), connect(good)
    heard = []

    def answered(data):
        heard.append(data)
        if errors:
            reactor.stop()
        else:
            ask(reactor, other, b"again", answered)

    reactor.callWhenRunning(one.close)
    reactor.callWhenRunning(ask, reactor, other, b"hello", answered)
    run(reactor)
    other.close()
    assert heard[0] == b"hello" and [str(error) for error in errors] == ["ends badly"]


def test_timers_go_by_the_monotonic_clock_and_in_order(reactor):
    rang = []
    reactor.callLater(0.02, rang.append, "second")
    reactor.callLater(0.01, rang.append, "first")
    reactor.callLater(0.03, reactor.stop)
    begin = time.monotonic()
    run(reactor)
    assert rang == ["first", "second"] and time.monotonic() - begin >= 0.03
    assert abs(reactor.seconds() - time.monotonic()) < 1.0


def test_another_thread_wakes_it(reactor):
    where = []

    def other():
        reactor.callFromThread(lambda: (where.append(threading.current_thread()), reactor.stop()))

    thread = threading.Thread(target=other)
    reactor.callWhenRunning(reactor.callLater, 0.02, thread.start)
    run(reactor)
    thread.join()
    assert where == [threading.current_thread()]


def test_a_turn_ends_before_the_loop_waits_and_what_it_adds_does_not_wait_either(reactor, errors):
    ran = []

    def again():
        ran.append("again")
        reactor.callLater(0.01, reactor.stop)  # set at the end of a turn: the look for events must not miss it

    def end():
        ran.append("end")
        reactor.at_turn_end(again)

    def begin():
        reactor.at_turn_end(lambda: 1 / 0)
        reactor.at_turn_end(end)
        ran.append("begin")

    began = time.monotonic()
    reactor.callWhenRunning(begin)
    run(reactor)
    assert ran == ["begin", "end", "again"] and time.monotonic() - began < 5.0
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_a_turn_needs_no_timer_there(reactor):
    turn, ran = Turn(reactor), []
    turn.add(lambda: ran.append("late"))
    turn.add_early(lambda: (ran.append("early"), turn.add(lambda: (ran.append("its own"), reactor.stop()))))
    assert reactor.getDelayedCalls() == []
    run(reactor)
    assert ran == ["early", "late", "its own"]


def test_it_is_the_reactor_of_the_process_once_installed():
    program = (
        "from smsgwd.net.reactor import GatewayReactor, install\n"
        "install()\n"
        "from twisted.internet import reactor\n"
        "assert type(reactor) is GatewayReactor\n"
        "reactor.callLater(0.01, reactor.stop)\n"
        "reactor.run()\n"
        "print('over')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("over\n", "")


def test_another_reactor_keeps_the_monotonic_time_too():
    from twisted.internet.selectreactor import SelectReactor

    made = SelectReactor()
    keep_time(made)
    assert made.seconds is time.monotonic
    for each in made.removeAll():
        each.connectionLost(None)
