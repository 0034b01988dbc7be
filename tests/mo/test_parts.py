"""Parts: what their headers say, and the messages they make, however they were cut."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm.segment import segments
from smsgwd.mo.parts import assemble, part_of, whole
from smsgwd.model.mo import Mo, MoSetKey
from smsgwd.smpp import tags as t

TEXT = "Γειά σου κόσμε! €[]{} " * 12


def mo(body=b"", *, esm_class=0, coding=0, tlvs=(), source="306912345678", at=1000, **more):
    return Mo("sim", at, source, "54001", esm_class=esm_class, data_coding=coding, body=body, tlvs=tlvs, **more)


def key(ref=7, total=2, width=8):
    return MoSetKey("group", "306912345678", "54001", ref, total, width)


def sar(ref, total, seq):
    return (
        (t.SAR_MSG_REF_NUM, ref.to_bytes(2, "big")),
        (t.SAR_TOTAL_SEGMENTS, bytes((total,))),
        (t.SAR_SEGMENT_SEQNUM, bytes((seq,))),
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"\5\0\3\7\2\1", (key(), 1)),
        (b"\6\x08\4\1\7\2\2", (key(0x107, 2, 16), 2)),
        (b"\x0b\x05\4\x0b\x84\x0b\x84\0\3\7\3\2", (key(7, 3), 2)),  # behind application ports
        (b"\x0b\x24\1\4\x08\4\0\7\3\3\x25\0", (key(7, 3, 16), 3)),  # between others
        (b"\5\0\3\7\1\1", None),  # one of one
        (b"\5\0\3\7\0\1", None),
        (b"\5\0\3\7\2\0", None),
        (b"\5\0\3\7\2\3", None),
        (b"\4\0\2\7\2", None),
        (b"\x06\x05\4\x0b\x84\x0b\x84", None),
        (b"\x60", None),  # longer than what is there
        (b"", None),
    ],
)
def test_headers(header, expected):
    tail = b"" if header in (b"", b"\x60") else b"text"
    assert part_of(mo(header + tail, esm_class=0x40), "group") == expected
    assert part_of(mo(header + tail), "group") is None  # no header without the indicator


@pytest.mark.parametrize(
    ("tlvs", "expected"),
    [
        (sar(0x1234, 3, 2), (key(0x1234, 3, 0), 2)),
        (sar(1, 1, 1), None),
        (sar(1, 0, 0), None),
        (sar(1, 2, 3), None),
        (sar(1, 2, 0), None),
        (sar(1, 2, 1)[:2], None),
        (((t.SAR_MSG_REF_NUM, b""), *sar(1, 2, 1)[1:]), None),
        (((t.USER_RESPONSE_CODE, b"\1"),), None),
    ],
)
def test_sar(tlvs, expected):
    assert part_of(mo(b"text", tlvs=tlvs), "group") == expected


def test_addresses_with_and_without_plus_are_the_same():
    assert part_of(mo(b"\5\0\3\7\2\1x", esm_class=0x40, source="+306912345678"), "group") == (key(), 1)


@pytest.mark.parametrize("style", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize("text", [TEXT, "plain gsm text [with] extension € " * 12, "😀" * 150])
def test_what_was_cut_comes_out_whole_in_any_order(style, text):
    random.seed(1)
    cut = segments(text, ref=0xA1, style=style)
    parts = {}
    order = list(enumerate(cut, 1))
    random.shuffle(order)
    for seq, piece in order:
        body = piece.udh + piece.body
        one = mo(body, esm_class=0x40 if piece.udh else 0, coding=piece.data_coding, at=1000 + seq)
        if style == "sar":
            one = mo(
                body,
                esm_class=0x40 if piece.udh else 0,
                coding=piece.data_coding,
                at=1000 + seq,
                tlvs=sar(0xA1, len(cut), seq),
            )
        found, number = part_of(one, "group")
        assert number == seq and found.total == len(cut) and found.width == {"udh8": 8, "udh16": 16, "sar": 0}[style]
        parts[number] = one
    message = assemble(found, parts, "gsm")
    assert message.text == text and message.parts == len(cut) > 1 and message.missing == 0
    assert message.received_at == 1001
    assert message.data == b"".join(piece.body for piece in cut)


def test_missing_parts_are_marked_and_counted():
    parts = {2: mo(b"\5\0\3\7\4\2two ", esm_class=0x40, at=5), 4: mo(b"\5\0\3\7\4\4four", esm_class=0x40, at=3)}
    message = assemble(key(total=4), parts, "gsm")
    assert (message.text, message.parts, message.missing) == ("\ufffdtwo \ufffdfour", 4, 2)
    assert message.data == b"two four" and message.received_at == 3


def test_binary_has_no_text():
    message = whole(mo(b"\6\5\4\x0b\x84\x23\xf0\xff\x00\x01", esm_class=0x40, coding=4), "gsm")
    assert message.text is None and message.data == b"\xff\x00\x01" and message.data_coding == 4


@pytest.mark.parametrize(
    ("alphabet", "body", "text"),
    [("gsm", b"\0\x1be", "@€"), ("latin1", b"\xe9", "é"), ("utf-8", "γ".encode(), "γ"), ("ascii", b"@", "@")],
)
def test_data_coding_0_is_what_the_connector_says(alphabet, body, text):
    assert whole(mo(body), alphabet).text == text


def test_packed_septets_behind_a_header():
    cut = segments("packed text that is long enough " * 8, ref=3, alphabet="gsm-packed")
    parts = {seq: mo(piece.udh + piece.body, esm_class=0x40) for seq, piece in enumerate(cut, 1)}
    assert assemble(key(3, len(cut)), parts, "gsm-packed").text == "packed text that is long enough " * 8


def test_a_header_that_is_none_is_text():
    assert whole(mo(b"Hello", esm_class=0x40), "gsm").text == "Hello"


def test_numbers_that_can_be_answered_have_a_plus():
    message = whole(mo(b"x", source_ton=1, dest_ton=0), "gsm")
    assert (message.source, message.dest) == ("+306912345678", "54001")
    assert whole(mo(b"x", source="+30691", source_ton=1), "gsm").source == "+30691"
    assert whole(mo(b"x", source="Bank", source_ton=5), "gsm").source == "Bank"
    assert whole(mo(b"x", source="Bank", source_ton=1), "gsm").source == "Bank"


@given(
    st.binary(max_size=200),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from((0x020C, 0x020E, 0x020F, 5)), st.binary(max_size=3)), max_size=5),
)
def test_any_octets_are_read(body, esm_class, coding, tlvs):
    one = mo(body, esm_class=esm_class, coding=coding, tlvs=tuple(tlvs))
    found = part_of(one, "group")
    if found is None:
        assert whole(one, "gsm").parts == 1
    else:
        assert 1 <= found[1] <= found[0].total <= 255 and found[0].total > 1
        assert assemble(found[0], {found[1]: one}, "gsm").missing == found[0].total - 1
