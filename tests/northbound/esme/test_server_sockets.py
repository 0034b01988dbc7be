"""Over real sockets: a storm of binds against the real authenticator, TLS, PROXY headers before TLS, the end."""

import shutil
import struct
import tempfile
import time
from pathlib import Path

from prometheus_client import CollectorRegistry
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import LoopingCall, deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import TestCase

from smsgwd.accounts.directory import Directory
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.accounts.hashing import hash_secret
from smsgwd.config.model.listeners import SmppListener
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.clock import SystemClock
from smsgwd.net.smpp import SmppConnection, connect
from smsgwd.net.tls import ReloadableServerOptions, client_options
from smsgwd.net.turn import Turn
from smsgwd.northbound import auth
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.esme.server import EsmeServer
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.pdu import BindTransceiver
from smsgwd.smpp.session_table import Role
from smsgwd.telemetry import Metrics
from tests.net.test_smpp import certificate
from tests.northbound.esme.stand import Answers, Esme, Requests

HASH = hash_secret("secret", b"0123456789abcdef")


class Raw(Protocol):
    """Octets out, octets in."""

    def __init__(self):
        self.data = b""
        self.ended = Deferred()

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.ended.callback(None)


class Sockets(TestCase):
    timeout = 60

    def setUp(self):
        self.verified = []
        real = auth.verify
        self.patch(auth, "verify", lambda secret, phc: self.verified.append(phc) or real(secret, phc))
        tenant = Tenant(
            "demo", credentials=(Credential("smpp", "ann", HASH, 5000),), allow=("127.0.0.0/8", "203.0.113.9")
        )
        self.failures = []
        self.clock = SystemClock()
        self.authenticator = PasswordAuthenticator(
            reactor, Directory([tenant]), b"key", self.clock, limiter=FailureLimiter(), on_failure=self.failures.append
        )
        self.addCleanup(self.authenticator.stop)
        self.requests, self.answers, self.turn = Requests(), Answers(), Turn(reactor)
        self.metrics = Metrics(CollectorRegistry())
        self.server = EsmeServer(
            reactor=reactor,
            clock=self.clock,
            turn=self.turn,
            authenticator=self.authenticator,
            requests=self.requests,
            answers=self.answers,
            metrics=self.metrics,
        )
        self.addCleanup(self.server.stop, 1)

    def listen(self, tls=None, **options):
        section = SmppListener.model_validate({"listen": "127.0.0.1:0", "max_unbound_per_address": 5000, **options})
        [(_, port)] = self.server.listen("smpp", section, tls)
        return port

    def client(self, secret=b"secret"):
        esme = Esme(BindTransceiver(system_id=b"ann", password=secret))
        config = SessionConfig(enquire_link=0)
        made = SmppConnection(Role.ESME, config, esme, reactor=reactor, clock=self.clock, turn=self.turn)
        return esme, made

    @inlineCallbacks
    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail("it did not happen in time")
            yield deferLater(reactor, 0.01, lambda: None)

    @inlineCallbacks
    def test_a_storm_of_binds_costs_one_hash_and_does_not_block_the_reactor(self):
        port = self.listen(max_connections=4000)
        lags, last = [], [time.monotonic()]

        def look():
            now = time.monotonic()
            lags.append(now - last[0])
            last[0] = now

        watch = LoopingCall(look)
        watch.start(0.005)
        self.addCleanup(watch.stop)
        for _ in range(5):
            esmes = []
            for _ in range(200):  # each of these twice an open file of this process
                esme, made = self.client()
                esmes.append(esme)
                connect(reactor, "127.0.0.1", port, made, timeout=20).addErrback(
                    lambda failure: self.fail(str(failure))
                )
            yield self.until(lambda esmes=esmes: all(esme.bound for esme in esmes))
            self.assertEqual(len(self.server.account("ann").binds), 200)
            for esme in esmes:
                esme.connection.abort("and again")
            yield self.until(lambda: not self.server.sessions)
        self.assertEqual(len(self.verified), 1)
        self.assertEqual(self.failures, [])
        # 1,000 verifications would be 25 s of work; a hash on this thread, 25 ms in every one of these.
        self.assertLess(sorted(lags)[len(lags) // 2], 0.1)

    @inlineCallbacks
    def test_failures_are_counted_as_smpp_and_end_in_a_lockout(self):
        port = self.listen()
        statuses = []
        for number in range(12):
            esme, made = self.client(b"guess%d" % number)
            yield connect(reactor, "127.0.0.1", port, made, timeout=5)
            yield self.until(lambda esme=esme: esme.reason is not None)
            statuses.append(esme.refused)
        self.assertEqual(statuses, [0x0E] * 10 + [0x0D] * 2)
        self.assertEqual(self.failures, ["smpp"] * 10)

    @inlineCallbacks
    def test_smpps(self):
        tmp = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, tmp)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        port = self.listen(ReloadableServerOptions(cert, key), max_connections=1)
        esme, made = self.client()
        yield connect(reactor, "127.0.0.1", port, made, tls=client_options("localhost", ca=ca), timeout=5)
        yield self.until(lambda: esme.bound)
        esme.submit(5)
        yield self.until(lambda: len(esme.statuses()) == 5)
        self.assertEqual(self.server.account("ann").binds[0].address, "127.0.0.1")
        # Who is refused is closed, and the listener goes on.
        other, another = self.client()
        yield connect(reactor, "127.0.0.1", port, another, tls=client_options("localhost", ca=ca), timeout=5)
        yield self.until(lambda: other.reason is not None)
        self.assertFalse(other.bound)
        yield self.server.stop(5)
        self.assertTrue(esme.unbound_by_peer)
        yield self.until(lambda: esme.reason is not None)

    def raw(self, port):
        return connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port, 5), Raw())

    @inlineCallbacks
    def test_proxy_headers(self):
        port = self.listen(proxy_protocol=("127.0.0.1",))
        bind = encode(BindTransceiver(system_id=b"ann", password=b"secret", sequence=1))
        allowed, barred, bare = (yield self.raw(port)), (yield self.raw(port)), (yield self.raw(port))
        allowed.transport.write(b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 2775\r\n" + bind)
        barred.transport.write(b"PROXY TCP4 203.0.113.10 198.51.100.1 4711 2775\r\n")
        barred.transport.write(bind)
        bare.transport.write(bind)
        yield bare.ended
        yield barred.ended
        yield self.until(lambda: len(allowed.data) >= 16)
        status = [struct.unpack_from(">I", each.data, 8)[0] for each in (allowed, barred)]
        self.assertEqual(status, [0, 0x0D])
        self.assertEqual(bare.data, b"")
        [bound] = self.server.account("ann").binds
        self.assertEqual((bound.address, bound.connection.peer), ("203.0.113.9", "203.0.113.9:4711"))
        self.assertEqual(self.metrics.esme_refused.labels("proxy_header")._value.get(), 1)
        allowed.transport.abortConnection()

    @inlineCallbacks
    def test_a_proxy_header_comes_before_tls(self):
        tmp = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, tmp)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        port = self.listen(ReloadableServerOptions(cert, key), proxy_protocol=("127.0.0.0/8",))
        proxy = yield self.raw(port)
        esme, made = self.client()
        address = b"\xcb\x00\x71\x09" + b"\xc6\x33\x64\x01" + struct.pack(">HH", 4711, 3550)
        proxy.transport.write(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + struct.pack(">H", len(address)) + address)
        # The client's TLS goes on over the same connection.
        factory = TLSMemoryBIOFactory(client_options("localhost", ca=ca), True, _Of(made))
        inner = factory.buildProtocol(None)
        proxy.dataReceived = inner.dataReceived
        proxy.connectionLost = inner.connectionLost
        inner.makeConnection(proxy.transport)
        yield self.until(lambda: esme.bound)
        esme.submit(3)
        yield self.until(lambda: len(esme.statuses()) == 3)
        self.assertEqual(self.server.account("ann").binds[0].address, "203.0.113.9")
        yield self.server.stop(5)
        yield self.until(lambda: esme.reason is not None)


class _Of:
    def __init__(self, protocol):
        self.protocol = protocol

    def buildProtocol(self, addr):
        return self.protocol

    def doStart(self):
        pass

    def doStop(self):
        pass
