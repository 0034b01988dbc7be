"""The shell of a session: unit tests over fake transports, and real loopback sockets with and without TLS."""

import datetime
import ipaddress
import shutil
import struct
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet import defer, reactor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from smsgwd.net.smpp import SmppConnection, connect, why
from smsgwd.net.smpp_server import SmppServerFactory, listen
from smsgwd.net.tls import TlsError, client_options, server_options
from smsgwd.net.turn import Turn
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import SUBMIT_SM_RESP
from smsgwd.smpp.events import BindFailed, BindRequest, Bound, Closed, Lost, ProtocolFault, Request, Response, TimedOut
from smsgwd.smpp.pdu import BindTransceiver, SubmitSm, SubmitSmResp
from smsgwd.smpp.session_table import Role
from tests.net.fake_wire import FakeClock, FakeTransport, Wire


class Recorder:
    """An owner that writes down what it is told; as an SMSC it accepts binds and answers submit_sm when asked to."""

    def __init__(self, *, serve=False, answer=True):
        self.serve = serve
        self.answer = answer
        self.events = []
        self.ends = []
        self.connections = []
        self.gone = defer.Deferred()

    def connected(self, connection):
        self.connections.append(connection)
        if not self.serve:
            connection.bind(BindTransceiver(system_id=b"gw", password=b"pw"))

    def received(self, connection, events):
        assert events
        self.events += events
        for event in events:
            if isinstance(event, BindRequest):
                self.events += connection.accept_bind(event.pdu, b"smsc")
            elif isinstance(event, Request) and self.answer:
                connection.respond(SubmitSmResp(sequence=event.pdu.sequence, message_id=b"id"))

    def disconnected(self, connection, events, reason):
        self.ends.append((events, reason))
        self.gone.callback(reason)

    def kinds(self):
        return [type(event).__name__ for event in self.events]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def make(role, owner, clock, **config):
    turn = Turn(clock.reactor)
    return SmppConnection(role, SessionConfig(**config), owner, reactor=clock.reactor, clock=clock, turn=turn)


def pair(*, answer=True, client=None, server=None):
    clock = FakeClock()
    esme, smsc = Recorder(), Recorder(serve=True, answer=answer)
    left = make(Role.ESME, esme, clock, **(client or {}))
    right = make(Role.SMSC, smsc, clock, **(server or {}))
    wire = Wire(clock.reactor, left, right)
    wire.pump()
    return wire, left, esme, right, smsc


def submit(number=0):
    return SubmitSm(source_addr=b"iSMS", destination_addr=b"30691", short_message=b"text %d" % number)


def test_bind_submit_answer():
    wire, left, esme, right, _ = pair()
    assert [type(e) for e in esme.events] == [Bound]
    assert left.peer == "192.0.2.1:2775" and wire.left.no_delay and wire.right.no_delay
    left.request(submit(), "context")
    wire.pump()
    (answer,) = esme.of(Response)
    assert (answer.context, answer.pdu.message_id) == ("context", b"id")
    assert left.session.outstanding == 0 and right.session.unanswered == 0


def test_one_write_a_turn_however_many_pdus():
    wire, left, esme, _right, _smsc = pair(client={"window": 50})
    before, answers_before = len(wire.left.writes), len(wire.right.writes)
    for number in range(40):
        left.request(submit(number), number)
    assert len(wire.left.writes) == before
    wire.pump()
    assert len(wire.left.writes) == before + 1
    assert len(wire.right.writes) == answers_before + 1  # forty answers too
    assert [event.context for event in esme.of(Response)] == list(range(40))


def test_many_answers_in_one_write():
    wire, left, esme, right, smsc = pair(answer=False, client={"window": 50})
    for number in range(40):
        left.request(submit(number), number)
    wire.pump()
    writes = len(wire.right.writes)
    answers = [(event.pdu.sequence, 0, b"%d" % number) for number, event in enumerate(smsc.of(Request))]
    assert right.respond_many(SUBMIT_SM_RESP, answers)
    assert len(wire.right.writes) == writes
    wire.pump()
    assert len(wire.right.writes) == writes + 1
    assert [(each.context, each.pdu.message_id) for each in esme.of(Response)] == [(n, b"%d" % n) for n in range(40)]


