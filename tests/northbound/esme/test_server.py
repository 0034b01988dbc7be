"""Binds of ESMEs and their limits, over a network in memory."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import EsmeSettings
from smsgwd.smpp.codec import encode
from smsgwd.smpp.events import Request
from smsgwd.smpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    SubmitSm,
    Unbind,
)
from smsgwd.smpp.tags import SC_INTERFACE_VERSION
from tests.northbound.esme.stand import Stand, account

DELIVER = {"source_addr": b"306900000000", "destination_addr": b"55", "short_message": b"hi"}


@pytest.mark.parametrize(
    ("kind", "name", "transmits", "receives"),
    [
        (BindTransmitter, "transmitter", True, False),
        (BindReceiver, "receiver", False, True),
        (BindTransceiver, "transceiver", True, True),
    ],
)
def test_kinds_of_binds(kind, name, transmits, receives):
    stand = Stand()
    esme = stand.bind(kind=kind)
    assert esme.bound
    bind = stand.only_bind()
    assert (bind.transmits, bind.receives, bind.alive, bind.address) == (transmits, receives, True, "192.0.2.1")
    [row] = stand.server.status()
    assert (row.kind, row.system_id, row.tenant, row.listener) == (name, "ann", "demo", "smpp")
    assert bool(stand.answers.of("bound")) is receives
    assert stand.server.receives("ann") is receives
    assert stand.auth.asked == [("ann", "secret", "192.0.2.1")]
    assert stand.metrics.esme_binds.labels("ann")._value.get() == 1


@pytest.mark.parametrize(
    ("asked", "version", "told"),
    [
        (0, 0x33, None),
        (0x33, 0x33, None),
        (0x34, 0x34, 0x34),
        (0x40, 0x34, 0x34),
        (0x50, 0x50, 0x50),
        (0x51, 0x50, 0x50),
    ],
)
def test_versions(asked, version, told):
    stand = Stand(system_id="gateway")
    frames = []
    line = stand.connect().line
    pdu = BindTransceiver(system_id=b"ann", password=b"secret", interface_version=asked, sequence=1)
    line.left.write(encode(pdu))
    line.left.protocol.dataReceived = frames.append
    stand.pump()
    assert stand.only_bind().version == version
    response = b"".join(frames)
    assert response[16:24] == b"gateway\0"
    tlv = b"" if told is None else bytes([SC_INTERFACE_VERSION >> 8, SC_INTERFACE_VERSION & 255, 0, 1, told])
    assert response[24:] == tlv


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (None, 0x0E),
        (Refused(Refusal.TOO_MANY_FAILURES), 0x0D),
        (Refused(Refusal.OVERLOADED), 0x08),
        (MemoryError("no 19 MiB left"), 0x08),
    ],
)
def test_refused_binds_are_answered_and_closed(failure, status):
    stand = Stand()
    stand.auth.failure = failure
    esme = stand.bind(secret=b"wrong")
    assert esme.refused == status
    assert esme.reason is not None
    assert stand.bind_failures(status) == 1
    assert stand.server.connections() == {"smpp": 0} and not stand.server.sessions
    assert stand.server.account("ann") is None


def test_an_unknown_name_is_told_the_same_as_a_wrong_password():
    stand = Stand()
    assert stand.bind(name=b"bob").refused == stand.bind(secret=b"wrong").refused == 0x0E


def test_networks_of_the_tenant_count_after_a_good_password():
    stand = Stand(account(allow=("192.0.2.0/28", "2001:db8::/32")))
    assert stand.bind(host="192.0.2.99").refused == 0x0D
    assert stand.bind(host="192.0.2.99", secret=b"wrong").refused == 0x0E
    assert stand.bind(host="192.0.2.9").bound
    assert stand.bind(host="2001:db8::1").bound


def test_a_tenant_may_be_told_other_codes():
    stand = Stand(account(max_binds=0, smpp_errors={"too_many_binds": 0x0D}))
    assert stand.bind().refused == 0x0D


def test_max_binds_over_all_listeners():
    stand = Stand()
    stand.listen("other")
    first, second = stand.bind(), stand.bind(listener="other")
    assert first.bound and second.bound
    assert stand.bind().refused == 0x05
    assert len(stand.server.account("ann").binds) == 2
    first.line.cut()
    assert stand.bind().bound


def test_two_binds_verified_at_once_do_not_both_get_the_last_place():
    stand = Stand(account(max_binds=1))
    stand.auth.held = []
    first, second = stand.bind(), stand.bind()
    assert len(stand.auth.held) == 2 and not first.bound
    stand.auth.release()
    stand.pump()
    assert first.bound and second.refused == 0x05


def test_a_bind_that_leaves_gives_its_place_away_before_its_socket_is_closed():
    stand = Stand(account(max_binds=1))
    stand.requests.answer = False
    leaving = stand.bind()
    leaving.submit()
    stand.pump()
    # On the wire: its own session would wait for the answer.
    leaving.line.left.write(encode(Unbind(sequence=99)))
    stand.pump()
    assert not stand.only_bind().alive
    assert stand.bind().bound


def test_a_peer_that_is_gone_before_its_password_is_verified_takes_no_place():
    stand = Stand(account(max_binds=1))
    stand.auth.held = []
    stand.bind().line.cut()
    stand.auth.release()
    stand.pump()
    assert stand.server.account("ann") is None
    assert stand.bind().bound


def test_reads_are_handed_on_whole():
    stand = Stand()
    esme = stand.bind()
    esme.submit(5)
    stand.pump()
    [(bind, pdus)] = stand.requests.reads
    assert [type(pdu) for pdu in pdus] == [SubmitSm] * 5
    assert esme.statuses() == [0] * 5
    for number in range(3):
        bind.connection.request(DeliverSm(**DELIVER), f"context {number}")
    stand.pump()
    assert stand.answers.of("answered") == [([("context 0", 0), ("context 1", 0), ("context 2", 0)],)]


def test_what_is_unanswered_in_time_or_when_the_bind_breaks_is_told():
    stand = Stand(response_s=20)
    esme = stand.bind(deliver=False)
    connection = stand.only_bind().connection
    connection.request(DeliverSm(**DELIVER), "late")
    stand.pump()
    stand.advance(21)
    assert stand.answers.of("unanswered") == [(["late"],)]
    connection.request(DeliverSm(**DELIVER), "sent")
    stand.pump()
    connection.request(DeliverSm(**DELIVER), "unsent")
    bind = stand.only_bind()
    esme.line.cut()
    assert stand.answers.of("unbound") == [(["sent"], ["unsent"])]
    assert stand.requests.gone == [bind]
    assert not bind.alive and stand.server.account("ann") is None
    assert stand.metrics.esme_binds.labels("ann")._value.get() == 0


def test_the_window_is_the_accounts_or_the_listeners():
    stand = Stand(account(esme=EsmeSettings(window=3)), account("bob"), window=7)
    stand.bind()
    stand.bind(name=b"bob")
    assert {row.system_id: row.window for row in stand.server.status()} == {"ann": 3, "bob": 7}
    assert stand.server.account("ann").window == 3 and stand.server.account("bob").window == 7


def test_an_error_in_what_takes_requests_does_not_end_the_session():
    stand = Stand()
    esme = stand.bind()
    stand.requests.error = ZeroDivisionError("a bug")
    esme.submit()
    stand.pump()
    stand.requests.error = None
    esme.submit()
    stand.pump()
    assert esme.bound and esme.statuses() == [0]


def test_an_error_in_what_takes_requests_does_not_swallow_the_answers_beside_them():
    """What is out would stay out for as long as the bind lasts."""
    stand = Stand()
    esme = stand.bind(deliver=False)
    sequence = stand.only_bind().connection.request(DeliverSm(**DELIVER), "receipt")
    stand.pump()
    stand.requests.error = ZeroDivisionError("a bug")
    submit = SubmitSm(sequence=77, destination_addr=b"306912345678", short_message=b"x")
    esme.line.left.write(encode(DeliverSmResp(sequence=sequence)) + encode(submit))
    stand.pump()
    assert stand.requests.reads and stand.answers.of("answered") == [([("receipt", 0)],)]


def test_nobody_is_taken_for_dead_while_we_do_not_read():
    stand = Stand(enquire_link_s=5)
    esme = stand.bind()
    bind = stand.only_bind()
    bind.connection.pause_reading()
    esme.submit(3)
    stand.pump()
    esme.line.left.write(b"\0\0")  # and half a PDU
    stand.advance(100)
    assert esme.bound and not stand.requests.reads
    bind.connection.resume_reading()
    stand.pump()
    assert esme.statuses() == [0, 0, 0]
    esme.line.left.write(b"\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x05")
    stand.advance(20)
    assert esme.bound and bind.alive


def test_a_peer_that_reads_again_is_told():
    stand = Stand(window=1000)
    esme = stand.bind(deliver=False)
    bind = stand.only_bind()
    esme.line.right.peer_reads = False
    for number in range(800):
        bind.connection.request(DeliverSm(source_addr=b"1", destination_addr=b"2", short_message=b"x" * 140), number)
    stand.pump()
    assert not bind.connection.writable and not stand.answers.of("writable")
    esme.line.right.peer_reads = True
    stand.pump()
    assert stand.answers.of("writable") == [(bind,)]
    assert len(esme.of(Request)) == 800


def test_connections_of_one_address():
    stand = Stand(max_unbound_per_address=2, max_per_address=3, max_connections=100)
    assert stand.connect().line and stand.connect().line
    assert stand.connect().line is None
    assert stand.refusals("unbound") == 1
    assert stand.connect(host="192.0.2.2").line
    waiting = [stand.connect(host="2001:db8::1"), stand.connect(host="2001:db8::2")]
    assert all(esme.line for esme in waiting)
    assert stand.connect(host="2001:db8:0:0:1::3").line is None  # the same /64
    assert stand.connect(host="2001:db8:0:1::3").line
    assert stand.refusals("unbound") == 2
    waiting[0].line.cut()
    assert stand.connect(host="2001:db8::4").line


def test_bound_ones_of_one_address_and_of_all():
    stand = Stand(account(max_binds=9), max_unbound_per_address=2, max_per_address=3, max_connections=4)
    for _ in range(3):
        assert stand.bind().bound
    assert stand.bind().line is None and stand.refusals("address") == 1
    assert stand.bind(host="192.0.2.2").bound
    assert stand.bind(host="192.0.2.3").line is None and stand.refusals("connections") == 1
    assert stand.server.connections() == {"smpp": 4}


def test_who_does_not_bind_is_closed():
    stand = Stand(session_init_s=5)
    silent = stand.connect()
    for _ in range(9):  # an enquire_link is answered, and buys no time
        silent.line.left.write(encode(EnquireLink(sequence=1)))
        stand.advance(0.5)
    assert silent.reason is None
    stand.advance(1)
    assert silent.reason is not None and stand.refusals("not_bound") == 1
    noisy = stand.connect()
    noisy.line.left.write(b"GET / HTTP/1.1\r\n\r\n")
    stand.pump()
    assert noisy.reason is not None and stand.refusals("broken") == 1
    submitting = stand.connect()
    submitting.line.left.write(encode(SubmitSm(sequence=1)) * 20)
    stand.pump()
    assert submitting.reason is not None and not stand.requests.reads
    assert stand.metrics.esme_faults._value.get() >= 2
    assert stand.server.connections() == {"smpp": 0}


def test_a_second_bind_on_a_session_is_refused_and_the_first_goes_on():
    stand = Stand()
    esme = stand.bind()
    esme.line.left.write(encode(BindTransceiver(system_id=b"ann", password=b"secret", sequence=77)))
    esme.submit()
    stand.pump()
    assert esme.statuses() == [0] and len(stand.auth.asked) == 1


def test_disconnect_unbinds_the_binds_of_an_account():
    stand = Stand(account(), account("bob"))
    first, other = stand.bind(), stand.bind(name=b"bob")
    assert stand.server.disconnect("ann") == 1 and stand.server.disconnect("nobody") == 0
    stand.pump()
    assert first.unbound_by_peer and other.bound and not other.unbound_by_peer


class TestStop:
    def stop(self, stand, limit_s=10):
        done = []
        stand.server.stop(limit_s).addCallback(lambda _: done.append(stand.reactor.seconds()))
        stand.pump()
        return done

    def test_nobody_is_there(self):
        stand = Stand()
        assert self.stop(stand)
        assert stand.connect().line is None

    def test_idle_binds_are_unbound_in_order(self):
        stand = Stand(account(max_binds=9))
        esmes = [stand.bind() for _ in range(5)]
        probe = stand.connect()
        assert self.stop(stand)
        assert all(esme.unbound_by_peer and esme.reason for esme in esmes) and probe.reason
        assert not stand.server.sessions

    def test_what_was_taken_is_answered_and_what_is_outstanding_waited_for(self):
        stand = Stand()
        stand.requests.answer = False
        esme = stand.bind(deliver=False)
        esme.submit(2)
        bind = stand.only_bind()
        bind.connection.request(DeliverSm(**DELIVER), "out")
        stand.pump()
        done = self.stop(stand)
        assert not bind.alive and not done
        esme.submit()  # too late: it is for another time
        stand.pump()
        assert esme.statuses() == [0x08]
        stand.advance(2)
        stand.requests.answer_all(*stand.requests.reads[0])
        [asked] = esme.of(Request)
        esme.deliver = True
        esme.received(esme.connection, [asked])
        stand.pump()
        assert esme.statuses() == [0x08, 0, 0]
        assert stand.answers.of("answered") == [([("out", 0)],)]
        assert esme.unbound_by_peer and done

    def test_a_bind_being_verified_is_told_to_come_later(self):
        stand = Stand()
        stand.auth.held = []
        esme = stand.bind()
        done = self.stop(stand)
        assert esme.refused == 0x08 and done
        stand.auth.release()
        assert stand.server.account("ann") is None and stand.bind_failures(0x08) == 1

    def test_before_the_end_binds_are_refused_and_who_is_bound_goes_on(self):
        stand = Stand()
        bound, waiting = stand.bind(), stand.connect()
        stand.server.stopping = True
        waiting.connection.bind(BindTransceiver(system_id=b"ann", password=b"secret"))
        stand.pump()
        assert waiting.refused == 0x08 and stand.bind().refused == 0x08 and stand.bind_failures(0x08) == 2
        bound.submit()
        stand.pump()
        assert bound.statuses() == [0] and len(stand.auth.asked) == 1

    def test_nobody_is_let_in_while_the_last_ones_leave(self):
        stand = Stand()
        stand.requests.answer = False
        busy = stand.bind()
        busy.submit()
        stand.pump()
        self.stop(stand)
        assert stand.server.stopping and stand.connect().line is None and stand.refusals("stopping") == 1

    def test_it_never_takes_longer_than_its_limit(self):
        stand = Stand()
        esme = stand.bind(deliver=False)
        stand.only_bind().connection.request(DeliverSm(**DELIVER), "out")
        stand.pump()
        esme.line.right.peer_reads = False  # and answers nothing at all
        begun = stand.reactor.seconds()
        done = self.stop(stand, limit_s=4)
        stand.advance(6, step=0.1)
        assert done and done[0] - begun <= 4.5
        assert stand.answers.of("unbound") == [(["out"], [])]


def test_all_addresses_of_a_listener_are_opened_and_told():
    stand = Stand()
    opened = stand.listen("third", listen=("127.0.0.1:0", "[::1]:0"))
    assert [host for host, _ in opened] == ["127.0.0.1", "::1"]
    assert [server[3] for server in stand.reactor.tcpServers[-2:]] == ["127.0.0.1", "::1"]


def test_a_peer_that_is_gone_without_a_word_is_noticed():
    stand = Stand(enquire_link_s=5)
    esme = stand.bind()
    bind = stand.only_bind()
    bind.connection.request(DeliverSm(**DELIVER), "in flight")
    stand.advance(0)
    esme.line.left.peer_reads = esme.line.right.peer_reads = False  # neither end hears of the other any more
    stand.advance(40)
    assert not bind.alive and not stand.server.sessions
    assert stand.answers.of("unbound") == [(["in flight"], [])]


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.booleans())
def test_random_octets_never_raise_and_cost_nobody_else_anything(reads, bound):
    stand = Stand(account(max_binds=9), max_per_address=9)
    other = stand.bind()
    hostile = stand.bind() if bound else stand.connect()
    for read in reads:
        if not hostile.line.right.disconnected:
            hostile.line.right.protocol.dataReceived(read)
    stand.advance(12, 2)
    other.submit(2)
    stand.pump()
    assert other.statuses() == [0, 0]
    assert bound or hostile.reason is not None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 0x15, 0x21, 0x102, 0x103, 0x111, 0x7FFFFFFF]),
            st.booleans(),
            st.sampled_from([0, 1, 8, 0x58, 0xFFFFFFFF]),
            st.integers(0, 0xFFFFFFFF),
            st.binary(max_size=80),
        ),
        max_size=10,
    ),
    st.booleans(),
)
def test_random_pdus_never_raise_and_cost_nobody_else_anything(pdus, bound):
    stand = Stand(account(max_binds=9), max_per_address=9)
    other = stand.bind()
    hostile = stand.bind() if bound else stand.connect()
    for command, response, status, sequence, body in pdus:
        if not hostile.line.right.disconnected:
            head = struct.pack(">IIII", 16 + len(body), command | response << 31, status, sequence)
            hostile.line.right.protocol.dataReceived(head + body)
    stand.advance(12, 2)
    other.submit(2)
    stand.pump()
    assert other.statuses() == [0, 0]
    assert len(stand.server.account("ann").binds) <= 2
