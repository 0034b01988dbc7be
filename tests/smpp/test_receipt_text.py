from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.receipt_text import (
    CANONICAL_WORDS,
    STAT_WORDS,
    compose_text,
    looks_like_receipt,
    parse_date,
    parse_text,
)

WHOLE = b"id:0123456789 sub:001 dlvrd:001 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000 text:Hello"
DAY = datetime(2017, 5, 11, 14, 40)


def test_the_canonical_text():
    found = parse_text(WHOLE)
    assert found.message_id == "0123456789"
    assert (found.sub, found.dlvrd) == ("001", "001")
    assert (found.submit_date, found.done_date) == ("1705111440", "1705111441")
    assert (found.stat, found.err, found.text) == ("DELIVRD", "000", "Hello")


VARIANTS = {
    "upper case": b"ID:77 SUB:001 DLVRD:001 SUBMIT DATE:1705111440 DONE DATE:1705111441 STAT:delivrd ERR:000 TEXT:x",
    "other order": b"stat:DELIVRD err:000 done date:1705111441 submit date:1705111440 id:77 text:x",
    "no sub, no dlvrd, no text": b"id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000",
    "four digits": b"id:77 sub:0001 dlvrd:0001 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000",
    "seconds": b"id:77 sub:001 dlvrd:001 submit date:170511144000 done date:170511144100 stat:DELIVRD err:000 Text:x",
    "century": b"id:77 sub:001 dlvrd:001 submit date:20170511144000 done date:20170511144100 stat:DELIVRD err:000",
    "underscores": b"id:77 submit_date:1705111440 done_date:1705111441 stat:DELIVRD err:000",
    "commas": b"id:77,sub:001,dlvrd:001,submit date:1705111440,done date:1705111441,stat:DELIVRD,err:000,text:x",
    "newlines": b"id:77\r\nsub:001\r\nsubmit date:1705111440\r\ndone date:1705111441\r\nstat:DELIVRD\r\nerr:000\r\n",
    "blanks after the colon": b"id: 77 sub: 001 submit date: 1705111440 done date: 1705111441 stat: DELIVRD err: 000",
    "ISO 8601": b"id:77 submit date:2017-05-11T14:40:00 done date:2017-05-11 14:41:00 stat:DELIVRD err:000",
    "vendor keys": b"id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000 mccmnc:20201 cost:4",
    "vendor keys in front": b"x-ref:9 id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000",
    "message_id": b"message_id:77 submit date:1705111440 done date:1705111441 status:DELIVRD error:000",
    "text first": b"text:hi id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000",
    "trailing NUL": b"id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000\0",
    "binary text": b"id:77 submit date:1705111440 done date:1705111441 stat:DELIVRD err:000 text:\0\xff\x1b\x05",
}


@pytest.mark.parametrize("body", VARIANTS.values(), ids=VARIANTS)
def test_variants(body):
    found = parse_text(body)
    assert (found.message_id, found.stat, found.err) == ("77", "DELIVRD", "000")
    assert parse_date(found.submit_date) == DAY
    assert parse_date(found.done_date) == DAY + timedelta(minutes=1)
    assert looks_like_receipt(body)


def test_ucs2_receipts():
    body = "id:77 stat:DELIVRD done date:1705111441 err:000".encode("utf-16-be")
    assert parse_text(body, 8).message_id == "77"
    assert parse_text(b"id:77 stat:DELIVRD", 8).message_id == "77", "coding 8 claimed for plain octets"


@pytest.mark.parametrize("err", ["0", "000", "00A", "1F", "0x1F"[2:], "1234", "-1", "12345"])
def test_err_hex_and_dec(err):
    assert parse_text(f"id:77 stat:UNDELIV err:{err} text:".encode()).err == err


@pytest.mark.parametrize("missing", ["id:77 ", "err:000 "])
def test_missing_fields_are_empty(missing):
    body = "id:77 sub:001 stat:EXPIRED err:000 text:x".replace(missing, "")
    found = parse_text(body.encode())
    assert found.stat == "EXPIRED"
    assert (found.message_id == "") == (missing == "id:77 ")
    assert (found.err == "") == (missing == "err:000 ")


