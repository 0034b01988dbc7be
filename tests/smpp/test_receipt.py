from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp import tags as t
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import DataSm, DeliverSm
from smsgwd.smpp.receipt import FINAL_STATES, NetworkError, compose_receipt, parse_receipt, state_of
from smsgwd.smpp.tlv import pack_tlvs

DAY = datetime(2017, 5, 11, 14, 40)
TEXT = b"id:77 sub:001 dlvrd:001 submit date:1705111440 done date:1705111440 stat:DELIVRD err:000 text:hi"


def test_text_only():
    receipt = parse_receipt(DeliverSm(esm_class=4, short_message=TEXT))
    assert (receipt.message_id, receipt.state, receipt.final) == ("77", MessageState.DELIVERED, True)
    assert (receipt.error, receipt.text, receipt.source) == ("000", "hi", "text")
    assert receipt.submit_date == receipt.done_date == DAY


def test_tlvs_win_and_the_text_fills_in():
    tlvs = pack_tlvs(
        {t.RECEIPTED_MESSAGE_ID: b"4D", t.MESSAGE_STATE: 5, t.NETWORK_ERROR_CODE: b"\x03\x00\x1b"},
    )
    receipt = parse_receipt(DeliverSm(esm_class=4, short_message=TEXT, tlvs=tlvs))
    assert (receipt.message_id, receipt.state, receipt.source) == ("4D", MessageState.UNDELIVERABLE, "tlv")
    assert (receipt.error, receipt.network_error) == ("000", NetworkError(3, 27))
    assert receipt.done_date == DAY


def test_tlvs_only_in_data_sm():
    tlvs = pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"4D", t.MESSAGE_STATE: 2, t.NETWORK_ERROR_CODE: b"\x03\x00\x1b"})
    receipt = parse_receipt(DataSm(esm_class=4, tlvs=tlvs))
    assert (receipt.message_id, receipt.final, receipt.error, receipt.done_date) == ("4D", True, "27", None)


def test_text_in_message_payload():
    receipt = parse_receipt(DataSm(esm_class=4, tlvs=pack_tlvs({t.MESSAGE_PAYLOAD: TEXT})))
    assert (receipt.message_id, receipt.source) == ("77", "text")


def test_an_id_tlv_without_a_state_takes_the_state_of_the_text():
    receipt = parse_receipt(DeliverSm(short_message=TEXT, tlvs=pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"4D"})))
    assert (receipt.message_id, receipt.state, receipt.source) == ("4D", MessageState.DELIVERED, "mixed")


@pytest.mark.parametrize("raw", [b"\x63", b"\x02\x02", b""])
def test_a_state_tlv_that_says_nothing_leaves_it_to_the_text(raw):
    receipt = parse_receipt(DeliverSm(short_message=TEXT, tlvs=((t.MESSAGE_STATE, raw),)))
    assert receipt.state is MessageState.DELIVERED


def test_neither_is_none():
    assert parse_receipt(DeliverSm(short_message=b"Hello")) is None
    receipt = parse_receipt(DeliverSm(tlvs=pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"4D"})))
    assert (receipt.message_id, receipt.state, receipt.final) == ("4D", MessageState.UNKNOWN, False)


@pytest.mark.parametrize(
    ("word", "state", "final"),
    [
        ("DELIVRD", MessageState.DELIVERED, True),
        ("DELIVERED", MessageState.DELIVERED, True),
        ("EXPIRED", MessageState.EXPIRED, True),
        ("DELETED", MessageState.DELETED, True),
        ("UNDELIV", MessageState.UNDELIVERABLE, True),
        ("UNDELIVERABLE", MessageState.UNDELIVERABLE, True),
        ("REJECTD", MessageState.REJECTED, True),
        ("REJECTED", MessageState.REJECTED, True),
        ("FAILED", MessageState.UNDELIVERABLE, True),
        ("SKIPPED", MessageState.SKIPPED, True),
        ("ENROUTE", MessageState.ENROUTE, False),
        ("BUFFERED", MessageState.ENROUTE, False),
        ("BUFFRED", MessageState.ENROUTE, False),
        ("BUFFERD", MessageState.ENROUTE, False),
        ("ACKED", MessageState.ENROUTE, False),
        ("SCHEDULED", MessageState.SCHEDULED, False),
        ("ACCEPTD", MessageState.ACCEPTED, False),
        ("UNKNOWN", MessageState.UNKNOWN, False),
        ("VENDORISH", MessageState.UNKNOWN, False),
        ("2", MessageState.DELIVERED, True),
    ],
)
def test_stat_words(word, state, final):
    for written in (word, word.lower()):
        receipt = parse_receipt(DeliverSm(short_message=f"id:1 stat:{written} err:000".encode()))
        assert (receipt.state, receipt.final, receipt.stat) == (state, final, word)


def test_overrides_hold_for_word_long_word_and_tlv():
    overrides = {"ACCEPTD": MessageState.DELIVERED, "VENDORISH": MessageState.REJECTED}
    assert state_of("ACCEPTD", overrides) is MessageState.DELIVERED
    assert state_of("ACCEPTED", overrides) is MessageState.DELIVERED
    assert state_of("6", overrides) is MessageState.DELIVERED
    assert state_of("VENDORISH", overrides) is MessageState.REJECTED
    assert state_of("EXPIRED", overrides) is MessageState.EXPIRED
    pdu = DeliverSm(tlvs=pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"1", t.MESSAGE_STATE: 6}))
    assert parse_receipt(pdu, overrides).final and not parse_receipt(pdu).final


def test_the_zone_is_the_callers_unless_the_date_has_one():
    athens = ZoneInfo("Europe/Athens")
    receipt = parse_receipt(DeliverSm(short_message=TEXT), zone=athens)
    assert receipt.done_date.astimezone(UTC).hour == 11
    iso = TEXT.replace(b"done date:1705111440", b"done date:2017-05-11T14:40:00Z")
    assert parse_receipt(DeliverSm(short_message=iso), zone=athens).done_date.utcoffset().seconds == 0


@settings(deadline=None)
@given(
    st.binary(max_size=254),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from((0x1E, 0x427, 0x423, 0x424)), st.binary(max_size=70)), max_size=4),
)
def test_garbage_never_raises(body, coding, tlvs):
    parse_receipt(DeliverSm(short_message=body, data_coding=coding, tlvs=tuple(tlvs)))


@pytest.mark.parametrize("state", MessageState)
def test_composed_receipts_read_back(state):
    body, tlvs = compose_receipt(
        "4711", state, submit_date=DAY, done_date=DAY, error="012", text=b"hi", network_error=NetworkError(3, 12)
    )
    receipt = parse_receipt(DeliverSm(esm_class=4, short_message=body, tlvs=tlvs))
    assert (receipt.message_id, receipt.state, receipt.error, receipt.text) == ("4711", state, "012", "hi")
    assert (receipt.source, receipt.network_error) == ("tlv", NetworkError(3, 12))
    assert receipt.final == (state in FINAL_STATES)
    assert parse_receipt(DeliverSm(short_message=body)).message_id == "4711"
