"""Cutting: nothing lost, nothing over its limit, nothing cut that must stay whole."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smsgwd.gsm import cut, udh
from smsgwd.gsm.charset import CHARSETS, Charset
from smsgwd.gsm.cluster import joined
from smsgwd.gsm.coding import decode_text
from smsgwd.gsm.errors import CodingError, TooManyParts, UnencodableText
from smsgwd.gsm.plan import plan
from smsgwd.gsm.reassembly import Part, join_text
from smsgwd.gsm.segment import Segment, Style, segments
from smsgwd.gsm.tables import LANGUAGES

_FAMILY = "👨\u200d👩\u200d👧\u200d👦"
_PIECES = st.one_of(
    st.sampled_from(["€", "[", "a", "@", "\n", "é", "Ω", "hello world ", "x" * 40]),
    st.sampled_from(["ж", "α", "😀", _FAMILY, "👍🏽", "🇬🇷", "e\u0301", "❤\ufe0f", "\u0938\u094d\u0924\u0947"]),
)
gsm_texts = st.lists(st.sampled_from(["€", "{", "a", "@", "~", "bcd" * 20, "Ω"]), max_size=60).map("".join)
any_texts = st.lists(_PIECES, max_size=60).map("".join)
indic_texts = st.lists(
    st.sampled_from(["\u0928", "\u092e", "\u0938\u094d\u0924\u0947", "\u0967", "a", "A", " ", "€"]), max_size=120
).map("".join)
styles = st.sampled_from(get_args(Style))


def read_back(parts: list[Segment], default: Charset = "gsm") -> str | None:
    """Read the parts as a handset would."""
    return join_text([Part(part.seq, part.data_coding, part.body, part.udh) for part in parts], default)


def part_text(part: Segment) -> str:
    """Read one part on its own; a part that reads wrong alone was cut inside a character."""
    header = udh.parse(part.udh)[0] if part.udh else udh.Udh()
    text = decode_text(part.data_coding, part.body, locking=header.locking, single=header.single)
    assert text is not None
    return text


def check(text: str, parts: list[Segment], ref: int, style: Style) -> None:
    """The invariants of every segmentation into `gsm` connectors."""
    bits = {"udh8": 8, "udh16": 16, "sar": 8 if ref < 256 else 16, "payload": 0}[style]
    total = len(parts)
    assert [(part.seq, part.total) for part in parts] == [(seq, total) for seq in range(1, total + 1)]
    assert "".join(part_text(part) for part in parts) == text
    assert read_back(parts) == text
    for part in parts:
        header = udh.parse(part.udh)[0] if part.udh else udh.Udh()
        languages = bool(header.locking) + bool(header.single)
        many = total > 1
        if bits:
            room = cut.room(part.encoding, cut.header_octets(languages, bits if many else 0))
            assert len(part.body) <= (2 * room if part.encoding == "ucs2" else room)
            octets = -(-len(part.body) * 7 // 8) if part.encoding == "gsm7" else len(part.body)
            assert len(part.udh) + octets <= 140
        if many and style in ("udh8", "udh16"):
            assert header.concatenation == (part.ref, total, part.seq, bits)
        else:
            assert header.concatenation is None
    at = 0
    starts = [0]
    for part in parts[:-1]:
        at += len(part_text(part))
        starts.append(at)
    for start, edge in pairwise(starts):
        if joined(text, edge):  # only a cluster that began the part and overfilled it may be cut
            assert all(joined(text, inside) for inside in range(start + 1, edge + 1))


@settings(max_examples=200, deadline=None)
@given(any_texts, styles, st.integers(0, 0xFFFF))
@example("€" * 153, "udh8", 1)
@example("a" * 152 + "€" + "a" * 152, "udh8", 1)
@example("😀" * 67, "udh16", 1)
@example("ж" * 66 + "e" + "\u0301" * 90, "udh8", 1)
@example(_FAMILY * 20, "sar", 300)
def test_auto_invariants(text: str, style: Style, ref: int) -> None:
    parts = segments(text, ref=ref, style=style)
    check(text, parts, ref, style)
    if style == "payload":
        assert len(parts) == 1


@settings(max_examples=150, deadline=None)
@given(st.one_of(any_texts, gsm_texts, indic_texts), st.sampled_from([8, 16]))
def test_plan_counts_what_segments_cut(text: str, bits: int) -> None:
    planned = plan(text, ref_bits=bits, national=["hindi"])
    style: Style = "udh8" if bits == 8 else "udh16"
    parts = segments(text, planned, ref=0x1234, style=style)
    assert len(parts) == planned.parts
    assert {part.data_coding for part in parts} == {planned.data_coding}
    assert {part.encoding for part in parts} == {planned.encoding}
    check(text, parts, 0x1234, style)


@settings(max_examples=150, deadline=None)
@given(indic_texts, st.sampled_from(["gsm", "auto"]))
def test_national_invariants(text: str, coding: str) -> None:
    try:
        planned = plan(text, coding, national=["turkish", "hindi"])
    except UnencodableText:
        pytest.fail("every character of these texts is in the Hindi tables")
    parts = segments(text, planned, ref=7)
    check(text, parts, 7, "udh8")
    assert len(parts) == planned.parts


@settings(max_examples=100, deadline=None)
@given(any_texts)
def test_ucs2_invariants(text: str) -> None:
    planned = plan(text, "ucs2")
    parts = segments(text, planned, ref=7)
    assert len(parts) == planned.parts
    check(text, parts, 7, "udh8")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=1000), styles, st.integers(0, 0xFFFF))
def test_binary_invariants(data: bytes, style: Style, ref: int) -> None:
    parts = segments(data, plan(data), ref=ref, style=style)
    assert b"".join(part.body for part in parts) == data
    assert all(len(part.udh) + len(part.body) <= 140 or style == "payload" for part in parts)
    assert {part.data_coding for part in parts} == {4}
    if style == "udh8":
        assert len(parts) == plan(data).parts
    assert read_back(parts) is None


@settings(max_examples=150, deadline=None)
@given(gsm_texts, st.sampled_from(CHARSETS), styles)
def test_other_default_alphabets_read_back(text: str, default: Charset, style: Style) -> None:
    parts = segments(text, plan(text), ref=9, style=style, alphabet=default)
    assert read_back(parts, default) == text
    if default in ("gsm-packed", "utf-8") and style == "udh8":
        assert len(parts) == plan(text).parts
    if default == "gsm-packed" and style != "payload":
        assert all(len(part.user_data) <= 140 for part in parts)


def test_a_plain_text_is_one_bare_part() -> None:
    assert segments("hi", plan("hi"), ref=5) == [Segment(b"", b"hi", 0, 1, 1, 5, "gsm7")]
    assert segments("", ref=5) == [Segment(b"", b"", 0, 1, 1, 5, "gsm7")]


def test_wire_form_of_two_parts() -> None:
    first, second = segments("a" * 152 + "€" + "b" * 9, ref=0x1CC)
    assert first == Segment(bytes.fromhex("050003CC0201"), b"a" * 152, 0, 1, 2, 0xCC, "gsm7")
    assert second.user_data == bytes.fromhex("050003CC0202") + b"\x1be" + b"b" * 9
    first, second = segments("ж" * 71, ref=0x1CC, style="udh16")
    assert first.udh == bytes.fromhex("06080401CC0201")
    assert len(first.body) == 132
    assert second.body == "ж".encode("utf-16-be") * 5


def test_sar_leaves_the_header_to_the_smsc() -> None:
    for ref, sizes in ((255, [153, 8]), (256, [152, 9])):
        parts = segments("a" * 161, ref=ref, style="sar")
        assert [len(part.user_data) for part in parts] == sizes
        assert {(part.ref, part.total, part.udh) for part in parts} == {(ref, 2, b"")}


def test_payload_is_whole() -> None:
    assert segments("ж" * 300, ref=1, style="payload") == [
        Segment(b"", "ж".encode("utf-16-be") * 300, 8, 1, 1, 1, "ucs2")
    ]


def test_packed_parts_start_after_fill_bits() -> None:
    first, second = segments("a" * 160 + "b", ref=1, alphabet="gsm-packed")
    assert len(first.user_data) == 140
    assert first.body[0] == ord("a") << 1 & 0xFF
    assert udh.parse(second.user_data)[0].concatenation == (1, 2, 2, 8)


def test_a_national_text_carries_its_tables() -> None:
    planned = plan("ş" * 155, "gsm", national=["turkish"])
    (part,) = segments("ş" * 155, planned, ref=1)
    assert part.udh == bytes.fromhex("03250101")
    assert part.body == b"\x1d" * 155
    parts = segments("ş" * 156, planned, ref=1)
    assert [len(part.body) for part in parts] == [149, 7]
    assert parts[0].udh == bytes.fromhex("080003010201250101")
    (whole,) = segments("ş" * 400, planned, ref=1, style="payload")
    assert whole.udh == bytes.fromhex("03250101")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_travels(language: str) -> None:
    planned = plan("plain text", "gsm", national=[language])
    assert planned.locking == planned.single == 0
    letters = "ğúõ\u0995\u0a95\u0915\u0c95\u0d15\u0b15\u0a15\u0b95\u0c15\u06cc"
    char = letters[LANGUAGES[language] - 1]
    text = char * 100
    parts = segments(text, plan(text, "gsm", national=[language]), ref=1)
    assert read_back(parts) == text
    assert {part.encoding for part in parts} == {"gsm7"}


def test_flash() -> None:
    assert {part.data_coding for part in segments("a" * 161, plan("a" * 161, flash=True), ref=1)} == {0xF0}
    assert segments("ж", ref=1, flash=True)[0].data_coding == 0x18


def test_connector_values_of_data_coding() -> None:
    codings = {"gsm7": 1, "ucs2": 0xE8}
    assert segments("a", ref=1, data_codings=codings)[0].data_coding == 1  # type: ignore[arg-type]
    assert segments("ж", ref=1, data_codings=codings)[0].data_coding == 0xE8  # type: ignore[arg-type]
    assert segments(b"a", ref=1, data_codings=codings)[0].data_coding == 4  # type: ignore[arg-type]
    assert segments("a", ref=1, flash=True, data_codings=codings)[0].data_coding == 0xF0  # type: ignore[arg-type]


def test_a_text_the_default_alphabet_lacks_goes_as_ucs2() -> None:
    assert segments("50 €", plan("50 €"), ref=1, alphabet="utf-8")[0].body == "50 €".encode()
    for default in ("latin1", "ascii"):
        (part,) = segments("50 €", plan("50 €"), ref=1, alphabet=default)  # type: ignore[arg-type]
        assert (part.data_coding, part.body, part.encoding) == (8, "50 €".encode("utf-16-be"), "ucs2")
    (part,) = segments("é", plan("é", flash=True), ref=1, alphabet="ascii")
    assert part.data_coding == 0x18
    (part,) = segments("ş", plan("ş", "gsm", national=[1]), ref=1, alphabet="utf-8")
    assert (part.encoding, part.udh) == ("ucs2", b"")


def test_replacement() -> None:
    planned = plan("aж", "gsm", replace="?")
    assert segments("aж", planned, ref=1, replace="?")[0].body == b"a?"
    assert segments("aж", "gsm", ref=1, replace="?")[0].body == b"a?"
    with pytest.raises(UnencodableText, match="position 1"):
        segments("aж", planned, ref=1)


def test_too_many_parts() -> None:
    with pytest.raises(TooManyParts):
        segments("a" * 500, ref=1, max_parts=3)
    planned = plan("€" * 200)
    with pytest.raises(TooManyParts):
        segments("€" * 200, planned, ref=1, max_parts=2)
    with pytest.raises(TooManyParts):
        segments(bytes(500), plan(bytes(500)), ref=1, max_parts=2)


def test_nonsense_is_refused() -> None:
    with pytest.raises(CodingError, match="style"):
        segments("a", ref=1, style="csms")  # type: ignore[arg-type]
    with pytest.raises(CodingError, match="binary plan"):
        segments("a", plan(b"a"), ref=1)
    with pytest.raises(CodingError, match="binary plan"):
        segments(b"a", plan("a"), ref=1)
    with pytest.raises(CodingError, match="unknown default alphabet"):
        segments("a", ref=1, alphabet="ebcdic")  # type: ignore[arg-type]