def test_the_end_is_told_once_with_what_was_handed_out_and_what_was_not():
    wire, left, esme, _, smsc = pair(answer=False)
    left.request(submit(), "sent")
    wire.pump()
    left.request(submit(), "still here")
    wire.cut()
    left.connectionLost(Failure(ConnectionDone()))
    (end,) = esme.ends
    assert end[1] == "connection lost"
    (lost,) = end[0]
    assert isinstance(lost, Lost) and (lost.unanswered, lost.unsent) == (["sent"], ["still here"])
    assert len(smsc.ends) == 1
    wire.reactor.advance(100)  # no timer of a dead connection does anything
    assert len(esme.ends) == 1 and not wire.reactor.getDelayedCalls()


def test_one_timer_whatever_is_waited_for():
    wire, left, esme, _, _ = pair(answer=False, client={"window": 50, "response": 20, "enquire_link": 300})
    for number in range(30):
        left.request(submit(number), number)
    wire.pump()
    ours = [call for call in wire.reactor.getDelayedCalls() if getattr(call.func, "__self__", None) is left]
    assert len(ours) == 1
    wire.reactor.advance(20.1)
    assert [event.context for event in esme.of(TimedOut)] == list(range(30))


def test_enquire_link_finds_a_dead_peer_and_aborts():
    wire, left, esme, _, _ = pair(client={"enquire_link": 30, "link_response": 10, "link_misses": 2})
    wire.right.disconnected = True  # the peer is gone without a word
    wire.left.take()
    for _ in range(60):
        wire.reactor.advance(1)
    assert wire.left.aborted
    assert esme.ends[0][1] == "enquire_link unanswered"
    assert left.session.state.name == "CLOSED"


def test_a_bind_that_is_never_answered_ends():
    clock = FakeClock()
    owner = Recorder()
    left = make(Role.ESME, owner, clock, session_init=10)
    transport = FakeTransport()
    transport.attach(left)
    clock.reactor.advance(0)
    clock.reactor.advance(10.1)
    assert [type(e) for e in owner.events] == [BindFailed, Closed]
    assert transport.aborted and len(owner.ends) == 1


def test_a_lying_length_is_answered_and_closed():
    clock = FakeClock()
    owner = Recorder(serve=True)
    connection = make(Role.SMSC, owner, clock)
    transport = FakeTransport()
    transport.attach(connection)
    connection.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [type(e) for e in owner.events] == [ProtocolFault, Closed]
    assert transport.writes == [struct.pack(">IIII", 16, 0x80000000, 0x02, 0)]
    assert transport.disconnecting and not transport.aborted
    connection.dataReceived(b"more")  # what still comes is not looked at
    assert len(owner.events) == 2


def test_a_closed_connection_that_lingers_is_cut_off():
    wire, left, esme, _, _ = pair()
    wire.left.peer_reads = False
    left.request(submit(), 1)
    left.close("enough")
    assert wire.left.disconnecting and not wire.left.aborted
    wire.reactor.advance(5.1)
    assert wire.left.aborted and esme.ends[0][1] == "enough"
    assert isinstance(esme.ends[0][0][-1], Lost)


def test_unbind_waits_for_answers_and_closes():
    wire, left, esme, right, smsc = pair(answer=False)
    left.request(submit(), "a")
    wire.pump()
    left.unbind()
    wire.pump()
    assert not wire.left.disconnected  # the answer is still due
    right.respond(SubmitSmResp(sequence=smsc.of(Request)[0].pdu.sequence, message_id=b"x"))
    wire.pump()
    assert wire.left.disconnected and wire.right.disconnected
    assert esme.of(Response)[0].context == "a"
    assert [end[1] for end in esme.ends] == ["unbound"] and [end[1] for end in smsc.ends] == ["unbound by the peer"]


def test_a_peer_that_does_not_read_holds_requests_back():
    wire, left, esme, _, _ = pair(client={"window": 5000})
    wire.left.peer_reads = False
    sent = 0
    while left.writable:
        for _ in range(100):
            left.request(submit(sent), sent)
            sent += 1
        wire.reactor.advance(0)
    written = len(wire.left.writes)
    left.request(submit(sent), "held")
    wire.reactor.advance(0)
    assert len(wire.left.writes) == written  # nothing more goes into a full transport
    wire.left.peer_reads = True
    wire.pump()
    assert left.writable
    assert len(esme.of(Response)) == sent + 1


