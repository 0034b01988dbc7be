"""The pool with time in the test's hands: idle connections, giving up while connecting, names that are looked up."""

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.ports.push import HttpFailure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Wire(StringTransport):
    """A transport that tells its protocol when it is aborted, one turn later."""

    def __init__(self, reactor):
        super().__init__()
        self.reactor = reactor
        self.aborted = False

    def setTcpNoDelay(self, enabled):
        pass

    def abortConnection(self):
        if not self.aborted:
            self.aborted = True
            self.reactor.callLater(0, self.protocol.connectionLost, Failure(ConnectionAborted()))


class Attempt:
    """One connectTCP."""

    def __init__(self, reactor, host, factory, timeout):
        self.reactor, self.host, self.factory, self.timeout = reactor, host, factory, timeout
        self.disconnected = False

    def disconnect(self):
        self.disconnected = True
        self.fail()

    def fail(self):
        self.factory.clientConnectionFailed(self, Failure(ConnectionRefusedError("refused")))

    def succeed(self):
        self.wire = Wire(self.reactor)
        self.wire.protocol = self.factory.buildProtocol(None)
        self.wire.protocol.makeConnection(self.wire)
        return self.wire


class FakeReactor(Clock):
    def __init__(self):
        super().__init__()
        self.attempts = []

    def connectTCP(self, host, port, factory, timeout):
        self.attempts.append(Attempt(self, host, factory, timeout))
        return self.attempts[-1]


class PoolCase(SynchronousTestCase):
    """A client of two connections a host, on connections that the test makes and answers."""

    def setUp(self):
        self.reactor = FakeReactor()
        self.lookups = {}
        self.client = LeanHttpClient(self.reactor, max_connections_per_host=2, lookup=self.lookup)

    def lookup(self, host):
        self.lookups[host] = Deferred()
        return self.lookups[host]

    def post(self, url="http://8.8.8.8/x", timeout=10.0):
        return self.client.post(url, {}, b"", timeout)

    def answer(self, wire, data=OK):
        wire.clear()
        wire.protocol.dataReceived(data)

    def run_for(self, seconds):
        for _ in range(int(seconds * 4)):
            self.reactor.advance(0.25)

    def clean_end(self):
        return Failure(ConnectionDone())


