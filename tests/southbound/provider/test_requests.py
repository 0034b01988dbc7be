"""How requests leave: once, in time, by a client that repeats nothing."""

from unittest.mock import patch

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.ports.push import HttpFailure
from smsgwd.providers import NoAnswer, NotSent, Reply, Request
from smsgwd.southbound.provider.requests import Errand, checked, client_for_plugins
from tests.net.http_peers import PeerFactory
from tests.net.test_http_client import authority_and_server


class Ticket:
    """Counts its ends."""

    def __init__(self):
        self.ends = 0

    def over(self, *about):
        self.ends += 1


class Gate:
    """Grants at once, or when told."""

    def __init__(self, at_once=True):
        self.at_once = at_once
        self.tickets, self.granted = [], []

    def ask(self, call, granted):
        self.tickets.append(Ticket())
        self.granted.append(granted)
        if self.at_once:
            granted()
        return self.tickets[-1]


class RequestTests(TestCase):
    """Over loopback."""

    timeout = 20

    def setUp(self):
        self.server = PeerFactory()
        self.port = reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/api"
        self.client = client_for_plugins(reactor)
        self.addCleanup(self.client.close)
        self.gate = Gate()

    def errand(self, request, connect_s=5.0, answer_s=5.0):
        self.ended = Deferred()
        return Errand(request, connect_s, answer_s, self.client, lambda errand, outcome: self.ended.callback(outcome))

    @inlineCallbacks
    def outcome(self, request, **limits):
        self.last = self.errand(request, **limits)
        self.last.begin(self.gate, 1, lambda errand: None)
        outcome = yield self.ended
        assert [ticket.ends for ticket in self.gate.tickets] == [1] * len(self.gate.tickets)
        return outcome

    @inlineCallbacks
    def test_a_reply(self):
        self.server.answer = lambda peer, request: peer.ok(b"hi", b"302 Found")
        reply = yield self.outcome(Request.form(self.url, {"a": "b c"}))
        self.assertEqual((reply.status, reply.body), (302, b"hi"))
        self.assertTrue(self.server.requests[0].endswith(b"a=b+c"))
        self.assertTrue(self.last.written)

    @inlineCallbacks
    def test_a_long_query(self):
        reply = yield self.outcome(Request.get(self.url, {"text": "ж" * 1000}))
        self.assertEqual(reply.status, 200)
        self.assertIn(b"%D0%B6" * 1000, self.server.requests[0])

    @inlineCallbacks
    def test_a_query_with_other_characters(self):
        yield self.outcome(Request("GET", self.url + "?to=a,b:c/d"))
        self.assertIn(b"GET /api?to=a,b:c/d HTTP/1.1", self.server.requests[0])

    @inlineCallbacks
    def test_requests_that_cannot_be_made(self):
        for url in ("ftp://x/", "http://user:hunter2@127.0.0.1/", "http://127.0.0.1/a b", "nothing"):
            outcome = yield self.outcome(Request.get(url))
            self.assertIsInstance(outcome, NotSent)
            self.assertNotIn("hunter2", str(outcome))
        outcome = yield self.outcome(Request("GET", self.url, {"Host": "x"}))
        self.assertIsInstance(outcome, NotSent)
        self.assertEqual(self.server.requests, [])

    @inlineCallbacks
    def test_no_such_host(self):
        with patch.object(self.client.resolver, "addresses", lambda host: _failing()):
            outcome = yield self.outcome(Request.get("http://provider.invalid/"))
        self.assertIsInstance(outcome, NotSent)
        self.assertIn("host not found", str(outcome))

    @inlineCallbacks
    def test_the_requests_own_time_is_no_longer_than_the_connectors(self):
        self.server.answer = lambda peer, request: None
        for own, most in ((0.1, 1e4), (1e4, 0.1)):
            outcome = yield self.outcome(Request("GET", self.url, timeout_s=own), answer_s=most)
            self.assertIsInstance(outcome, NoAnswer)

    @inlineCallbacks
    def test_time_to_connect_is_apart_from_time_to_answer(self):
        self.server.answer = lambda peer, request: reactor.callLater(0.7, peer.ok)
        outcome = yield self.outcome(Request.get(self.url), connect_s=0.3)
        self.assertIsInstance(outcome, Reply)

    @inlineCallbacks
    def test_a_server_that_never_gets_through_the_handshake(self):
        class Silent(Protocol):
            pass

        port = reactor.listenTCP(0, Factory.forProtocol(Silent), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        outcome = yield self.outcome(Request.get(f"https://127.0.0.1:{port.getHost().port}/"), connect_s=0.2)
        self.assertIsInstance(outcome, NotSent)
        self.assertEqual(str(outcome), "timed out in the TLS handshake")

    @inlineCallbacks
    def test_a_certificate_of_nobody_we_know(self):
        _, certificate = authority_and_server("localhost")
        port = reactor.listenSSL(0, self.server, certificate, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        outcome = yield self.outcome(Request.get(f"https://127.0.0.1:{port.getHost().port}/"))
        self.assertIsInstance(outcome, NotSent)
        self.assertEqual(self.server.requests, [])

    @inlineCallbacks
    def test_over_tls_on_one_connection(self):
        root, certificate = authority_and_server("localhost")
        port = reactor.listenSSL(0, self.server, certificate, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.client = client_for_plugins(reactor, trust_root=root)
        self.addCleanup(self.client.close)
        for _ in range(3):
            reply = yield self.outcome(Request.get(f"https://localhost:{port.getHost().port}/"))
            self.assertEqual(reply.status, 200)
        self.assertEqual(len(self.server.peers), 1)

    def test_given_up_before_its_permit(self):
        self.gate.at_once = False
        errand = self.errand(Request.get(self.url))
        errand.begin(self.gate, 1, lambda errand: None)
        errand.give_up()
        errand.give_up()
        self.gate.granted[0]()
        self.assertEqual((errand.written, self.gate.tickets[0].ends), (False, 1))
        self.assertNoResult(self.ended)

    @inlineCallbacks
    def test_given_up_while_it_connects_or_waits(self):
        errand = self.errand(Request.get(self.url))
        errand.begin(self.gate, 1, lambda errand: None)
        errand.give_up()
        self.assertIsInstance(errand.outcome, NotSent)
        self.assertFalse(errand.written)
        there = Deferred()
        self.server.answer = lambda peer, request: there.callback(None)
        errand = self.errand(Request.get(self.url))
        errand.begin(self.gate, 1, lambda errand: None)
        yield there
        errand.give_up()
        self.assertIsInstance(errand.outcome, NoAnswer)
        self.assertTrue(errand.written)
        self.assertEqual([ticket.ends for ticket in self.gate.tickets], [1, 1])


class OnceTests(TestCase):
    """The client's own part of it."""

    timeout = 20

    def setUp(self):
        self.server = PeerFactory()
        self.port = reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/"

    def client(self, **options):
        made = LeanHttpClient(reactor, allow_private_targets=True, **options)
        self.addCleanup(made.close)
        return made

    def closing(self, peer, request):
        """Answers the first request of a connection and takes the second one's place away."""
        if len(peer.requests) == 1:
            peer.ok()
        else:
            peer.transport.abortConnection()

    @inlineCallbacks
    def test_repeated_only_where_that_is_allowed(self):
        self.server.answer = self.closing
        client = self.client()
        for _ in range(2):
            answer = yield client.post(self.url, {}, b"x", 5)
            self.assertEqual(answer.status, 200)
        self.assertEqual(len(self.server.requests), 3)
        self.server.requests.clear()
        client = self.client(repeats=False)
        yield client.post(self.url, {}, b"x", 5)
        failure = yield self.assertFailure(client.post(self.url, {}, b"x", 5), HttpFailure)
        self.assertTrue(failure.sent)
        self.assertEqual(len(self.server.requests), 2)

    @inlineCallbacks
    def test_no_connection_that_was_idle_for_long(self):
        client = self.client(repeats=False, idle_s=0.0)
        for _ in range(3):
            yield client.post(self.url, {}, b"x", 5)
        self.assertEqual(len(self.server.peers), 3)
        client = self.client(repeats=False, idle_s=60.0)
        for _ in range(3):
            yield client.post(self.url, {}, b"x", 5)
        self.assertEqual(len(self.server.peers), 4)

    @inlineCallbacks
    def test_no_connection_whose_end_has_come_unread(self):
        client = self.client(repeats=False, idle_s=60.0)
        yield client.post(self.url, {}, b"x", 5)
        (connection,) = client._idle
        peer = self.server.peers[0]
        peer.transport.socket.shutdown(1)  # at once, so that our side has had no turn to see it
        self.assertFalse(connection.is_quiet())
        answer = yield client.post(self.url, {}, b"x", 5)
        self.assertEqual((answer.status, len(self.server.peers), len(self.server.requests)), (200, 2, 2))

    @inlineCallbacks
    def test_most_of_a_body(self):
        self.server.answer = lambda peer, request: peer.ok(b"x" * 200_000)
        answer = yield self.client().post(self.url, {}, b"", 5)
        self.assertEqual(len(answer.body), 65536)
        answer = yield self.client(most_body=300_000).post(self.url, {}, b"", 5)
        self.assertEqual(len(answer.body), 200_000)


def _failing():
    failing = Deferred()
    failing.errback(OSError("no name"))
    return failing


@pytest.mark.parametrize(
    "bad",
    [
        "http://127.0.0.1/",
        Request(b"GET", "http://127.0.0.1/"),
        Request("GET", b"http://127.0.0.1/"),
        Request("GET", "http://127.0.0.1/", [("a", "b")]),
        Request("GET", "http://127.0.0.1/", {"a": 5}),
        Request("GET", "http://127.0.0.1/", body="text"),
        Request("GET", "http://127.0.0.1/", timeout_s=0),
        Request("GET", "http://127.0.0.1/", timeout_s=float("nan")),
        Request("GET", "http://127.0.0.1/", timeout_s=True),
    ],
)
def test_what_is_no_request(bad):
    with pytest.raises(TypeError):
        checked(bad)
