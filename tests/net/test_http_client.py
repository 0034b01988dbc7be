"""The client against real sockets on loopback: reuse, replay, deadlines, refusals, TLS."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed
from twisted.internet.ssl import Certificate, PrivateCertificate, trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.net.http_client import BadRequest, LeanHttpClient, TargetRefused
from smsgwd.net.http_client_dns import LookupFailed, Resolver, SystemLookup
from smsgwd.net.targets import MAX_URL
from smsgwd.ports.push import HttpFailure
from tests.net.http_peers import PeerFactory


class ClientCase(TestCase):
    timeout = 10

    def client(self, **options):
        options.setdefault("allow_private_targets", True)
        client = LeanHttpClient(reactor, **options)
        self.addCleanup(client.close)
        return client

    def serve(self, answer=None, on_connect=None, tls=None):
        factory = PeerFactory(answer, on_connect)
        if tls is None:
            port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        else:
            port = reactor.listenSSL(0, factory, tls, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        factory.port = port.getHost().port
        factory.url = f"http://127.0.0.1:{factory.port}/hook?a=b"
        return factory


class PlainTests(ClientCase):
    @inlineCallbacks
    def test_request_and_answer(self):
        server = self.serve(lambda peer, _: peer.ok(b"fine", b"201 Created"))
        answer = yield self.client().post(server.url, {"x-a": "1"}, b"body", 5)
        self.assertEqual((answer.status, answer.body, answer.headers["content-length"]), (201, b"fine", "4"))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        self.assertEqual(lines[0], b"POST /hook?a=b HTTP/1.1")
        self.assertIn(b"host: 127.0.0.1:%d" % server.port, lines)
        self.assertIn(b"x-a: 1", lines)
        self.assertIn(b"content-length: 4", lines)
        self.assertEqual(body, b"body")

    @inlineCallbacks
    def test_a_query_of_ours_is_added_to_that_of_the_url(self):
        server = self.serve()
        client = self.client()
        query = "sms=" + "%CE%B1" * MAX_URL
        for path, line in (("/hook?a=b", f"GET /hook?a=b&{query} HTTP/1.1"), ("/hook", f"GET /hook?{query} HTTP/1.1")):
            answer = yield client.get(f"http://127.0.0.1:{server.port}{path}", query, {"x-a": "1"}, 5)
            self.assertEqual(answer.status, 200)
            head, _, body = server.requests[-1].partition(b"\r\n\r\n")
            self.assertEqual(head.split(b"\r\n")[0].decode(), line)
            self.assertNotIn(b"content-length", head)
            self.assertEqual(body, b"")
        for bad in ("a b", "a\r\nb", "α=1", "a#b", 'a="'):
            yield self.assertFailure(client.get(server.url, bad, {}, 5), BadRequest)

    @inlineCallbacks
    def test_a_connection_is_used_again(self):
        server = self.serve()
        client = self.client()
        for _ in range(5):
            yield client.post(server.url, {}, b"x", 5)
        self.assertEqual((len(server.peers), len(server.requests)), (1, 5))

    @inlineCallbacks
    def test_one_request_at_a_time_a_connection_and_no_more_connections_than_allowed(self):
        held = []
        server = self.serve(lambda peer, _: held.append(peer))
        client = self.client(max_connections_per_host=2)
        answers = gatherResults([client.post(server.url, {}, b"%d" % n, 5) for n in range(6)])
        for _ in range(3):
            while len(held) < 2:
                yield deferLater(reactor, 0.005, lambda: None)
            self.assertEqual(len(held), 2)
            waiting, held[:] = held[:], []
            for peer in waiting:
                peer.ok()
        self.assertEqual(len((yield answers)), 6)
        self.assertEqual(len(server.peers), 2)
        self.assertEqual([request[-1:] for request in server.requests], [b"%d" % n for n in range(6)])

    @inlineCallbacks
    def test_closed_between_requests(self):
        server = self.serve()
        client = self.client()
        yield client.post(server.url, {}, b"1", 5)
        server.peers[0].transport.loseConnection()
        while client.connections:
            yield deferLater(reactor, 0.005, lambda: None)
        yield client.post(server.url, {}, b"2", 5)
        self.assertEqual((len(server.peers), len(server.requests)), (2, 2))

    @inlineCallbacks
    def test_closed_as_the_request_arrives_on_a_reused_connection_is_replayed_once(self):
        def answer(peer, _):
            if len(peer.requests) == 2:
                peer.transport.abortConnection()
            else:
                peer.ok()

        server = self.serve(answer)
        client = self.client()
        yield client.post(server.url, {}, b"1", 5)
        answered = yield client.post(server.url, {"webhook-id": "msg_2"}, b"2", 5)
        self.assertEqual(answered.status, 200)
        self.assertEqual([request[-1:] for request in server.requests], [b"1", b"2", b"2"])
        self.assertEqual(server.requests[1], server.requests[2])

    @inlineCallbacks
    def test_never_replayed_twice_nor_on_a_new_connection(self):
        first = [True]

        def answer(peer, _):
            if first:
                first.clear()
                peer.ok()
            else:
                peer.transport.loseConnection()

        server = self.serve(answer)
        client = self.client()
        yield client.post(server.url, {}, b"1", 5)
        error = yield self.assertFailure(client.post(server.url, {}, b"2", 5), HttpFailure)
        self.assertTrue(error.sent)
        self.assertEqual(len(server.requests), 3)
        yield self.assertFailure(client.post(server.url, {}, b"3", 5), HttpFailure)
        self.assertEqual(len(server.requests), 4)

    @inlineCallbacks
    def test_closed_after_the_first_byte_is_not_replayed(self):
        def answer(peer, _):
            if len(peer.requests) == 2:
                peer.transport.write(b"H")
                peer.transport.loseConnection()
            else:
                peer.ok()

        server = self.serve(answer)
        client = self.client()
        yield client.post(server.url, {}, b"1", 5)
        error = yield self.assertFailure(client.post(server.url, {}, b"2", 5), HttpFailure)
        self.assertIn("middle", str(error))
        self.assertEqual(len(server.requests), 2)

    @inlineCallbacks
    def test_no_answer_times_out_and_gives_the_connection_up(self):
        server = self.serve(lambda peer, _: None)
        client = self.client()
        error = yield self.assertFailure(client.post(server.url, {}, b"x", 0.2), HttpFailure)
        self.assertTrue(error.sent)
        self.assertEqual(str(error), "timed out waiting for the answer")
        while not server.lost:
            yield deferLater(reactor, 0.005, lambda: None)
        self.assertEqual(client.connections, 0)

    @inlineCallbacks
    def test_an_answer_that_trickles_times_out(self):
        def answer(peer, _):
            peer.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")

            def drip():
                if not server.lost:
                    peer.transport.write(b".")
                    reactor.callLater(0.02, drip)

            drip()

        server = self.serve(answer)
        yield self.assertFailure(self.client().post(server.url, {}, b"x", 0.3), HttpFailure)
        while not server.lost:
            yield deferLater(reactor, 0.01, lambda: None)
        yield deferLater(reactor, 0.03, lambda: None)

    @inlineCallbacks
    def test_waiting_for_a_connection_counts_towards_the_deadline(self):
        server = self.serve(lambda peer, _: None)
        client = self.client(max_connections_per_host=1)
        first = client.post(server.url, {}, b"1", 2)
        error = yield self.assertFailure(client.post(server.url, {}, b"2", 0.2), HttpFailure)
        self.assertEqual((str(error), error.sent), ("timed out waiting for a connection", False))
        first.cancel()
        yield self.assertFailure(first, HttpFailure)

    @inlineCallbacks
    def test_garbage(self):
        server = self.serve(lambda peer, _: peer.transport.write(b"SSH-2.0-x\r\n"))
        error = yield self.assertFailure(self.client().post(server.url, {}, b"x", 5), HttpFailure)
        self.assertIn("not an HTTP", str(error))

    @inlineCallbacks
    def test_garbage_before_the_request_is_not_an_answer(self):
        server = self.serve(lambda peer, _: None, on_connect=lambda peer: peer.ok())
        client = self.client()
        # It answers before it can have read: the client cannot tell, but the next request must not get the second one.
        yield client.post(server.url, {}, b"1", 5)
        server.peers[0].ok(b"unasked")
        while not server.lost:
            yield deferLater(reactor, 0.005, lambda: None)
        yield client.post(server.url, {}, b"2", 5)
        self.assertEqual(len(server.peers), 2)

    @inlineCallbacks
    def test_a_large_answer_is_cut_and_its_connection_closed(self):
        server = self.serve(lambda peer, _: peer.ok(b"x" * 300_000))
        client = self.client()
        answer = yield client.post(server.url, {}, b"x", 5)
        self.assertEqual((answer.status, len(answer.body)), (200, 65536))
        while client.connections:
            yield deferLater(reactor, 0.005, lambda: None)

    @inlineCallbacks
    def test_a_redirect_is_an_answer_and_not_followed(self):
        elsewhere = self.serve()
        server = self.serve(
            lambda peer, _: peer.transport.write(
                b"HTTP/1.1 307 T\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % elsewhere.url.encode()
            )
        )
        answer = yield self.client().post(server.url, {}, b"x", 5)
        self.assertEqual((answer.status, len(elsewhere.requests)), (307, 0))

    @inlineCallbacks
    def test_a_large_request_arrives_whole(self):
        server = self.serve()
        body = bytes(range(256)) * 20_000
        yield self.client().post(server.url, {}, body, 5)
        self.assertTrue(server.requests[0].endswith(b"\r\n\r\n" + body))

    @inlineCallbacks
    def test_until_close(self):
        def answer(peer, _):
            peer.transport.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
            peer.transport.loseConnection()

        server = self.serve(answer)
        answer = yield self.client().post(server.url, {}, b"x", 5)
        self.assertEqual(answer.body, b"all of it")

    @inlineCallbacks
    def test_refused_connection(self):
        port = reactor.listenTCP(0, PeerFactory(), interface="127.0.0.1")
        number = port.getHost().port
        yield port.stopListening()
        client = self.client()
        error = yield self.assertFailure(client.post(f"http://127.0.0.1:{number}/", {}, b"", 5), HttpFailure)
        self.assertFalse(error.sent)
        self.assertIn("refused", str(error))
        self.assertNotIn("127.0.0.1", str(error))

    @inlineCallbacks
    def test_bad_requests(self):
        client = self.client()
        for url, headers in (
            ("http://user:pw@127.0.0.1/", {}),
            ("http://x/" + "a" * MAX_URL, {}),
            ("http://x/\r\nA: b", {}),
            ("http://x/", {"a": "b\r\nc: d"}),
            ("http://x/", {"a": "b\nc"}),
            ("http://x/", {"a": "b\rc"}),
            ("http://x/", {"a": "b\0c"}),
            ("http://x/", {"a\r\nb": "c"}),
            ("http://x/", {"a b": "c"}),
            ("http://x/", {"": "c"}),
            ("http://x/", {"a": "\u03b1"}),
            ("http://x/", {"Host": "y"}),
            ("http://x/", {"Content-Length": "9"}),
            ("http://x/", {"transfer-encoding": "chunked"}),
        ):
            error = yield self.assertFailure(client.post(url, headers, b"", 5), BadRequest)
            self.assertNotIn("pw", str(error))
        self.assertEqual(client.connections, 0)

    @inlineCallbacks
    def test_closing_ends_what_is_under_way(self):
        server = self.serve(lambda peer, _: None)
        client = self.client()
        under_way = client.post(server.url, {}, b"x", 5)
        while not server.requests:
            yield deferLater(reactor, 0.005, lambda: None)
        closed = client.close()
        yield self.assertFailure(under_way, HttpFailure)
        yield closed
        self.assertEqual(client.connections, 0)
        yield self.assertFailure(client.post(server.url, {}, b"x", 5), HttpFailure)
        yield client.close()


class TargetTests(ClientCase):
    @inlineCallbacks
    def test_private_targets_are_refused_unless_allowed(self):
        server = self.serve()
        client = self.client(allow_private_targets=False, lookup=lambda host: succeed(["10.0.0.1", "::1"]))
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "inside.example", "169.254.169.254"):
            error = yield self.assertFailure(client.post(f"http://{host}:{server.port}/", {}, b"", 5), TargetRefused)
            self.assertFalse(error.sent)
        for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1"):
            yield self.assertFailure(client.post(f"http://{host}:{server.port}/", {}, b"", 5), BadRequest)
        self.assertEqual((len(server.peers), client.connections), (0, 0))

    @inlineCallbacks
    def test_a_name_of_this_machine_is_refused_with_the_system_resolver(self):
        server = self.serve()
        client = self.client(allow_private_targets=False)
        yield self.assertFailure(client.post(f"http://localhost:{server.port}/", {}, b"", 5), TargetRefused)
        self.assertEqual(server.peers, [])

    @inlineCallbacks
    def test_the_judged_address_is_connected_to_and_refused_ones_are_left_out(self):
        tried = []

        class Recorder:
            seconds, callLater = reactor.seconds, reactor.callLater

            def connectTCP(self, host, port, factory, timeout):
                tried.append((host, port))
                reactor.callLater(0, factory.clientConnectionFailed, None, Refusal())

        class Refusal:
            value = Exception("refused")

        client = LeanHttpClient(
            Recorder(), lookup=lambda host: succeed(["10.0.0.1", "8.8.8.8", "127.0.0.1", "2606:4700::1111"])
        )
        yield self.assertFailure(client.post("http://mixed.example:8080/", {}, b"", 5), HttpFailure)
        self.assertEqual(tried, [("8.8.8.8", 8080), ("2606:4700::1111", 8080)])
        yield client.close()

    @inlineCallbacks
    def test_the_next_address_is_tried(self):
        server = self.serve()
        # Nothing listens on this port of 127.0.0.2: the server is bound to 127.0.0.1.
        client = self.client(lookup=lambda host: succeed(["127.0.0.2", "127.0.0.1"]))
        answer = yield client.post(f"http://two.example:{server.port}/", {}, b"", 5)
        self.assertEqual(answer.status, 200)

    @inlineCallbacks
    def test_a_lookup_that_hangs_times_out(self):
        never = Deferred()
        client = self.client(lookup=lambda host: never)
        error = yield self.assertFailure(client.post("http://slow.example/", {}, b"", 0.2), HttpFailure)
        self.assertEqual((str(error), error.sent), ("timed out looking up the host", False))
        never.callback(["127.0.0.1"])
        self.assertEqual(client.connections, 0)

    @inlineCallbacks
    def test_an_unknown_host(self):
        def lookup(host):
            deferred = Deferred()
            deferred.errback(LookupFailed("Name or service not known"))
            return deferred

        error = yield self.assertFailure(self.client(lookup=lookup).post("http://no.example/", {}, b"", 5), HttpFailure)
        self.assertEqual(str(error), "host not found: Name or service not known")


class ResolverTests(TestCase):
    def test_one_lookup_at_a_time_and_a_memory(self):
        from twisted.internet.task import Clock

        clock, asked = Clock(), []

        def lookup(host):
            asked.append(Deferred())
            return asked[-1]

        resolver = Resolver(clock, lookup)
        first, second = resolver.addresses("a.example"), resolver.addresses("a.example")
        self.assertEqual(len(asked), 1)
        asked[0].callback(["8.8.8.8"])
        self.assertEqual([self.successResultOf(first), self.successResultOf(second)], [["8.8.8.8"]] * 2)
        clock.advance(59)
        self.assertEqual(self.successResultOf(resolver.addresses("a.example")), ["8.8.8.8"])
        self.assertEqual(len(asked), 1)
        clock.advance(2)  # old, but good enough while a new lookup runs
        for _ in range(2):
            self.assertEqual(self.successResultOf(resolver.addresses("a.example")), ["8.8.8.8"])
        self.assertEqual(len(asked), 2)
        asked[1].errback(LookupFailed("timeout"))
        self.assertEqual(self.successResultOf(resolver.addresses("a.example")), ["8.8.8.8"])
        asked[2].callback(["1.1.1.1"])
        self.assertEqual(self.successResultOf(resolver.addresses("a.example")), ["1.1.1.1"])
        clock.advance(1801)
        late = resolver.addresses("a.example")
        self.assertNoResult(late)
        asked[3].callback([])
        self.failureResultOf(late, LookupFailed)


def authority_and_server(host):
    """A certificate authority and a server certificate of it for `host`."""

    def make(name, issuer, key, signer, extension):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = make("test ca", "test ca", ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    pem = make(host, "test ca", key, ca_key, names) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return trustRootFromCertificates([Certificate.loadPEM(ca)]), PrivateCertificate.loadPEM(pem).options()


class TlsTests(ClientCase):
    @inlineCallbacks
    def test_verified_and_reused(self):
        trust, options = authority_and_server("hook.example")
        server = self.serve(tls=options)
        client = self.client(trust_root=trust, lookup=lambda host: succeed(["127.0.0.1"]))
        for _ in range(3):
            answer = yield client.post(f"https://hook.example:{server.port}/", {}, b"x", 5)
            self.assertEqual(answer.status, 200)
        self.assertEqual(len(server.peers), 1)

    @inlineCallbacks
    def test_another_host_is_told_nothing(self):
        trust, options = authority_and_server("hook.example")
        server = self.serve(tls=options)
        client = self.client(trust_root=trust, lookup=lambda host: succeed(["127.0.0.1"]))
        for host in ("other.example", "127.0.0.1"):
            error = yield self.assertFailure(client.post(f"https://{host}:{server.port}/", {}, b"x", 5), HttpFailure)
            self.assertEqual((str(error), error.sent), ("the certificate is not for this host", False))
        self.assertEqual(server.requests, [])

    @inlineCallbacks
    def test_an_unknown_authority(self):
        _, options = authority_and_server("hook.example")
        server = self.serve(tls=options)
        client = self.client(lookup=lambda host: succeed(["127.0.0.1"]))
        error = yield self.assertFailure(client.post(f"https://hook.example:{server.port}/", {}, b"x", 5), HttpFailure)
        self.assertIn("certificate verify failed", str(error))
        self.assertEqual(server.requests, [])

    @inlineCallbacks
    def test_a_handshake_that_hangs_times_out(self):
        server = self.serve()
        server.answer = lambda peer, request: None
        client = self.client(lookup=lambda host: succeed(["127.0.0.1"]))
        error = yield self.assertFailure(
            client.post(f"https://hook.example:{server.port}/", {}, b"x", 0.2), HttpFailure
        )
        self.assertEqual((str(error), error.sent), ("timed out in the TLS handshake", False))


class SystemLookupTests(TestCase):
    timeout = 30

    @inlineCallbacks
    def test_names_of_this_machine_and_unknown_ones(self):
        lookup = SystemLookup(reactor)
        self.addCleanup(lookup.close)
        found = yield gatherResults([lookup("localhost") for _ in range(40)])
        for addresses in found:
            self.assertTrue({"127.0.0.1", "::1"} & set(addresses), addresses)
        # Not sent to any server: a label beyond 63 characters is refused by the resolver itself.
        yield self.assertFailure(lookup("a" * 70 + ".example"), LookupFailed)