def test_a_peer_that_floods_and_does_not_read_is_not_read_on():
    wire, left, _, right, smsc = pair(client={"window": 100000, "response": 0}, server={"enquire_link": 0})
    wire.right.peer_reads = False
    number = 0
    while wire.right.reading and number < 60000:
        for _ in range(200):
            left.request(submit(number), number)
            number += 1
        wire.reactor.advance(0)
        data = wire.left.take()
        if wire.right.reading:
            right.dataReceived(data)
    assert number < 60000 and not right.writable
    handled = len(smsc.of(Request))
    assert len(right.session._out) < 4000  # answers that wait here: many small ones are much memory
    wire.right.peer_reads = True
    wire.pump()
    assert wire.right.reading and len(smsc.of(Request)) >= handled


def test_reading_pauses_for_each_cause_on_its_own():
    wire, left, _, _, _ = pair()
    left.pause_reading()
    left._stop_reading(2)
    left.resume_reading()
    assert not wire.left.reading
    left._start_reading(2)
    assert wire.left.reading
    left.resume_reading()
    assert wire.left.reading


def test_reasons_are_words():
    assert why(Failure(ConnectionDone())) == "closed by the peer"
    assert why(Failure(ConnectionLost())) == "connection lost"
    assert (
        why(Failure(SSL.Error([("SSL routines", "", "certificate verify failed")]))) == "TLS: certificate verify failed"
    )
    assert why(Failure(SSL.Error())) == "TLS: the connection was cut off"
    assert why(Failure(OSError("odd"))) == "odd"


def test_an_smsc_that_refuses_a_bind_closes():
    clock = FakeClock()

    class Refuser(Recorder):
        def received(self, connection, events):
            self.events += events
            for event in events:
                if isinstance(event, BindRequest):
                    connection.reject_bind(event.pdu, 0x0E)

    esme, smsc = Recorder(), Refuser(serve=True)
    wire = Wire(clock.reactor, make(Role.ESME, esme, clock), make(Role.SMSC, smsc, clock))
    wire.pump()
    assert esme.of(BindFailed)[0].status == 0x0E
    assert len(esme.ends) == len(smsc.ends) == 1


class RealClock(FakeClock):
    def __init__(self):
        super().__init__(reactor)


