"""HTTP workers as processes: what they answer, how they are replaced, and starts that fail."""

import contextlib
import http.client
import os
import signal
import sys
import time

import msgspec
import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.app.edge import COMMAND, RelayedCertificate
from smsgwd.net import edge_child, edge_core
from smsgwd.net.edge_core import HttpWorkers, WorkersFailed
from smsgwd.net.edge_frames import Log, Setup
from smsgwd.net.http_message import HttpResponse, Later
from smsgwd.net.http_server import HttpLimits
from smsgwd.net.http_stream import Stream
from smsgwd.net.tls import TlsError
from smsgwd.net.turn import Turn
from tests.scenario.certificates import Authority


class ProcessTests(TestCase):
    timeout = 60

    def workers(self, handler, count=1, command=COMMAND, **limits):
        self.ups, self.observed = [], []
        found = HttpWorkers(
            reactor,
            Turn(reactor),
            handler,
            Setup(0, [], (-1, 0), msgspec.structs.asdict(HttpLimits(**limits)), [], "", "", Log()),
            command,
            count,
            observer=lambda *what: self.observed.append(what),
            on_up=self.ups.append,
        )
        self.addCleanup(lambda: found.stop(0.2))
        return found

    def until(self, condition):
        @inlineCallbacks
        def look():
            while not condition():
                yield deferLater(reactor, 0.01, lambda: None)

        return look()

    @staticmethod
    def ask(port, path, body=None, host="127.0.0.1"):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    @inlineCallbacks
    def test_every_kind_of_answer(self):
        def handle(request):
            if request.path == "/later":
                later = Later()
                reactor.callLater(0.01, later.answer, HttpResponse(202, body=b"later"))
                return later
            if request.path == "/deferred":
                return deferLater(reactor, 0.01, HttpResponse, 200, (), b"deferred")
            if request.path == "/raises":
                raise RuntimeError("boom")
            if request.path == "/fails":
                deferred = Deferred()
                reactor.callLater(0.01, deferred.errback, RuntimeError("boom"))
                return deferred
            return HttpResponse(200, (("X-Length", str(len(request.body))),), request.body * 2)

        workers = self.workers(handle, 2, max_body=4_000_000)
        port, other = workers.listen("127.0.0.1", 0), workers.listen("::1", 0)
        yield workers.start()
        self.assertEqual((workers.up, workers.wanted, self.ups[-1], len(workers.pids)), (2, 2, 2, 2))
        self.assertEqual((yield deferToThread(self.ask, port, "/later")), (202, b"later"))
        self.assertEqual((yield deferToThread(self.ask, other, "/deferred", None, "::1")), (200, b"deferred"))
        for path in ("/raises", "/fails"):
            status, body = yield deferToThread(self.ask, port, path)
            self.assertEqual((status, b"boom" in body), (500, False))
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        large = os.urandom(3_500_000)
        status, body = yield deferToThread(self.ask, port, "/", large)
        self.assertEqual((status, body), (200, large * 2))

    @inlineCallbacks
    def test_one_that_stands_still_is_replaced(self):
        self.patch(edge_child, "_PING_EVERY_S", 0.15)
        workers = self.workers(lambda request: HttpResponse(200, body=b"x"))
        port = workers.listen("127.0.0.1", 0)
        yield workers.start()
        (victim,) = workers.pids
        os.kill(victim, signal.SIGSTOP)
        answer = deferToThread(self.ask, port, "/")  # waits in the socket until somebody accepts it
        yield self.until(lambda: workers.pids not in ([], [victim]))
        self.assertEqual((yield answer), (200, b"x"))
        self.assertEqual(self.ups[:3], [1, 0, 1])

    @inlineCallbacks
    def test_what_a_killed_one_had_asked_runs_to_its_end(self):
        asked = []

        def handle(request):
            asked.append(Later())
            return asked[-1]

        workers = self.workers(handle)
        port = workers.listen("127.0.0.1", 0)
        yield workers.start()
        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: asked)
        os.kill(workers.pids[0], signal.SIGKILL)
        yield client.addCallbacks(self.fail, lambda failure: failure.trap(OSError, http.client.HTTPException))
        yield self.until(lambda: workers.up == 1)
        asked[0].answer(HttpResponse(202, route="r"))
        self.assertEqual([(route, status) for route, status, _ in self.observed], [("r", 202)])
        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: len(asked) == 2)
        asked[1].answer(HttpResponse(204))
        self.assertEqual((yield client), (204, b""))

    @inlineCallbacks
    def test_an_answer_that_goes_on(self):
        """Through its end, a worker that is killed, and a stop."""
        streams, gone = [], []

        def handle(request):
            stream = Stream()
            streams.append(stream)
            stream.on_gone(lambda: gone.append(stream))
            return HttpResponse(200, (), b"first ", "live", stream)

        workers = self.workers(handle)
        port = workers.listen("127.0.0.1", 0)
        yield workers.start()
        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: streams)
        self.assertTrue(streams[0].send(b"second"))
        streams[0].end()
        self.assertEqual((yield client), (200, b"first second"))

        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: len(streams) == 2)
        os.kill(workers.pids[0], signal.SIGKILL)
        yield client.addErrback(lambda failure: failure.trap(OSError, http.client.HTTPException))
        yield self.until(lambda: gone == streams)
        yield self.until(lambda: workers.up == 1)

        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: len(streams) == 3)
        yield workers.stop(1000)  # longer than a test may take
        self.assertEqual((yield client), (200, b"first "))
        self.assertEqual(gone, streams)

    @inlineCallbacks
    def test_a_stop_has_a_limit(self):
        asked = []
        workers = self.workers(lambda request: asked.append(Later()) or asked[-1])
        port = workers.listen("127.0.0.1", 0)
        yield workers.start()
        client = deferToThread(self.ask, port, "/")
        yield self.until(lambda: asked)
        begun = time.monotonic()
        yield workers.stop(0.2)
        self.assertLess(time.monotonic() - begun, 5)
        yield client.addCallbacks(self.fail, lambda failure: failure.trap(OSError, http.client.HTTPException))
        self.assertEqual(workers.pids, [])

    @inlineCallbacks
    def test_one_that_cannot_begin_is_a_start_that_fails(self):
        workers = self.workers(None, 2, (sys.executable, "-c", "raise SystemExit(3)"))
        workers.listen("127.0.0.1", 0)
        failure = yield self.assertFailure(workers.start(), WorkersFailed)
        self.assertIn("ended with status 3", str(failure))
        yield self.until(lambda: not workers.pids)

    @inlineCallbacks
    def test_one_that_never_begins_is_a_start_that_fails(self):
        self.patch(edge_core, "_START_LIMIT_S", 0.2)
        workers = self.workers(None, 1, (sys.executable, "-c", "import time; time.sleep(60)"))
        workers.listen("127.0.0.1", 0)
        yield self.assertFailure(workers.start(), WorkersFailed)
        yield self.until(lambda: not workers.pids)

    @inlineCallbacks
    def test_no_such_command(self):
        workers = self.workers(None, 2, ("no-such-command-at-all",))
        failure = yield self.assertFailure(workers.start(), WorkersFailed)
        self.assertIn("HTTP worker 1", str(failure))


def test_only_a_good_certificate_is_relayed(tmp_path):
    files = Authority(tmp_path, "authority").sign("server")
    certificate = RelayedCertificate(*files)
    relayed = []
    certificate.relay = lambda: relayed.append(1)
    certificate.reload()
    assert relayed == [1]
    files.key.write_text("nonsense")
    with pytest.raises(TlsError):
        certificate.reload()
    assert relayed == [1]
