"""What an SMSC sends that is no receipt: messages of subscribers, and alerts."""

import pytest
from prometheus_client import CollectorRegistry

from smsgwd.model.changes import KeepMoPart, MoKept, TakeMo, TakeReceipt
from smsgwd.model.mo import Mo, MoSetKey
from smsgwd.smpp import tags as t
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import AlertNotification, DataSm, DeliverSm
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import render
from tests.southbound.fakes import Bench, message


class Desk:
    """Subscribers: all to 54001 are the shop's, in 54009 parts are kept, 666 is a bug."""

    def __init__(self):
        self.asked = []
        self.alerts = []
        self.whole = []
        self.opted_out = []

    def change(self, mo, group):
        self.asked.append((mo.connector, mo.dest, group))
        if mo.dest == "666":
            raise RuntimeError("a bug")
        if mo.dest == "54009":
            return KeepMoPart(MoSetKey(group, mo.source, mo.dest, 7, 2, 8), mo.body[0], mo)
        stops = True if mo.body == b"STOP" else None
        return TakeMo("demo", account="shop", parts=(mo,), opts_out=stops) if mo.dest == "54001" else None

    def kept(self, results):
        self.whole.append(results)

    def opted(self, change):
        self.opted_out.append(change.tenant)

    def alert(self, connector, pdu):
        self.alerts.append((connector, pdu))
        return True


def bench(**changes):
    desk = Desk()
    made = Bench(subscribers=desk, **changes)
    made.desk = desk
    return made.start()


def test_a_subscribers_message_is_kept_for_its_account_and_then_answered():
    here = bench()
    here.store.hold = True
    here.smsc.deliver(
        DeliverSm(
            service_type=b"CMT",
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=b"306912345678",
            dest_addr_ton=3,
            destination_addr=b"54001",
            esm_class=0x40,
            protocol_id=2,
            priority_flag=1,
            data_coding=8,
            short_message=b"\0S",
            tlvs=((t.USER_RESPONSE_CODE, b"\1"),),
        ),
        "mo",
    )
    here.pump()
    assert not here.smsc.answers
    here.store.release()
    here.pump()
    assert here.smsc.answers == [("mo", 0)]
    (change,) = here.store.changes(TakeMo)
    assert (change.tenant, change.account) == ("demo", "shop")
    (kept,) = change.parts
    assert kept == Mo(
        connector="sim",
        received_at=here.clock.now_ms(),
        source="306912345678",
        dest="54001",
        source_ton=1,
        source_npi=1,
        dest_ton=3,
        service_type="CMT",
        esm_class=0x40,
        protocol_id=2,
        priority=1,
        data_coding=8,
        body=b"\0S",
        tlvs=((t.USER_RESPONSE_CODE, b"\1"),),
    )
    assert here.outbox.items == ["owed"]


def test_a_data_sm_has_its_text_in_a_tlv():
    here = bench()
    here.smsc.deliver(DataSm(source_addr=b"30691", destination_addr=b"54001", tlvs=((t.MESSAGE_PAYLOAD, b"STOP"),)), 1)
    here.pump()
    (change,) = here.store.changes(TakeMo)
    (kept,) = change.parts
    assert kept.body == b"STOP" and kept.tlvs == () and here.smsc.answers == [(1, 0)]


def test_without_a_route_the_smsc_keeps_it():
    here = bench()
    here.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=b"54002", short_message=b"STOP"), "mo")
    here.pump()
    assert here.smsc.answers == [("mo", 0x64)] and here.desk.asked == [("sim", "54002", here.connector._settings.group)]
    assert not here.store.batches


@pytest.mark.parametrize("trouble", ["broken", "poison", "stuck"])
def test_without_the_store_the_smsc_keeps_it(trouble):
    here = bench()
    if trouble == "broken":
        here.store.broken = True
    elif trouble == "poison":
        here.store.poison = (TakeMo,)
    else:
        here.store.healthy = False
    here.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=b"54001", short_message=b"STOP"), "mo")
    here.pump()
    assert here.smsc.answers == [("mo", 0x08)] and not here.outbox.items


def test_an_alert_is_passed_on_and_never_answered():
    here = bench()
    here.smsc.connections[0].request(AlertNotification(source_addr=b"306912345678", esme_addr=b"shop"))
    here.pump()
    ((connector, pdu),) = here.desk.alerts
    assert connector == "sim" and pdu.esme_addr == b"shop"
    assert here.connector._binds[0].connection.session.unanswered == 0
    nobody = Bench().start()
    nobody.smsc.connections[0].request(AlertNotification(source_addr=b"306912345678"))
    nobody.pump()
    assert nobody.dispatcher.up("sim")


