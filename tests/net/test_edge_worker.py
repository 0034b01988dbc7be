"""The worker's side over real sockets, in this process, with the test as its gateway."""

import contextlib
import http.client
import socket

from twisted.internet import reactor
from twisted.internet.defer import gatherResults, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.net import edge_worker
from smsgwd.net.edge_frames import (
    Alive,
    Answered,
    Answers,
    Drain,
    Log,
    Ping,
    Ready,
    Refused,
    Requests,
    Setup,
    Splitter,
    ToGateway,
)
from smsgwd.net.edge_link import EdgeLink, join
from smsgwd.net.edge_shares import Shares
from smsgwd.net.edge_worker import EdgeWorker
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.listening import open_socket


class WorkerTests(TestCase):
    timeout = 20

    def begin(self, **setup):
        self.received, self.ends, self.configured = [], [], []
        ours, theirs = socket.socketpair()
        self.link = EdgeLink(Splitter(ToGateway), self.received.append, lambda why: None)
        join(reactor, ours, self.link)
        ours.close()
        self.worker = EdgeWorker(reactor, theirs.detach(), self.configured.append, self.ends.append)
        listening = open_socket("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        self.setup = Setup(
            **{
                "number": 3,
                "sockets": [(listening.detach(), int(socket.AF_INET))],
                "shares": (Shares.create(3), 3),
                "limits": {"max_body": 1000},
                "trusted_proxies": [],
                "certificate": "",
                "key": "",
                "log": Log(),
            }
            | setup
        )
        self.link.send(self.setup)
        self.addCleanup(self.finish)

    @inlineCallbacks
    def finish(self):
        if self.worker._listener is not None:
            yield self.worker._listener.stop(0.1)
        for link in (self.link, self.worker._link):
            link.break_off("the test ends")
        yield self.until(lambda: self.link.transport is None and self.worker._link.transport is None)

    @inlineCallbacks
    def until(self, condition):
        while not condition():
            yield deferLater(reactor, 0.005, lambda: None)

    def of(self, kind):
        return [message for message in self.received if isinstance(message, kind)]

    def asked(self):
        return [each for message in self.of(Requests) for each in message.asked]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answer(self, *asked):
        self.link.send(Answers([Answered(each.number, 200, (), each.path.encode()) for each in asked]))

    @inlineCallbacks
    def test_asks_and_answers(self):
        self.begin()
        yield self.until(lambda: self.of(Ready))
        self.assertEqual([each.number for each in self.configured], [3])
        got = deferToThread(self.get, "/a?b=c")
        yield self.until(self.asked)
        (asked,) = self.asked()
        self.assertEqual((asked.path, asked.query, asked.address), ("/a", [("b", "c")], "127.0.0.1"))
        self.assertEqual((asked.raw_query, asked.query_fault), ("b=c", ""))
        self.link.send(Ping())
        yield self.until(lambda: self.of(Alive))
        self.assertEqual(self.of(Alive)[0].connections, 1)
        self.answer(asked)
        self.assertEqual((yield got), (200, b"/a"))
        self.assertEqual(self.of(Refused), [])

    @inlineCallbacks
    def test_no_more_than_so_many_are_asked_at_once(self):
        self.patch(edge_worker, "MOST_UNANSWERED", 2)
        self.begin()
        got = [deferToThread(self.get, f"/{n}") for n in range(5)]
        yield self.until(lambda: len(self.worker._waiting) == 5)
        yield self.until(lambda: len(self.asked()) == 2)
        yield deferLater(reactor, 0.05, lambda: None)
        self.assertEqual(len(self.asked()), 2)
        for n in range(5):
            self.answer(self.asked()[n])
            yield self.until(lambda n=n: len(self.asked()) == min(5, n + 3))
        found = yield gatherResults(got)
        self.assertEqual(found, [(200, b"/%d" % n) for n in range(5)])

    @inlineCallbacks
    def test_a_gateway_that_does_not_read_is_not_written_to(self):
        self.begin(limits={"max_body": 1 << 20})
        yield self.until(lambda: self.of(Ready))
        self.link.transport.stopReading()

        def post(n):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            with contextlib.closing(connection):
                connection.request("POST", f"/{n}", b"x" * 600_000)
                return connection.getresponse().read()

        got = [deferToThread(post, n) for n in range(6)]
        yield self.until(lambda: len(self.worker._waiting) == 6)
        self.assertTrue(self.worker._link.full)
        self.assertGreater(len(self.worker._held), 0)
        self.link.transport.startReading()
        yield self.until(lambda: len(self.asked()) == 6)
        self.assertEqual([len(each.body) for each in self.asked()], [600_000] * 6)
        self.answer(*self.asked())
        for n, each in enumerate(got):
            self.assertEqual((yield each), b"/%d" % n)

    @inlineCallbacks
    def test_drains(self):
        self.begin()
        got = deferToThread(self.get, "/slow")
        yield self.until(self.asked)
        self.link.send(Drain(5.0))
        yield self.until(lambda: self.worker._listener.stopping)
        self.assertEqual(self.ends, [])
        self.answer(*self.asked())
        self.assertEqual((yield got), (200, b"/slow"))
        yield self.until(lambda: self.ends)
        self.assertEqual(self.ends, [0])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port))

    @inlineCallbacks
    def test_ends_without_its_gateway(self):
        self.begin()
        yield self.until(lambda: self.of(Ready))
        self.link.break_off("killed")
        yield self.until(lambda: self.ends)
        self.assertEqual(self.ends, [1])

    @inlineCallbacks
    def test_ends_when_it_cannot_begin(self):
        self.begin(certificate="no/such.crt", key="no/such.key")
        yield self.until(lambda: self.ends)
        self.assertEqual((self.ends, self.of(Ready)), ([1], []))

    @inlineCallbacks
    def test_tells_refusals_as_its_setup_says(self):
        self.begin()
        self.worker._configure = lambda setup: (
            lambda method, path, headers, refusal, detail: HttpResponse(
                200, (), f"{method} {path} {refusal.code}".encode()
            )
        )
        yield self.until(lambda: self.of(Ready))
        got = yield deferToThread(self.post, "/sms", b"x" * 1001)
        self.assertEqual(got, (200, b"POST /sms too_large"))
        yield self.until(lambda: self.of(Refused))
        self.assertEqual([each.statuses for each in self.of(Refused)], [[200]])

    def post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
