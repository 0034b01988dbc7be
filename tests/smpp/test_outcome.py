"""The quick reader of receipts says what parse_receipt says, wherever it matters."""

from datetime import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from smsgwd.smpp import tags as t
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.outcome import OutcomeReader
from smsgwd.smpp.pdu import DataSm, DeliverSm
from smsgwd.smpp.receipt import compose_receipt, parse_receipt

WHEN = datetime(2026, 5, 1)
TEXT = b"id:4D sub:001 dlvrd:001 submit date:2605011200 done date:2605011201 stat:DELIVRD err:000 text:hi"

texts = st.one_of(
    st.just(TEXT),
    st.just(TEXT.replace(b"2605011201", b"2026-05-01T12:01:00+03:00")),
    st.just(b"id:7 stat:UNDELIV err:005 done date:2026-05-01 12:01"),
    st.just(b""),
    st.binary(max_size=40),
)
tlvs = st.lists(
    st.one_of(
        st.tuples(st.just(t.RECEIPTED_MESSAGE_ID), st.sampled_from((b"77\0", b"77", b"\0", b"", b"a\0b\0", b"9" * 70))),
        st.tuples(st.just(t.MESSAGE_STATE), st.sampled_from((b"\2", b"\2", b"\5", b"\7", b"\x63", b"", b"\2\2"))),
        st.tuples(st.just(t.NETWORK_ERROR_CODE), st.sampled_from((b"\3\0\5", b"\3"))),
        st.tuples(st.just(t.MESSAGE_PAYLOAD), texts),
        st.tuples(st.just(0x1400), st.binary(max_size=3)),
    ),
    max_size=4,
).map(tuple)
overrides = st.sampled_from(({}, {"DELIVRD": MessageState.UNDELIVERABLE}, {"2": MessageState.UNKNOWN}))


@given(texts, tlvs, overrides, st.sampled_from((0, 8)), st.booleans())
@example(TEXT, ((t.RECEIPTED_MESSAGE_ID, b"77\0"), (t.MESSAGE_STATE, b"\2")), {}, 0, False)
@settings(max_examples=500)
def test_quick_or_in_full_it_is_the_same(text, tlvs, overrides, coding, data):
    if data:
        pdu = DataSm(esm_class=4, data_coding=coding, tlvs=tlvs)
    else:
        pdu = DeliverSm(esm_class=4, data_coding=coding, short_message=text, tlvs=tlvs)
    full, quick = parse_receipt(pdu, overrides), OutcomeReader(overrides).read(pdu)
    quickest = OutcomeReader(overrides).delivered_id(pdu)
    assert quickest is None or quick == (quickest, MessageState.DELIVERED, True, "2", "", None)
    if full is None:
        assert quick is None
        return
    assert (quick.message_id, quick.state, quick.final, quick.stat) == (
        full.message_id,
        full.state,
        full.final,
        full.stat,
    )
    zoned = full.done_date if full.done_date is not None and full.done_date.tzinfo else None
    assert quick.done == zoned
    if quick.stat != "2":
        assert quick.error == full.error


def test_the_ordinary_receipt_is_not_read_twice(monkeypatch):
    text, tlvs = compose_receipt("4711", MessageState.DELIVERED, submit_date=WHEN, done_date=WHEN)
    monkeypatch.setattr("smsgwd.smpp.outcome.parse_receipt", None)
    found = OutcomeReader().read(DeliverSm(esm_class=4, short_message=text, tlvs=tlvs))
    assert found == ("4711", MessageState.DELIVERED, True, "2", "", None)


def test_bad_news_has_its_error():
    text, tlvs = compose_receipt("4711", MessageState.UNDELIVERABLE, submit_date=WHEN, done_date=WHEN, error="013")
    assert OutcomeReader().read(DeliverSm(esm_class=4, short_message=text, tlvs=tlvs)).error == "013"


def test_the_two_tlvs_of_good_news_are_enough():
    pdu = DeliverSm(esm_class=4, short_message=TEXT, tlvs=((t.RECEIPTED_MESSAGE_ID, b"77\0"), (t.MESSAGE_STATE, b"\2")))
    assert OutcomeReader().delivered_id(pdu) == "77"
    assert OutcomeReader({"DELIVRD": MessageState.UNDELIVERABLE}).delivered_id(pdu) is None