def test_what_is_owed_for_an_intermediate_receipt_goes_to_the_outbox():
    here = bench()
    here.store.noted = ("intermediate",)
    here.send(message(1))
    here.pump()
    here.smsc.receipt("1", MessageState.ENROUTE, intermediate=True)
    here.pump()
    assert here.store.changes(TakeReceipt) and here.outbox.items == ["intermediate"]


@pytest.mark.parametrize(
    ("tlvs", "said"),
    [
        (((t.RECEIPTED_MESSAGE_ID, b"1\0"), (t.MESSAGE_STATE, b"\5")), ("UNDELIV", "069")),
        (((t.RECEIPTED_MESSAGE_ID, b"1\0"), (t.MESSAGE_STATE, b"\x08")), ("REJECTD", "069")),
        ((), ("EXPIRED", "069")),
    ],
)
def test_what_a_receipt_says_is_kept_in_words(tlvs, said):
    """Who tells it on looks for 'UNDELIV 069', whether it came in the text or as a TLV."""
    here = bench()
    here.send(message(1))
    here.pump()
    text = b"id:1 sub:001 dlvrd:000 submit date:2605011200 done date:2605011201 stat:EXPIRED err:069 text:"
    here.smsc.deliver(DeliverSm(source_addr=b"306912345678", esm_class=4, short_message=text, tlvs=tlvs))
    here.pump()
    [change] = here.store.changes(TakeReceipt)
    assert (change.receipt.status, change.receipt.error) == said


def test_a_bug_in_reading_one_costs_that_one_only():
    """Those of the same read are kept and answered; the SMSC is told to keep the one."""
    here = bench()
    for number, to in enumerate((b"54001", b"666", b"54001")):
        here.smsc.deliver(DeliverSm(source_addr=b"306912345678", destination_addr=to, short_message=b"Hi"), number)
    here.pump()
    assert dict(here.smsc.answers) == {0: 0, 1: 0x08, 2: 0}
    assert [change.parts[0].dest for change in here.store.changes(TakeMo)] == ["54001", "54001"]


def part(seq):
    return DeliverSm(
        source_addr=b"30691", destination_addr=b"54009", esm_class=0x40, short_message=bytes((seq,)) + b"x"
    )


def test_parts_are_answered_when_durable_and_whole_sets_go_on_in_one_call():
    here = bench()
    here.store.hold = True
    for seq in (2, 1, 2):
        here.smsc.deliver(part(seq), seq)
    here.pump()
    assert not here.smsc.answers and not here.desk.whole
    here.store.release()
    here.pump()
    assert here.smsc.answers == [(2, 0), (1, 0), (2, 0)]
    (results,) = here.desk.whole
    assert [type(each) for each in results] == [MoKept] * 3 and [bool(each.complete) for each in results] == [1, 0, 1]


def test_a_part_that_cannot_be_kept_is_left_with_the_smsc():
    here = bench()
    here.store.broken = True
    here.smsc.deliver(part(1), 1)
    here.pump()
    assert here.smsc.answers == [(1, 0x08)] and not here.desk.whole


def test_the_desk_hears_of_opt_outs_that_are_durable_only():
    here = bench()
    for number, text in enumerate((b"hello", b"STOP", b"STOP please")):
        here.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=b"54001", short_message=text), number)
    here.pump()
    assert here.desk.opted_out == ["demo"] and dict(here.smsc.answers) == {0: 0, 1: 0, 2: 0}
    here.store.broken = True
    here.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=b"54001", short_message=b"STOP"), 9)
    here.pump()
    assert here.desk.opted_out == ["demo"] and here.smsc.answers[-1] == (9, 0x08)


def test_figures():
    metrics = Metrics(CollectorRegistry())
    here = bench(metrics=metrics.connector)
    for number, to in enumerate((b"54001", b"54001", b"54002")):
        here.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=to, short_message=b"x"), number)
    here.pump()
    text = render(metrics.registry).decode()
    assert 'smsgwd_mo_total{connector="sim",result="kept"} 2.0' in text
    assert 'smsgwd_mo_total{connector="sim",result="unrouted"} 1.0' in text
    metrics.forget_connector("sim")
    assert "smsgwd_mo_total{" not in render(metrics.registry).decode()
