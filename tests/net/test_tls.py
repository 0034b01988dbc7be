"""Options of TLS servers: client certificates that are optional, files read again while connections are made."""

import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import TestCase

from smsgwd.net.tls import ReloadableServerOptions, TlsError, client_options, server_options
from tests.net.test_smpp import certificate


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Asker(Protocol):
    """Says something; `heard` fires with the answer, or fails with why the connection ended."""

    gone = False

    def connectionMade(self):
        self.say(b"ping")

    def say(self, data):
        self.heard = Deferred()
        self.transport.write(data)

    def dataReceived(self, data):
        self.heard.callback(data)

    def connectionLost(self, reason):
        self.gone = True
        if not self.heard.called:
            self.heard.errback(reason)

    def close(self):
        if not self.gone:
            self.transport.abortConnection()

    def certificate(self):
        return self.transport.getPeerCertificate().to_cryptography()


def put(source, target):
    """Put a file in another's place as an ACME client does: at once."""
    fresh = target.with_suffix(".new")
    shutil.copy(source, fresh)
    fresh.replace(target)


class Servers(TestCase):
    timeout = 30

    def setUp(self):
        self.tmp = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.tmp)
        self.ca, _, self.issuer = certificate(self.tmp, "ca")
        self.first = certificate(self.tmp, "first", issuer=self.issuer)
        self.second = certificate(self.tmp, "second", issuer=self.issuer)
        self.cert, self.key = self.tmp / "live.pem", self.tmp / "live.key"
        self.install(self.first)

    def install(self, made):
        put(made[0], self.cert)
        put(made[1], self.key)

    def test_when_the_certificate_in_use_ends(self):
        """Not the one in the file: that counts from a reload on."""

        def ends(path):
            return load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()

        options = ReloadableServerOptions(self.cert, self.key)
        self.assertEqual(options.expires_at, ends(self.first[0]))
        later, key, _ = certificate(self.tmp, "later", issuer=self.issuer, days=30)
        put(later, self.cert)
        put(key, self.key)
        self.assertEqual(options.expires_at, ends(self.first[0]))
        options.reload()
        self.assertEqual(options.expires_at, ends(later))
        self.assertNotEqual(ends(later), ends(self.first[0]))

    def serve(self, options):
        port = reactor.listenTCP(
            0, TLSMemoryBIOFactory(options, False, Factory.forProtocol(Echo)), interface="127.0.0.1"
        )
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port

    @inlineCallbacks
    def ask(self, **client):
        options = client_options("localhost", ca=self.ca, **client)
        asker = yield connectProtocol(
            wrapClientTLS(options, TCP4ClientEndpoint(reactor, "127.0.0.1", self.port, 5)), Asker()
        )
        self.addCleanup(asker.close)
        answer = yield asker.heard
        self.assertEqual(answer, b"ping")
        return asker

    @inlineCallbacks
    def test_an_optional_client_certificate(self):
        self.serve(server_options(self.cert, self.key, client_ca=self.ca, required=False))
        ours, our_key, _ = certificate(self.tmp, "client", issuer=self.issuer)
        yield self.ask()
        yield self.ask(cert=ours, key=our_key)
        _, _, stranger = certificate(self.tmp, "strangers")
        theirs, their_key, _ = certificate(self.tmp, "stranger", issuer=stranger)
        yield self.assertFailure(self.ask(cert=theirs, key=their_key), SSL.Error)

    @inlineCallbacks
    def test_a_required_client_certificate(self):
        self.serve(ReloadableServerOptions(self.cert, self.key, client_ca=self.ca))
        ours, our_key, _ = certificate(self.tmp, "client", issuer=self.issuer)
        yield self.ask(cert=ours, key=our_key)
        yield self.assertFailure(self.ask(), SSL.Error)

    @inlineCallbacks
    def test_new_connections_get_the_new_certificate_and_old_ones_go_on(self):
        options = ReloadableServerOptions(self.cert, self.key)
        self.serve(options)
        before = yield self.ask()
        self.install(self.second)
        still = yield self.ask()
        options.reload()
        after = yield self.ask()
        names = [each.certificate().public_bytes(Encoding.PEM) for each in (before, still, after)]
        old, new = self.first[0].read_bytes(), self.second[0].read_bytes()
        self.assertEqual(names, [old, old, new])
        before.say(b"still here")
        answer = yield before.heard
        self.assertEqual(answer, b"still here")

    @inlineCallbacks
    def test_a_file_that_cannot_be_used_changes_nothing(self):
        options = ReloadableServerOptions(self.cert, self.key)
        self.serve(options)
        for break_it, culprit in (
            (lambda: put(self.second[0], self.cert), "live.key"),  # with the key of the first
            (
                lambda: self.cert.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                "live.pem",
            ),
            (lambda: self.cert.write_bytes(b""), "live.pem"),
            (lambda: self.key.unlink(), "live.key"),
        ):
            break_it()
            with pytest.raises(TlsError, match=culprit):
                options.reload()
            asker = yield self.ask()
            self.assertEqual(asker.certificate().public_bytes(Encoding.PEM), self.first[0].read_bytes())

    @inlineCallbacks
    def test_reloads_while_connections_are_made(self):
        options = ReloadableServerOptions(self.cert, self.key)
        self.serve(options)
        seen = set()

        @inlineCallbacks
        def client():
            for _ in range(20):
                asker = yield self.ask()
                seen.add(asker.certificate().public_bytes(Encoding.PEM))
                asker.transport.loseConnection()

        running = [True]
        turns = [0]

        def reload():
            if running[0]:
                turns[0] += 1
                self.install(self.second if turns[0] // 5 % 2 else self.first)
                options.reload()
                reactor.callLater(0.002, reload)

        reload()
        yield gatherResults([client() for _ in range(8)])  # any of 160 handshakes that fails fails this
        running[0] = False
        self.assertGreater(turns[0], 20)
        self.assertEqual(seen, {self.first[0].read_bytes(), self.second[0].read_bytes()})
