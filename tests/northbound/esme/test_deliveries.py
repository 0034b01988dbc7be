"""Receipts and subscribers' messages as PDUs, read back with our own reader of receipts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.model.message import Failure, State
from smsgwd.model.mo import Mo, pack_mo
from smsgwd.model.outbox import INTERMEDIATE, MO
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.northbound.esme import receipt_templates
from smsgwd.northbound.esme.deliveries import composer
from smsgwd.smpp.codec import decode, encode, encode_by_table
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.pdu import DataSm, DeliverSm
from smsgwd.smpp.receipt import NetworkError, parse_receipt
from tests.northbound.esme.outbox_fakes import owed

SUBMITTED = int(datetime(2026, 5, 28, 20, 26, 59, tzinfo=UTC).timestamp()) * 1000 + 999
DONE = int(datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1000
WIRE = pack_wire(
    Wire(
        source_ton=5, source_npi=0, dest_ton=1, dest_npi=1, service_type="WAP",
        tlvs=((0x0204, b"\x12\x34"), (0x020A, b"\x00\x50")),
    )
)  # fmt: skip


def receipt(**changes):
    fields = {"message_id": 4711, "submitted_at": SUBMITTED, "done_at": DONE, "wire": WIRE, "dest": "306912345678"}
    return owed(1, **{**fields, **changes})


def sent(item, version=0x34, receipts_by="deliver_sm"):
    """What the peer reads; both encoders must agree on it."""
    pdu = composer(version, receipts_by)(item)
    assert encode(pdu) == encode_by_table(pdu)
    return decode(encode(pdu))


def test_a_receipt_to_the_letter():
    pdu = sent(receipt())
    assert isinstance(pdu, DeliverSm)
    assert pdu.short_message == (
        b"id:4711 sub:001 dlvrd:001 submit date:2605282026 done date:2701020304 stat:DELIVRD err:000 text:"
    )
    assert pdu.tlvs == ((0x001E, b"4711\0"), (0x0427, b"\x02"), (0x0204, b"\x12\x34"))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"306912345678", 1, 1)
    assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == (b"iSMS", 5, 0)
    assert (pdu.esm_class, pdu.data_coding, pdu.service_type) == (0x04, 0, b"WAP")
    assert (pdu.protocol_id, pdu.priority_flag, pdu.registered_delivery) == (0, 0, 0)
    assert pdu.malformed_tlvs() == ()


@pytest.mark.parametrize(
    ("state", "stat", "number", "dlvrd"),
    [
        (State.DELIVERED, b"DELIVRD", 2, b"001"),
        (State.UNDELIVERED, b"UNDELIV", 5, b"000"),
        (State.EXPIRED, b"EXPIRED", 3, b"000"),
        (State.REJECTED, b"REJECTD", 8, b"000"),
        (State.CANCELLED, b"DELETED", 4, b"000"),
        (State.UNKNOWN, b"UNKNOWN", 7, b"000"),
    ],
)
def test_the_states(state, stat, number, dlvrd):
    pdu = sent(receipt(state=state))
    assert b" dlvrd:" + dlvrd + b" " in pdu.short_message
    assert b" stat:" + stat + b" " in pdu.short_message
    assert pdu.tlv_int(0x0427) == number
    read = parse_receipt(pdu)
    assert (read.message_id, read.state) == ("4711", MessageState(number))
    assert (read.submit_date, read.done_date) == (datetime(2026, 5, 28, 20, 26), datetime(2027, 1, 2, 3, 4))


@pytest.mark.parametrize(
    ("failure", "err", "network"),
    [
        (None, "000", None),
        (Failure("undelivered", "UNDELIV 069"), "069", NetworkError(3, 69)),
        (Failure("undelivered", "UNDELIV 5"), "005", NetworkError(3, 5)),
        (Failure("expired", "EXPIRED 000"), "000", None),
        (Failure("undelivered", "UNDELIV 00A"), "00A", None),
        (Failure("undelivered", "UNDELIV 12345678"), "12345678", None),
        (Failure("undelivered", "UNDELIV"), "000", None),
        (Failure("undelivered", "UNDELIV 0 69"), "000", None),
        (Failure("expired", "validity ended before it could be sent"), "000", None),
        (Failure("receipt_timeout", "no receipt came"), "000", None),
        (Failure("smsc_rejected", "ESME_RINVDSTADR", 11), "011", None),
        (Failure("smsc_rejected", "0x00000412", 0x412), "1042", None),
    ],
)
def test_the_error(failure, err, network):
    read = parse_receipt(sent(receipt(state=State.UNDELIVERED, error=failure)))
    assert (read.error, read.network_error) == (err, network)


@pytest.mark.parametrize("version", [0x00, 0x33])
def test_a_peer_of_3_3_gets_the_text_alone(version):
    pdu = sent(receipt(error=Failure("undelivered", "UNDELIV 069"), state=State.UNDELIVERED), version, "data_sm")
    assert isinstance(pdu, DeliverSm)
    assert pdu.tlvs == ()
    assert pdu.short_message == (
        b"id:4711 sub:001 dlvrd:000 submit date:2605282026 done date:2701020304 stat:UNDELIV err:069 text:"
    )


def test_by_data_sm_for_those_who_want_that():
    pdu = sent(receipt(), 0x50, "data_sm")
    assert isinstance(pdu, DataSm)
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"306912345678", 1, 1)
    assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == (b"iSMS", 5, 0)
    assert (pdu.esm_class, pdu.data_coding, pdu.service_type) == (0x04, 0, b"WAP")
    read = parse_receipt(pdu)
    assert (read.message_id, read.state, read.done_date) == (
        "4711",
        MessageState.DELIVERED,
        datetime(2027, 1, 2, 3, 4),
    )
    assert pdu.tlv_int(0x0204) == 0x1234
    assert isinstance(sent(receipt(type=MO, payload=pack_mo(Mo("sim", 0, "1", "2"))), 0x34, "data_sm"), DeliverSm)


def test_an_intermediate_notification_tells_of_its_own_moment():
    """Read back from the store it comes with what the message is by then."""
    item = receipt(
        type=INTERMEDIATE, created_at=SUBMITTED + 60_000, done_at=DONE, state=State.UNDELIVERED,
        error=Failure("undelivered", "UNDELIV 069"),
    )  # fmt: skip
    pdu = sent(item)
    assert pdu.esm_class == 0x20
    assert pdu.short_message == (
        b"id:4711 sub:001 dlvrd:000 submit date:2605282026 done date:2605282027 stat:ENROUTE err:000 text:"
    )
    assert pdu.tlv_int(0x0427) == 1
    assert sent(receipt(type=INTERMEDIATE, state=State.SENT, done_at=None)).tlv_int(0x0427) == 1


def test_without_a_wire_the_addresses_are_of_unknown_type():
    pdu = sent(receipt(wire=None))
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi) == (0, 0, 0, 0)
    assert pdu.tlvs == ((0x001E, b"4711\0"), (0x0427, b"\x02"))


def mo(**changes):
    fields = {
        "connector": "sim", "received_at": SUBMITTED, "source": "306912345678", "dest": "54000", "source_ton": 1,
        "source_npi": 1, "dest_ton": 3, "dest_npi": 8, "service_type": "CMT", "esm_class": 0x40, "protocol_id": 63,
        "priority": 1, "data_coding": 8, "body": b"\x05\x00\x03\x2a\x02\x01\x00J", "tlvs": ((0x1401, b"own"),),
    }  # fmt: skip
    return receipt(type=MO, message_id=0, payload=pack_mo(Mo(**{**fields, **changes})))


def test_a_subscribers_message_as_it_came():
    pdu = sent(mo())
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"306912345678", 1, 1)
    assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == (b"54000", 3, 8)
    assert (pdu.esm_class, pdu.protocol_id, pdu.priority_flag, pdu.data_coding) == (0x40, 63, 1, 8)
    assert (pdu.service_type, pdu.short_message, pdu.tlvs) == (
        b"CMT",
        b"\x05\x00\x03\x2a\x02\x01\x00J",
        ((0x1401, b"own"),),
    )


def test_a_long_body_travels_as_message_payload():
    assert sent(mo(body=b"x" * 254)).short_message == b"x" * 254
    pdu = sent(mo(body=b"x" * 255))
    assert pdu.short_message == b""
    assert pdu.tlvs == ((0x1401, b"own"), (0x0424, b"x" * 255))


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (receipt(source="\u0391\u0392"), "destination_addr"),
        (receipt(dest="x" * 21), "source_addr"),
        (receipt(source="a\0b"), "destination_addr"),
        (receipt(wire=b"\xc1"), "wire"),
        (receipt(wire=pack_wire(Wire(service_type="TOO LONG"))), "service_type"),
        (receipt(type=MO, payload=None), "payload"),
        (receipt(type=MO, payload=b"\x91\x01"), "payload"),
        (mo(service_type="\u0391"), "service_type"),
    ],
)
def test_what_no_pdu_can_carry_is_named(item, field):
    with pytest.raises(EncodeError, match=f"^{field}: "):
        encode(composer(0x34)(item))


NUMBERS = st.text("0123456789+", max_size=22)
ITEMS = st.builds(
    receipt,
    message_id=st.integers(0, (1 << 63) - 1),
    submitted_at=st.integers(0, 4_000_000_000_000),
    created_at=st.integers(0, 4_000_000_000_000),
    done_at=st.none() | st.integers(0, 4_000_000_000_000),
    dest=NUMBERS | st.text(max_size=5),
    source=NUMBERS | st.text(max_size=22),
    wire=st.sampled_from([None, WIRE, pack_wire(Wire(dest_ton=2)), b"\xc1", pack_wire(Wire(service_type="%s%"))]),
    state=st.sampled_from([State.DELIVERED, State.DELIVERED, State.EXPIRED, State.QUEUED]),
    type=st.sampled_from(["message.delivered", "message.delivered", INTERMEDIATE, MO]),
    error=st.sampled_from([None, None, None, Failure("undelivered", "UNDELIV 069")]),
)


def octets_or_error(compose, item):
    try:
        return encode(compose(item))
    except EncodeError as error:
        return str(error)


@settings(max_examples=300, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=4), st.sampled_from([0x33, 0x34, 0x50]))
def test_of_a_template_or_not_the_octets_are_the_same(items, version):
    quick = receipt_templates.composer(version)
    for item in items:
        assert octets_or_error(quick, item) == octets_or_error(composer(version), item)


def test_wires_that_differ_each_time_are_not_kept_for_ever():
    quick = receipt_templates.ReceiptComposer(composer(0x34))
    for number in range(3000):
        quick.compose(receipt(wire=pack_wire(Wire(service_type=str(number)))))
    assert len(quick._templates) <= 1024
