"""Answers that go on over real sockets: from a listener, and through a worker (in this process, over a socket pair)."""

import contextlib
import http.client
import itertools
import socket
import ssl
from pathlib import Path

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.net.edge_child import EdgeChild
from smsgwd.net.edge_frames import Drain, Log, Setup
from smsgwd.net.edge_link import join
from smsgwd.net.edge_shares import Shares
from smsgwd.net.edge_worker import EdgeWorker
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.http_stream import Stream
from smsgwd.net.listening import open_socket
from smsgwd.net.tls import server_options
from smsgwd.net.turn import Turn
from tests.scenario.certificates import Authority


def piece(number):
    """4 KiB that are like no others."""
    return b"%08d" % number * 512


class Cases:
    """What holds whoever has the connection. `files`: certificate and key, with TLS."""

    timeout = 30
    files = None

    def begin(self, **limits):
        self.streams, self.gone, self.observed = [], [], []
        self.limits = HttpLimits(**limits)
        self.serve()

    def handle(self, request):
        if request.path != "/live":
            return HttpResponse(200, (), b"plain")
        stream = Stream()
        stream.on_gone(lambda: self.gone.append(stream))
        self.streams.append(stream)
        return HttpResponse(200, (("Content-Type", "text/event-stream"),), b": hello\n\n", "live", stream)

    def observe(self, route, status, seconds):
        self.observed.append((route, status))

    @inlineCallbacks
    def until(self, condition):
        while not condition():
            yield deferLater(reactor, 0.005, lambda: None)

    def client(self):
        """A connection that has asked, and reads nothing by itself."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        made.settimeout(20)
        made.connect(("127.0.0.1", self.port))
        if self.files is not None:
            made = ssl.create_default_context(cafile=str(self.authority)).wrap_socket(made, server_hostname="localhost")
        self.addCleanup(made.close)
        made.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        return made

    @staticmethod
    def rest(client):
        """All that comes until the end; then it leaves, too."""
        found = b""
        with client:
            while data := client.recv(1 << 20):
                found += data
        return found

    def head(self, client):
        found = b""
        while not found.endswith(b": hello\n\n"):
            found += client.recv(4096)
        return found

    @inlineCallbacks
    def asked(self):
        client = yield deferToThread(self.client)
        yield self.until(lambda: self.streams)
        return client, self.streams[-1]

    @inlineCallbacks
    def fill(self, stream):
        """Send until the client has had enough; the pieces that were not thrown away."""
        sent, refused = [], 0
        while refused < 5:
            if stream.send(piece(len(sent))):
                sent.append(piece(len(sent)))
                refused = 0
                self.assertLess(len(sent), 8000, "32 MB are more than any socket buffer")
            else:
                refused += 1
                yield deferLater(reactor, 0.01, lambda: None)
        return sent

    @inlineCallbacks
    def test_goes_on_until_it_is_ended(self):
        self.begin()
        client, stream = yield self.asked()
        head = yield deferToThread(self.head, client)
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"))
        self.assertIn(b"\r\nConnection: close\r\n", head)
        self.assertNotIn(b"Content-Length", head)
        for n in range(3):
            self.assertTrue(stream.send(b"data: %d\n\n" % n))
            self.assertEqual((yield deferToThread(client.recv, 100)), b"data: %d\n\n" % n)
        self.assertTrue(stream.send(b"data: last\n\n"))
        stream.end()
        self.assertEqual((yield deferToThread(self.rest, client)), b"data: last\n\n")
        self.assertEqual(self.gone, [stream])
        self.assertEqual(self.observed, [("live", 200)])

    @inlineCallbacks
    def test_a_client_that_leaves_is_seen_at_once(self):
        self.begin()
        client, stream = yield self.asked()
        yield deferToThread(self.head, client)
        client.close()
        yield self.until(lambda: self.gone)
        self.assertFalse(stream.send(b"x"))
        self.assertEqual(self.gone, [stream])
        yield self.until(lambda: self.connections() == 0)

    @inlineCallbacks
    def test_a_slow_reader_gets_all_that_was_not_thrown_away(self):
        self.begin()
        client, stream = yield self.asked()
        sent = yield self.fill(stream)
        reading = deferToThread(self.rest, client)
        numbers = itertools.count(len(sent))
        enough = len(sent) + 300
        while len(sent) < enough:
            data = piece(next(numbers))
            if stream.send(data):
                sent.append(data)
            else:
                yield deferLater(reactor, 0.001, lambda: None)
        stream.end()
        found = yield reading
        self.assertTrue(found.partition(b"\r\n\r\n")[2] == b": hello\n\n" + b"".join(sent))

    @inlineCallbacks
    def test_one_that_never_reads_is_dropped(self):
        self.begin(idle_timeout_s=0.2)
        _, stream = yield self.asked()
        while not self.gone:
            stream.send(piece(0))
            yield deferLater(reactor, 0, lambda: None)
        yield self.until(lambda: self.connections() == 0)

    @inlineCallbacks
    def test_a_stop_ends_those_who_read_and_those_who_do_not(self):
        self.begin()
        reads, first = yield self.asked()
        yield deferToThread(self.head, reads)
        self.streams.clear()
        _, second = yield self.asked()
        yield self.fill(second)
        rest = deferToThread(self.rest, reads)
        yield self.stop(1000)  # longer than a test may take: none of them may hold it
        self.assertEqual((yield rest), b"")
        yield self.until(lambda: len(self.gone) == 2)
        self.assertEqual(set(self.gone), {first, second})

    @inlineCallbacks
    def test_head_and_plain_answers(self):
        self.begin()
        context = None if self.files is None else ssl.create_default_context(cafile=str(self.authority))

        def ask():
            if context is None:
                connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
            else:
                connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=context)
            with contextlib.closing(connection):
                connection.request("GET", "/plain")
                plain = connection.getresponse().read()
                connection.request("HEAD", "/live")
                answer = connection.getresponse()
                return plain, answer.status, answer.read(), answer.headers["Connection"]

        self.assertEqual((yield deferToThread(ask)), (b"plain", 200, b"", "close"))
        yield self.until(lambda: self.gone)

    def make_certificate(self):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        authority = Authority(folder, "authority")
        self.authority, self.files = authority.cert, authority.sign("server")


class ListenerTests(Cases, TestCase):
    """A listener of the gateway's own process."""

    def serve(self):
        tls = None if self.files is None else server_options(self.files.cert, self.files.key)
        self.listener = HttpListener(reactor, self.handle, self.limits, observer=self.observe, tls=tls)
        self.port = self.listener.listen("127.0.0.1", 0)
        self.addCleanup(lambda: self.listener.stop(0.5))

    def stop(self, limit_s):
        return self.listener.stop(limit_s)

    def connections(self):
        return self.listener.connections


