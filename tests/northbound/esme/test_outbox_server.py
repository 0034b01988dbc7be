"""The outbox behind real sessions: what ESMEs read on the wire, over unbinds, broken lines and lost answers."""

import pytest

from smsgwd.model.tenant import EsmeSettings
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.smpp.events import Request
from smsgwd.smpp.pdu import BindReceiver, BindTransmitter, DataSm, DeliverSm, GenericNack
from smsgwd.smpp.receipt import parse_receipt
from smsgwd.smpp.tables import response_to
from tests.northbound.esme.outbox_fakes import many, owed
from tests.northbound.esme.stand import Stand, account
from tests.notify.fakes import FakeStore, ReactorClock


class Served(Stand):
    def __init__(self, *items, **options):
        super().__init__(
            account("ann", max_binds=8), account("bob", esme=EsmeSettings(receipts_by="data_sm")), **options
        )
        self.store = FakeStore(self.reactor, items)
        self.absent = []
        self.outbox = EsmeOutbox(self.reactor, ReactorClock(self.reactor), self.store, absent=self.absent.append)
        self.server.answers = self.outbox
        self.outbox.start()
        self.settle()

    def settle(self):
        for _ in range(30):
            self.reactor.advance(0)
            self.pump()


def ids(esme):
    return [int(parse_receipt(event.pdu).message_id) - (1 << 60) for event in esme.of(Request)]


def test_receipts_go_out_are_answered_and_done():
    stand = Served(*many(1, 300, "ann"))
    assert stand.absent == ["ann"]
    esme = stand.bind()
    stand.settle()
    assert ids(esme) == stand.store.done == list(range(1, 301))
    stand.outbox.offer(many(301, 305, "ann"))
    stand.store.put(many(301, 305, "ann"))
    stand.settle()
    assert ids(esme)[300:] == [301, 302, 303, 304, 305]
    assert stand.outbox.in_flight == 0


def test_a_transmitter_gets_nothing_and_a_receiver_all():
    stand = Served(*many(1, 5, "ann"))
    deaf = stand.bind(kind=BindTransmitter)
    stand.settle()
    esme = stand.bind(kind=BindReceiver)
    stand.settle()
    assert (ids(deaf), ids(esme)) == ([], [1, 2, 3, 4, 5])


def test_versions_and_data_sm():
    stand = Served(owed(1, "ann"), owed(2, "bob"))
    old, by_data = stand.bind(interface_version=0x33), stand.bind(b"bob")
    stand.settle()
    (one,), (two,) = old.of(Request), by_data.of(Request)
    assert isinstance(one.pdu, DeliverSm) and one.pdu.tlvs == ()
    assert isinstance(two.pdu, DataSm) and parse_receipt(two.pdu).source == "tlv"
    assert sorted(stand.store.done) == [1, 2]


@pytest.mark.parametrize("cut", [True, False])
def test_what_was_unanswered_at_the_end_of_a_bind_comes_again_in_order(cut):
    stand = Served(*many(1, 250, "ann"))
    mute = stand.bind(deliver=False)
    stand.settle()
    assert ids(mute) == list(range(1, 101))
    for event in mute.of(Request)[:10]:
        mute.connection.respond(response_to(event.pdu.command_id, event.pdu.sequence))
    stand.settle()
    assert ids(mute) == list(range(1, 111))
    if cut:
        mute.line.cut()
    else:
        mute.connection.unbind()
    stand.advance(25)
    assert stand.server.account("ann") is None
    assert stand.outbox.status() == []
    esme = stand.bind()
    stand.settle()
    assert ids(esme) == list(range(11, 251))
    assert sorted(stand.store.done) == list(range(1, 251))


def test_what_is_not_answered_in_time_is_tried_again_elsewhere():
    stand = Served(*many(1, 2, "ann"), response_s=5)
    mute = stand.bind(deliver=False)
    stand.settle()
    stand.advance(6)
    mute.line.cut()
    esme = stand.bind()
    stand.settle()
    assert ids(esme) == []
    stand.advance(37)
    assert ids(mute) == sorted(ids(esme)) == sorted(stand.store.done) == [1, 2]


def test_a_generic_nack_is_an_answer():
    stand = Served(*many(1, 2, "ann"))
    esme = stand.bind(deliver=False)
    stand.settle()
    for event, status in zip(esme.of(Request), (0, 3), strict=True):
        esme.connection.respond(GenericNack(sequence=event.pdu.sequence, status=status))
    stand.settle()
    assert [number for number, _, _ in stand.store.retries] == [1]
    assert stand.store.dead == {2: "ESME_RINVCMDID"}


def test_shutting_down_takes_the_answers_on_their_way():
    stand = Served(*many(1, 150, "ann"))
    esme = stand.bind(deliver=False)
    stand.settle()
    ended = []
    stand.server.stop(10).addCallback(ended.append)
    for event in esme.of(Request):
        esme.connection.respond(response_to(event.pdu.command_id, event.pdu.sequence))
    stand.advance(2)
    stand.outbox.stop(5).addCallback(ended.append)
    stand.settle()
    assert ended == [None, None]
    assert stand.store.done == list(range(1, 101))