class PoolTests(PoolCase):
    def test_idle_connections_are_closed_after_half_a_minute(self):
        answers = [self.post(), self.post()]
        wires = [attempt.succeed() for attempt in self.reactor.attempts]
        self.answer(wires[0])
        self.run_for(20)
        self.assertNoResult(self.post(timeout=100))  # takes the idle one
        self.assertEqual(len(self.reactor.attempts), 2)
        self.failureResultOf(answers[1], HttpFailure)
        self.successResultOf(answers[0])
        self.answer(wires[0])
        self.run_for(29)
        self.assertFalse(wires[0].aborted)
        self.run_for(2)
        self.assertTrue(wires[0].aborted)
        self.assertEqual(self.client.connections, 0)
        self.assertEqual(self.client._pools, {})
        self.run_for(1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_the_longest_idle_connection_makes_room_for_a_new_one(self):
        wires = []
        for n in range(300):
            answer = self.post(f"http://8.8.{n // 200}.{n % 200}/")
            wires.append(self.reactor.attempts[-1].succeed())
            self.answer(wires[-1])
            self.successResultOf(answer)
            self.reactor.advance(0.01)
        self.assertEqual(self.client.connections, 256)
        self.assertEqual([wire.aborted for wire in wires], [True] * 44 + [False] * 256)
        self.assertEqual(len(self.client._pools), 256)
        self.post("http://8.8.1.99/")
        self.assertEqual(len(self.reactor.attempts), 300)

    def test_a_connection_closed_while_idle_is_forgotten(self):
        answer = self.post()
        wire = self.reactor.attempts[0].succeed()
        self.answer(wire)
        self.successResultOf(answer)
        wire.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.client.connections, self.client._pools, self.client._idle), (0, {}, {}))

    def test_a_deadline_while_connecting_gives_the_attempt_up(self):
        answer = self.post(timeout=3)
        self.run_for(2.75)
        self.assertNoResult(answer)
        self.run_for(0.5)
        failure = self.failureResultOf(answer, HttpFailure)
        self.assertEqual((str(failure.value), failure.value.sent), ("timed out connecting", False))
        self.assertTrue(self.reactor.attempts[0].disconnected)
        self.assertEqual(self.client._pools, {})

    def test_a_connection_that_comes_too_late_is_closed(self):
        answer = self.post(timeout=1)
        attempt = self.reactor.attempts[0]
        attempt.disconnect = lambda: None  # the socket had connected already
        self.run_for(1.25)
        self.failureResultOf(answer, HttpFailure)
        wire = attempt.succeed()
        self.assertEqual(wire.value(), b"")
        self.assertTrue(wire.aborted)
        self.reactor.advance(0)
        self.assertEqual(self.client.connections, 0)
        self.assertEqual(self.client._pools, {})

    def test_who_waits_has_the_place_of_a_connection_that_failed(self):
        answers = [self.post() for _ in range(4)]
        self.assertEqual(len(self.reactor.attempts), 2)
        self.reactor.attempts[0].fail()
        self.failureResultOf(answers[0], HttpFailure)
        self.assertEqual(len(self.reactor.attempts), 3)
        wire = self.reactor.attempts[2].succeed()
        self.answer(wire)
        self.successResultOf(answers[2])
        self.answer(wire)
        self.successResultOf(answers[3])
        self.assertNoResult(answers[1])

    def test_cancelled_while_waiting_or_under_way(self):
        answers = [self.post() for _ in range(3)]
        wire = self.reactor.attempts[0].succeed()
        for answer in (answers[2], answers[0]):
            answer.cancel()
            self.failureResultOf(answer, HttpFailure)
        self.assertTrue(wire.aborted)
        self.reactor.advance(0)
        self.assertEqual(len(self.reactor.attempts), 2)

    def test_a_replay_does_not_use_another_old_connection(self):
        first = [self.post(), self.post()]
        wires = [attempt.succeed() for attempt in self.reactor.attempts]
        for wire in wires:
            self.answer(wire)
        for answer in first:
            self.successResultOf(answer)
        answer = self.post()
        used = next(wire for wire in wires if wire.value())
        used.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.reactor.attempts), 3)
        self.assertEqual([bool(wire.value()) for wire in wires], [wire is used for wire in wires])
        fresh = self.reactor.attempts[2].succeed()
        self.assertTrue(fresh.value().startswith(b"POST /x HTTP/1.1\r\n"))
        fresh.protocol.connectionLost(Failure(ConnectionDone()))
        failure = self.failureResultOf(answer, HttpFailure)
        self.assertTrue(failure.value.sent)
        self.assertEqual(len(self.reactor.attempts), 3)

    def test_time_is_shared_among_addresses(self):
        answer = self.post("http://many.example/", timeout=9)
        self.lookups["many.example"].callback(["8.8.8.8", "8.8.4.4", "1.1.1.1"])
        self.assertEqual(self.reactor.attempts[0].timeout, 3)
        self.reactor.advance(3)
        self.reactor.attempts[0].fail()
        self.assertEqual((self.reactor.attempts[1].host, self.reactor.attempts[1].timeout), ("8.8.4.4", 3))
        self.reactor.attempts[1].fail()
        self.reactor.attempts[2].fail()
        failure = self.failureResultOf(answer, HttpFailure)
        self.assertFalse(failure.value.sent)

    def test_an_answer_with_a_clean_end(self):
        answer = self.post()
        wire = self.reactor.attempts[0].succeed()
        wire.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n\r\nhello")
        wire.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.successResultOf(answer).body, b"hello")

    def test_an_answer_with_a_broken_end(self):
        answer = self.post()
        wire = self.reactor.attempts[0].succeed()
        wire.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n\r\nhello")
        wire.protocol.connectionLost(Failure(ConnectionAborted()))
        self.failureResultOf(answer, HttpFailure)
