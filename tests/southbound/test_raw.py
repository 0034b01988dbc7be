"""What an ESME cut and coded itself, and what else it said of its messages, as submit_sm."""

import pytest

from smsgwd.gsm import alphabet
from smsgwd.model.message import Coding
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.smpp import tags as t
from smsgwd.smpp.codec import encode
from smsgwd.southbound.encode import CannotEncode, Encoder
from tests.southbound.fakes import message, settings

NOW = 1_780_000_000_000
UDH = bytes((5, 0, 3, 7, 2, 1))


def pdus(wire, body, more=None, **changes):
    given = {"coding": Coding.BINARY, **(more or {})} if wire.raw else {**(more or {})}
    return Encoder(settings(**changes)).encode(message(1, wire=pack_wire(wire), body=body, **given), NOW)


def raw(body, more=None, settings=None, **wire):
    (pdu,) = pdus(Wire(raw=True, **wire), body, more, **(settings or {}))
    assert encode(pdu)
    return pdu


def test_it_goes_as_it_stands():
    body = UDH + bytes(range(128, 255))
    tlvs = ((t.USER_MESSAGE_REFERENCE, b"\0\7"), (0x1400, b"vendor"))
    pdu = raw(body, service_type="WAP", esm_class=0x43, protocol_id=0x41, data_coding=0xF5, tlvs=tlvs)
    assert pdu.short_message == body and pdu.tlvs == tlvs
    # the mode (store and forward) is between the ESME and us
    assert (pdu.esm_class, pdu.protocol_id, pdu.data_coding, pdu.service_type) == (0x40, 0x41, 0xF5, b"WAP")
    assert (pdu.source_addr, pdu.destination_addr) == (b"iSMS", b"306912345678")
    assert pdu.validity_period == b"000000010000000R"


def test_the_connectors_values_stand_where_the_esme_says_nothing():
    pdu = raw(b"\1", settings={"service_type": b"CMT", "protocol_id": 9})
    assert (pdu.service_type, pdu.protocol_id) == (b"CMT", 9)


@pytest.mark.parametrize(("asks", "registered"), [(0, 1), (1, 1), (2, 1), (0x11, 0x11), (0x10, 0x11)])
def test_a_receipt_is_always_asked_for_and_an_intermediate_one_if_the_esme_wants_it(asks, registered):
    assert raw(b"\1", {"asks": asks}).registered_delivery == registered
    (pdu,) = pdus(Wire(), b"text", {"asks": asks})
    assert pdu.registered_delivery == registered


def test_a_long_body_goes_as_message_payload():
    pdu = raw(b"\1" * 300, tlvs=((t.MESSAGE_PAYLOAD, b"old"), (t.SOURCE_PORT, b"\0\1")))
    assert pdu.short_message == b"" and pdu.tlvs == ((t.SOURCE_PORT, b"\0\1"), (t.MESSAGE_PAYLOAD, b"\1" * 300))


def test_sar_of_the_esme_is_passed_on():
    sar = ((t.SAR_MSG_REF_NUM, b"\0\1"), (t.SAR_TOTAL_SEGMENTS, b"\2"), (t.SAR_SEGMENT_SEQNUM, b"\1"))
    assert raw(b"abc", tlvs=sar).tlvs == sar


def test_the_connectors_numbers_of_data_coding():
    codings = {"gsm7": 1, "latin1": 3, "ucs2": 0x19, "binary": 2}
    assert [
        raw(b"\1\2", data_coding=each, settings={"data_codings": codings}).data_coding for each in (8, 4, 0x18)
    ] == [
        0x19,
        2,
        0x18,
    ]


GSM = b"\x00 10 \x1b\x65"  # '@ 10 €'


@pytest.mark.parametrize(
    ("charset", "wire", "body", "sent"),
    [
        ("gsm", {"esm_class": 0x40}, UDH + GSM, UDH + GSM),
        ("utf-8", {"esm_class": 0x40}, UDH + GSM, UDH + "@ 10 €".encode()),
        ("latin1", {"esm_class": 0x40}, UDH + b"\x00\x05", UDH + "@é".encode("latin-1")),
        ("latin1", {"esm_class": 0x40}, UDH + GSM, UDH + GSM),  # no euro there
        ("latin1", {}, b"\x00\x05", "@é".encode("latin-1")),
        ("latin1", {"data_coding": 8}, b"\x00\x05", b"\x00\x05"),
        ("latin1", {"data_coding": 4}, b"\x00\x05", b"\x00\x05"),
        ("latin1", {"data_coding": 0xF0}, b"\x00\x05", "@é".encode("latin-1")),  # flash
        ("latin1", {}, b"\x00\x85", b"\x00\x85"),  # no septets
        ("latin1", {"esm_class": 0x40}, b"\x03\x25\x01\x01\x00", b"\x03\x25\x01\x01\x00"),  # Turkish
        ("latin1", {"esm_class": 0x40}, b"\x09torn", b"\x09torn"),
        ("gsm-packed", {"esm_class": 0x40}, UDH + GSM, UDH + alphabet.pack(GSM, 1)),
        ("gsm-packed", {}, GSM, alphabet.pack(GSM)),
        ("gsm-packed", {}, b"\x85", b"\x85"),
    ],
)
def test_text_is_recoded_for_an_smsc_with_another_default_alphabet(charset, wire, body, sent):
    assert raw(body, settings={"alphabet": charset}, **wire).short_message == sent


def test_recoding_makes_no_message_payload():
    body = b"\x05" * 160  # 'é': two octets each in UTF-8
    assert raw(body, settings={"alphabet": "utf-8"}).short_message == body


def test_text_keeps_what_the_esme_said_around_it():
    wire = Wire(
        service_type="CMT",
        protocol_id=0x40,
        esm_class=0x43,
        data_coding=8,
        tlvs=((t.USER_MESSAGE_REFERENCE, b"\0\7"), (t.MESSAGE_PAYLOAD, b"hello"), (t.SAR_MSG_REF_NUM, b"\0\1")),
    )
    (pdu,) = pdus(wire, b"hello", {"priority": 3}, service_type=b"X", protocol_id=9)
    assert (pdu.service_type, pdu.protocol_id, pdu.priority_flag) == (b"CMT", 0x40, 3)
    assert pdu.tlvs == ((t.USER_MESSAGE_REFERENCE, b"\0\7"),)
    assert (pdu.esm_class, pdu.data_coding, pdu.short_message) == (0, 0, b"hello")


def test_all_parts_of_a_long_text_keep_it():
    wire = Wire(service_type="CMT", tlvs=((t.USER_MESSAGE_REFERENCE, b"\0\7"),))
    found = pdus(wire, b"0123456789" * 40, {"parts": 3, "asks": 0x11}, long_messages="sar")
    assert [pdu.tlv_int(t.USER_MESSAGE_REFERENCE) for pdu in found] == [7, 7, 7]
    assert [pdu.tlv_int(t.SAR_SEGMENT_SEQNUM) for pdu in found] == [1, 2, 3]
    assert {(pdu.service_type, pdu.registered_delivery) for pdu in found} == {(b"CMT", 0x11)}


def test_a_torn_wire_is_an_error_of_the_message():
    with pytest.raises(CannotEncode):
        Encoder(settings()).encode(message(1, wire=b"\xc1"), NOW)