def test_empty_values_do_not_swallow_the_next_key():
    found = parse_text(b"id: sub:001 submit date: done date: stat:DELIVRD err: text:")
    assert (found.message_id, found.sub, found.submit_date, found.stat, found.err) == ("", "001", "", "DELIVRD", "")


@pytest.mark.parametrize(
    "body",
    [
        b"id:77 stat:UNDELIV err:001 text:id:99 stat:DELIVRD err:000",
        b"id:77 sub:001 dlvrd:000 submit date:1705111440 done date:1705111441 stat:UNDELIV err:001 text:stat:DELIVRD",
    ],
)
def test_the_quoted_message_proves_nothing(body):
    found = parse_text(body)
    assert (found.message_id, found.stat, found.err) == ("77", "UNDELIV", "001")


def test_the_first_of_two_keys_wins():
    found = parse_text(b"id:77 stat:UNDELIV id:99 stat:DELIVRD err:001 err:002")
    assert (found.message_id, found.stat, found.err) == ("77", "UNDELIV", "001")


def test_no_receipt():
    for body in (b"", b"Hello there", b"\0\xff" * 50):
        assert parse_text(body) is None
    for body in (b"id:5 is my number", b"stat: ok", b"id:1 stat:DELIVRD", b"see you done date:1705111441"):
        assert not looks_like_receipt(body)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from((0, 3, 4, 8)))
def test_garbage_never_raises(body, coding):
    parse_text(body, coding)
    parse_text(WHOLE[:60] + body, coding)
    looks_like_receipt(body)


@given(st.text(max_size=30))
def test_dates_never_raise(value):
    parse_date(value)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("1705111440", DAY),
        ("170511144005", DAY.replace(second=5)),
        ("201705111440", DAY),
        ("20170511144005", DAY.replace(second=5)),
        ("200511144005", datetime(2020, 5, 11, 14, 40, 5)),
        ("2017-05-11T14:40:00", DAY),
        ("2017-05-11T14:40:00Z", DAY.replace(tzinfo=UTC)),
        ("2017-05-11T14:40:00+0300", DAY.replace(tzinfo=timezone(timedelta(hours=3)))),
        ("0000000000", None),
        ("", None),
        ("9999999999", None),
        ("170511", None),
        ("1713111440", None),
        ("2017-13-11", None),
    ],
)
def test_dates(value, date):
    assert parse_date(value) == date


@pytest.mark.parametrize("state", MessageState)
def test_composed_text_is_canonical_and_reads_back(state):
    body = compose_text("4711", state, DAY, DAY, "5", b"x" * 30)
    found = parse_text(body)
    assert found.message_id == "4711"
    assert found.stat == CANONICAL_WORDS[state]
    assert STAT_WORDS[found.stat] is (MessageState.ENROUTE if state is MessageState.SCHEDULED else state)
    assert found.dlvrd == ("001" if state is MessageState.DELIVERED else "000")
    assert (found.err, found.text) == ("005", "x" * 20)


def test_composed_text_word_for_word():
    assert compose_text("0123456789", MessageState.DELIVERED, DAY, DAY.replace(minute=41), text=b"Hello") == WHOLE
    assert all(len(word) == 7 for word in CANONICAL_WORDS.values())


@pytest.mark.parametrize(
    "kwargs", [{"message_id": "a b"}, {"message_id": ""}, {"message_id": "x" * 65}, {"error": "1234"}]
)
def test_composing_is_strict(kwargs):
    given_ = {"message_id": "1", "state": MessageState.DELIVERED, "submit_date": DAY, "done_date": DAY} | kwargs
    with pytest.raises(EncodeError):
        compose_text(**given_)
    with pytest.raises(EncodeError):
        compose_text("1", MessageState.DELIVERED, DAY, DAY, sub=1000)
