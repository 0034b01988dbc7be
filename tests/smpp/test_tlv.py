import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp import tags as t
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.tlv import TLVS, Kind, TlvStreamError, encode_tlvs, pack_tlvs, parse_tlvs, read_value, write_value

from .strategies import raw_tlvs, submit, typed_tlv


@given(raw_tlvs)
def test_raw_tlvs_keep_order_and_duplicates(tlvs):
    assert parse_tlvs(b"head" + encode_tlvs(tlvs), 4) == tlvs


@given(st.sampled_from(sorted(TLVS)).flatmap(typed_tlv))
def test_typed_values_survive(pair):
    tag, value = pair
    if TLVS[tag].kind is Kind.CSTRING:
        assert write_value(tag, value).endswith(b"\0")
    assert read_value(tag, write_value(tag, value)) == value


@given(st.sampled_from(sorted(TLVS)), st.binary(max_size=1100))
def test_reading_never_raises(tag, raw):
    value = read_value(tag, raw)
    assert value is None or isinstance(value, (bytes, int))


def test_every_tag_has_a_declaration():
    tags = {name: value for name, value in vars(t).items() if name.isupper()}
    assert {spec.name.upper(): tag for tag, spec in TLVS.items()} == tags


def test_spot_values_of_the_specification():
    assert (TLVS[0x001E].name, TLVS[0x001E].high) == ("receipted_message_id", 65)
    assert TLVS[0x0427].name == "message_state"
    assert TLVS[0x0424].name == "message_payload"
    assert TLVS[0x0428].name == "congestion_state"
    assert TLVS[0x060B].name == "billing_identification"
    assert write_value(t.SAR_MSG_REF_NUM, 0x1234) == b"\x12\x34"
    assert write_value(t.QOS_TIME_TO_LIVE, 60) == b"\0\0\0\x3c"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (t.MESSAGE_STATE, 256),
        (t.MESSAGE_STATE, -1),
        (t.MESSAGE_STATE, b"\x01"),
        (t.SAR_MSG_REF_NUM, 65536),
        (t.RECEIPTED_MESSAGE_ID, b"x" * 65),
        (t.RECEIPTED_MESSAGE_ID, b"a\0b"),
        (t.RECEIPTED_MESSAGE_ID, 7),
        (t.NETWORK_ERROR_CODE, b"\x03\x00"),
        (0x1401, 5),
        (t.MESSAGE_PAYLOAD, b"x" * 65536),
    ],
)
def test_composing_is_strict(tag, value):
    with pytest.raises(EncodeError):
        pack_tlvs({tag: value})


def test_raw_tags_and_lengths_must_fit():
    with pytest.raises(EncodeError):
        encode_tlvs(((0x10000, b""),))
    with pytest.raises(EncodeError):
        encode_tlvs(((1, b"x" * 65536),))


@pytest.mark.parametrize(
    ("octets", "status", "parsed"),
    [(b"\x02", 0xC0, 0), (b"\x14\x00\x00\x01x\x14", 0xC0, 1), (b"\x14\x00\x00\x02x", 0xC2, 0)],
)
def test_torn_streams(octets, status, parsed):
    with pytest.raises(TlvStreamError) as caught:
        parse_tlvs(octets, 0)
    assert (caught.value.command_status, len(caught.value.parsed)) == (status, parsed)


def test_padding_of_nuls_is_no_tlv():
    assert parse_tlvs(b"\x14\x00\x00\x01x\0\0", 0) == ((0x1400, b"x"),)


def test_a_pdu_gives_typed_values_and_flags_the_malformed():
    pdu = submit(tlvs=((t.MESSAGE_STATE, b"\x02\x02"), (t.MESSAGE_STATE, b"\x05"), (0x1401, b"v"), (0x0204, b"\x01")))
    assert pdu.tlv(t.MESSAGE_STATE) == 5
    assert pdu.tlv(t.USER_MESSAGE_REFERENCE) is None
    assert pdu.tlv_bytes(0x1401) == b"v"
    assert pdu.tlv_int(0x1401) is None
    assert pdu.tlv_bytes(t.MESSAGE_STATE) is None
    assert pdu.malformed_tlvs() == (t.MESSAGE_STATE, t.USER_MESSAGE_REFERENCE)
    assert submit().tlv(t.MESSAGE_STATE) is None


def test_a_string_ends_at_its_nul_and_may_lack_it():
    assert read_value(t.RECEIPTED_MESSAGE_ID, b"abc\0junk") == b"abc"
    assert read_value(t.RECEIPTED_MESSAGE_ID, b"abc") == b"abc"
    assert read_value(t.RECEIPTED_MESSAGE_ID, b"x" * 65) is None
