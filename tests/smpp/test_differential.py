"""Ours against smpp34 and smpplib, on well-formed PDUs (on malformed ones ours is held to the specification)."""

import pytest
import smpp34
import smpplib.smpp
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp import pdu as p
from smsgwd.smpp import tags as t
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.tlv import pack_tlvs

byte = st.integers(0, 255)
text = st.text("abcXYZ0123456789 ", min_size=1, max_size=20)
when = st.sampled_from(("", "000001000000000R", "170511144000000+"))
STRINGS = ("service_type", "source_addr", "destination_addr", "schedule_delivery_time", "validity_period")
BYTES = [
    "source_addr_ton",
    "source_addr_npi",
    "dest_addr_ton",
    "dest_addr_npi",
    "esm_class",
    "protocol_id",
    "priority_flag",
    "registered_delivery",
    "replace_if_present_flag",
    "data_coding",
    "sm_default_msg_id",
]
message = st.fixed_dictionaries(
    {
        "service_type": st.sampled_from(("", "CMT", "WAP")),
        "source_addr": text,
        "destination_addr": text,
        "schedule_delivery_time": when,
        "validity_period": when,
        "short_message": st.binary(max_size=254),
        "sequence": st.integers(1, 0x7FFFFFFF),
        "source_addr_ton": st.integers(0, 6),
        "source_addr_npi": st.sampled_from((0, 1, 3, 9)),
        "dest_addr_ton": st.integers(0, 6),
        "dest_addr_npi": st.sampled_from((0, 1, 3, 9)),
        "esm_class": st.sampled_from((0, 3, 4, 0x40)),
        "protocol_id": st.integers(0, 0x3F),
        "priority_flag": st.integers(0, 3),
        "registered_delivery": st.integers(0, 1),
        "replace_if_present_flag": st.integers(0, 1),
        "data_coding": st.sampled_from((0, 1, 3, 4, 8, 0x10)),
        "sm_default_msg_id": st.integers(0, 254),
    }
)
tlvs = st.lists(
    st.tuples(st.sampled_from((0x0204, 0x020C, 0x1401, 0x3FFE)), st.binary(min_size=2, max_size=2)), max_size=3
)
OURS = {"submit_sm": p.SubmitSm, "deliver_sm": p.DeliverSm}


def octets(fields):
    return {name: value.encode() if isinstance(value, str) else value for name, value in fields.items()}


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=150, deadline=None)
@given(fields=message, tlvs=tlvs)
def test_smpp34_writes_and_reads_the_same_octets(name, fields, tlvs):
    theirs_class = {"submit_sm": smpp34.SubmitSm, "deliver_sm": smpp34.DeliverSm}[name]
    ours = OURS[name](**octets(fields), tlvs=tuple(tlvs))
    given_ = dict(fields)
    sequence = given_.pop("sequence")
    theirs = theirs_class(**given_, sequence_number=sequence, tlvs=[smpp34.Tlv(tag, raw) for tag, raw in tlvs])
    assert encode(ours) == theirs.encode()
    assert decode(theirs.encode()) == ours
    read = smpp34.decode(encode(ours))
    for field in (*BYTES, *STRINGS, "short_message"):
        assert getattr(read, field) == fields[field]
    assert [(tlv.tag, tlv.value) for tlv in read.tlvs] == tlvs


class Numbered:
    """What smpplib wants for a client; it ignores a sequence given to the PDU, so it is set afterwards."""

    sequence = 0

    def next_sequence(self):
        return 1


def theirs_of(name, sequence, **fields):
    pdu = smpplib.smpp.make_pdu(name, client=Numbered(), **fields)
    pdu.sequence = sequence
    return pdu


def read_by_smpplib(pdu):
    return smpplib.smpp.parse_pdu(encode(pdu), client=Numbered())


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=100, deadline=None)
@given(fields=message)
def test_smpplib_writes_the_same_octets(name, fields):
    given_ = dict(fields.items())
    pdu = theirs_of(name, **given_)
    assert decode(pdu.generate()) == OURS[name](**octets(fields))
    assert encode(OURS[name](**octets(fields))) == pdu.generate()


@settings(max_examples=60, deadline=None)
@given(message)
def test_smpplib_reads_ours(fields):
    fields = fields | {"short_message": fields["short_message"] or b"x"}
    read = read_by_smpplib(p.SubmitSm(**octets(fields)))
    for field in BYTES:
        assert getattr(read, field) == fields[field]
    for field in STRINGS:
        assert getattr(read, field) == fields[field].encode()
    assert read.short_message == fields["short_message"]


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("bind_transmitter", p.BindTransmitter),
        ("bind_receiver", p.BindReceiver),
        ("bind_transceiver", p.BindTransceiver),
    ],
)
def test_binds(name, cls):
    fields = {"system_id": "esme", "password": "secret", "system_type": "VMA", "address_range": "^30", "addr_ton": 1}
    theirs = theirs_of(name, sequence=5, interface_version=0x34, addr_npi=1, **fields).generate()
    ours = cls(sequence=5, addr_npi=1, **octets(fields))
    assert encode(ours) == theirs
    assert decode(theirs) == ours


@pytest.mark.parametrize(
    ("ours", "field"),
    [
        (p.SubmitSmResp(sequence=5, message_id=b"4711"), "message_id"),
        (p.DataSmResp(sequence=5, message_id=b"4711"), "message_id"),
        (p.BindTransceiverResp(sequence=5, system_id=b"smsc"), "system_id"),
        (p.BindReceiverResp(sequence=5, system_id=b"smsc"), "system_id"),
    ],
)
def test_responses(ours, field):
    read = read_by_smpplib(ours)
    assert (read.command, read.sequence, getattr(read, field)) == (ours.name, 5, getattr(ours, field))
    theirs = theirs_of(ours.name, sequence=5, **{field: getattr(ours, field).decode()})
    assert decode(theirs.generate()) == ours


@pytest.mark.parametrize("cls", [p.EnquireLink, p.EnquireLinkResp, p.Unbind, p.UnbindResp, p.GenericNack])
def test_bare_pdus(cls):
    ours = cls(sequence=5)
    assert theirs_of(ours.name, sequence=5).generate() == encode(ours)
    raw = smpp34.decode(encode(ours))
    assert (raw.command_id, raw.sequence_number, raw.body) == (ours.command_id, 5, b"")


def test_receipt_tlvs():
    ours = p.DeliverSm(sequence=5, esm_class=4, tlvs=pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"4711", t.MESSAGE_STATE: 2}))
    read = read_by_smpplib(ours)
    assert read.receipted_message_id == b"4711"
    assert read.message_state == 2
    by_tag = {tlv.tag: tlv for tlv in smpp34.decode(encode(ours)).tlvs}
    assert by_tag[t.RECEIPTED_MESSAGE_ID].as_string() == "4711"
    assert by_tag[t.MESSAGE_STATE].as_int() == 2