def certificate(tmp, name, *, issuer=None, hosts=("localhost",), addresses=(), days=1):
    """A key and a certificate in files; (cert path, key path, (certificate, key))."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signer_key = issuer or (None, key)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        names = [x509.DNSName(host) for host in hosts]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(signer_key, hashes.SHA256())
    cert_path, key_path = tmp / f"{name}.pem", tmp / f"{name}.key"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path, (made, key)


def _path(case):
    path = Path(tempfile.mkdtemp())
    case.addCleanup(shutil.rmtree, path)
    return path


class Sockets(TestCase):
    """Over real loopback sockets."""

    timeout = 15

    def serve(self, **options):
        self.clock = RealClock()
        self.turn = Turn(reactor)
        self.smsc = Recorder(serve=True)
        factory = SmppServerFactory(
            SessionConfig(), lambda address: self.smsc, reactor=reactor, clock=self.clock, turn=self.turn
        )
        port = listen(reactor, "127.0.0.1", 0, factory, **options)
        self.addCleanup(port.stopListening)
        return port.getHost().port

    def client(self, **config):
        owner = Recorder()
        connection = SmppConnection(
            Role.ESME, SessionConfig(**config), owner, reactor=reactor, clock=self.clock, turn=self.turn
        )
        return owner, connection

    @defer.inlineCallbacks
    def until(self, condition):
        for _ in range(500):
            if condition():
                return
            yield deferLater(reactor, 0.01, lambda: None)
        self.fail("it did not happen within 5 s")

    @defer.inlineCallbacks
    def talk(self, port, tls=None, host="127.0.0.1"):
        owner, connection = self.client(window=100)
        yield connect(reactor, host, port, connection, tls=tls, timeout=5)
        yield self.until(lambda: owner.of(Bound) or owner.ends)
        if owner.of(Bound):
            for number in range(100):
                connection.request(submit(number), number)
            yield self.until(lambda: len(owner.of(Response)) == 100)
            connection.unbind()
            yield owner.gone
            yield self.smsc.gone
        return owner

    @defer.inlineCallbacks
    def test_plain(self):
        owner = yield self.talk(self.serve())
        assert [event.context for event in owner.of(Response)] == list(range(100))
        assert owner.ends[0][1] == "unbound"

    @defer.inlineCallbacks
    def test_a_peer_that_stops_reading_gets_everything_in_order_once_it_reads_again(self):
        port = self.serve()
        owner, connection = self.client(window=30_000)
        yield connect(reactor, "127.0.0.1", port, connection, timeout=5)
        yield self.until(lambda: owner.of(Bound))
        (server,) = self.smsc.connections
        server.pause_reading()
        long = SubmitSm(source_addr=b"iSMS", destination_addr=b"30691", short_message=b"x" * 250)
        sent = 0
        while connection.writable and sent < 30_000:
            connection.request_many([long] * 100, range(sent, sent + 100))
            sent += 100
            yield deferLater(reactor, 0, lambda: None)
        self.assertFalse(connection.writable)
        server.resume_reading()
        yield self.until(lambda: len(owner.of(Response)) == sent)
        self.assertEqual([event.context for event in owner.of(Response)], list(range(sent)))
        self.assertTrue(connection.writable)
        connection.unbind()
        yield owner.gone
        yield self.smsc.gone

    @defer.inlineCallbacks
    def test_nobody_listens(self):
        port = self.serve()
        yield self._cleanups.pop()[0]()
        owner, connection = self.client()
        with pytest.raises(Exception, match="refused"):
            yield connect(reactor, "127.0.0.1", port, connection, timeout=5)
        assert owner.connections == []

    @defer.inlineCallbacks
    def test_tls_verified_by_name_and_ca(self):
        tmp = _path(self)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        port = self.serve(tls=server_options(cert, key))
        owner = yield self.talk(port, client_options("localhost", ca=ca))
        assert len(owner.of(Response)) == 100

    @defer.inlineCallbacks
    def test_tls_with_an_address_as_name(self):
        tmp = _path(self)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer, hosts=(), addresses=("127.0.0.1",))
        owner = yield self.talk(self.serve(tls=server_options(cert, key)), client_options("127.0.0.1", ca=ca))
        assert len(owner.of(Response)) == 100

    @defer.inlineCallbacks
    def test_tls_with_another_name_is_refused(self):
        tmp = _path(self)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer, hosts=("other.example",))
        owner = yield self.talk(self.serve(tls=server_options(cert, key)), client_options("localhost", ca=ca))
        assert not owner.of(Bound) and owner.ends[0][1] == "TLS: the certificate is for another name"
        yield self.smsc.gone
        assert not self.smsc.of(BindRequest)  # the password never left

    @defer.inlineCallbacks
    def test_tls_of_an_unknown_authority_is_refused(self):
        tmp = _path(self)
        _, _, issuer = certificate(tmp, "ca")
        other, _, _ = certificate(tmp, "otherca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        owner = yield self.talk(self.serve(tls=server_options(cert, key)), client_options("localhost", ca=other))
        assert "certificate verify failed" in owner.ends[0][1]
        yield self.smsc.gone
        assert not self.smsc.of(BindRequest)

    @defer.inlineCallbacks
    def test_tls_unverified_on_request(self):
        tmp = _path(self)
        cert, key, _ = certificate(tmp, "self")
        owner = yield self.talk(
            self.serve(tls=server_options(cert, key)), client_options("anything.example", verify=False)
        )
        assert len(owner.of(Response)) == 100

    @defer.inlineCallbacks
    def test_tls_with_a_client_certificate(self):
        tmp = _path(self)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        ours, our_key, _ = certificate(tmp, "client", issuer=issuer)
        options = server_options(cert, key, client_ca=ca)
        owner = yield self.talk(self.serve(tls=options), client_options("localhost", ca=ca, cert=ours, key=our_key))
        assert len(owner.of(Response)) == 100

    @defer.inlineCallbacks
    def test_tls_without_the_client_certificate_is_refused(self):
        tmp = _path(self)
        ca, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)
        owner = yield self.talk(
            self.serve(tls=server_options(cert, key, client_ca=ca)), client_options("localhost", ca=ca)
        )
        assert not owner.of(Bound) and owner.ends
        yield self.smsc.gone

    @defer.inlineCallbacks
    def test_old_tls_is_refused(self):
        tmp = _path(self)
        _, _, issuer = certificate(tmp, "ca")
        cert, key, _ = certificate(tmp, "server", issuer=issuer)

        class Old:
            def clientConnectionForTLS(self, protocol):
                context = SSL.Context(SSL.TLS_CLIENT_METHOD)
                context.set_max_proto_version(SSL.TLS1_1_VERSION)
                context.set_cipher_list(b"ALL:@SECLEVEL=0")
                return SSL.Connection(context, None)

        from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
        from zope.interface import directlyProvides

        old = Old()
        directlyProvides(old, IOpenSSLClientConnectionCreator)
        owner = yield self.talk(self.serve(tls=server_options(cert, key)), old)
        assert not owner.of(Bound) and owner.ends[0][1].startswith("TLS: ")
        yield self.smsc.gone

    @defer.inlineCallbacks
    def test_an_owner_may_refuse_a_peer(self):
        clock = RealClock()
        factory = SmppServerFactory(SessionConfig(), lambda a: None, reactor=reactor, clock=clock, turn=Turn(reactor))
        port = listen(reactor, "127.0.0.1", 0, factory)
        self.addCleanup(port.stopListening)
        self.clock, self.turn = clock, Turn(reactor)
        owner, connection = self.client()
        yield connect(reactor, "127.0.0.1", port.getHost().port, connection, timeout=5)
        yield owner.gone
        assert not owner.of(Bound)


def test_wrong_files_are_named(tmp_path):
    cert, key, _ = certificate(tmp_path, "a")
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"nothing")
    broken = tmp_path / "broken.pem"
    broken.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for make_options, culprit in (
        (lambda: client_options("x", ca=tmp_path / "missing.pem"), "missing.pem"),
        (lambda: client_options("x", ca=empty), "empty.pem"),
        (lambda: client_options("x", ca=broken), "broken.pem"),
        (lambda: client_options("x", cert=cert, key=empty), "empty.pem"),
        (lambda: server_options(empty, key), "empty.pem"),
        (lambda: server_options(cert, tmp_path / "no.key"), "no.key"),
    ):
        with pytest.raises(TlsError, match=culprit):
            make_options()


def test_flush_order_is_kept_over_connections():
    clock = FakeClock(Clock())
    turn = Turn(clock.reactor)
    transports = []
    for _ in range(3):
        connection = SmppConnection(
            Role.ESME, SessionConfig(), Recorder(), reactor=clock.reactor, clock=clock, turn=turn
        )
        transport = FakeTransport()
        transport.attach(connection)
        transports.append(transport)
    assert len([call for call in clock.reactor.getDelayedCalls() if call.func == turn.run]) == 1
    clock.reactor.advance(0)
    assert [len(transport.writes) for transport in transports] == [1, 1, 1]


def test_a_peer_that_asks_and_never_reads_is_cut_off():
    """Its enquire_links show that it lives; that it takes nothing counts all the same."""
    wire, left, esme, _, _ = pair(client={"window": 5000, "response": 20.0, "enquire_link": 10.0})
    wire.left.peer_reads = False
    while left.writable:
        for number in range(100):
            left.request(submit(number), number)
        wire.reactor.advance(0)
    for number in range(32):
        wire.reactor.advance(1)
        left.dataReceived(struct.pack(">IIII", 16, 0x15, 0, number))
    assert wire.left.aborted
    assert [reason for _, reason in esme.ends] == ["the peer does not read"]


def test_a_peer_that_reads_now_and_then_is_kept():
    wire, left, esme, _, _ = pair(client={"window": 5000, "response": 20.0, "enquire_link": 10.0})
    for _ in range(5):
        wire.left.peer_reads = False
        while left.writable:
            for number in range(100):
                left.request(submit(number), number)
            wire.reactor.advance(0)
        wire.reactor.advance(12)
        wire.left.peer_reads = True
        wire.pump()
    assert left.writable and not esme.ends