class TlsListenerTests(ListenerTests):
    """The same with TLS."""

    def setUp(self):
        self.make_certificate()


class WorkerTests(Cases, TestCase):
    """A worker, and the gateway's end of it."""

    def serve(self):
        self.ends = []
        listening = open_socket("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        setup = Setup(
            1,
            [(listening.detach(), int(socket.AF_INET))],
            (Shares.create(1), 1),
            msgspec.structs.asdict(self.limits),
            [],
            *(("", "") if self.files is None else map(str, self.files)),
            Log(),
        )
        self.child = EdgeChild(
            reactor,
            Turn(reactor),
            self.handle,
            1,
            [],
            setup=lambda number: setup,
            observer=self.observe,
            changed=lambda number, how: None,
        )
        ours, theirs = socket.socketpair()
        self.child._link = link = self.child._new_link(1 << 20)
        join(reactor, ours, link)
        ours.close()
        self.worker = EdgeWorker(reactor, theirs.detach(), lambda setup: None, self.ends.append)
        link.send(setup)
        self.link = link
        self.addCleanup(self.finish)

    @inlineCallbacks
    def finish(self):
        if self.worker._listener is not None:
            yield self.worker._listener.stop(0.1)
        for link in (self.link, self.worker._link):
            link.break_off("the test ends")
        yield self.until(lambda: self.link.transport is None and self.worker._link.transport is None)

    @inlineCallbacks
    def stop(self, limit_s):
        self.link.send(Drain(limit_s))
        yield self.until(lambda: self.ends)

    def connections(self):
        return self.worker._listener.connections

    @inlineCallbacks
    def test_the_end_of_the_worker_is_the_end_of_its_streams(self):
        self.begin()
        _, stream = yield self.asked()
        self.worker._link.break_off("killed")
        yield self.until(lambda: self.gone)
        self.assertEqual((self.gone, stream.send(b"x"), len(self.child._streams)), ([stream], False, 0))

    @inlineCallbacks
    def test_neither_process_keeps_more_than_a_window_for_who_does_not_read(self):
        self.begin()
        _, stream = yield self.asked()
        yield self.fill(stream)
        (outlet,) = self.child._streams._open.values()
        (relay,) = self.worker._relays._open.values()
        self.assertLess(outlet.untaken, 70_000)
        self.assertEqual(outlet.untaken, relay._owed)
        self.assertFalse(self.link.full)


class TlsWorkerTests(WorkerTests):
    """The same with TLS."""

    def setUp(self):
        self.make_certificate()
