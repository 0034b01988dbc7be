"""What a text costs."""

import pytest

from smsgwd.gsm import alphabet, cluster, cut
from smsgwd.gsm.errors import CodingError, TooManyParts, UnencodableText
from smsgwd.gsm.plan import Plan, plan


@pytest.mark.parametrize(
    ("text", "encoding", "parts", "units"),
    [
        ("", "gsm7", 1, 0),
        ("a" * 160, "gsm7", 1, 160),
        ("a" * 161, "gsm7", 2, 161),
        ("a" * 306, "gsm7", 2, 306),
        ("a" * 307, "gsm7", 3, 307),
        ("€" * 80, "gsm7", 1, 160),
        ("€" * 81, "gsm7", 2, 162),
        ("€" * 153, "gsm7", 3, 306),  # 76 pairs a part, an odd septet stays empty
        ("a" + "€" * 152, "gsm7", 2, 305),
        ("α" * 70, "ucs2", 1, 70),
        ("α" * 71, "ucs2", 2, 71),
        ("α" * 134, "ucs2", 2, 134),
        ("α" * 135, "ucs2", 3, 135),
        ("😀" * 35, "ucs2", 1, 70),
        ("😀" * 36, "ucs2", 2, 72),
        ("😀" * 67, "ucs2", 3, 134),  # 33 pairs a part
        ("Ω" * 160, "gsm7", 1, 160),
    ],
)
def test_auto(text: str, encoding: str, parts: int, units: int) -> None:
    found = plan(text)
    assert (found.encoding, found.parts, found.units) == (encoding, parts, units)
    assert found.data_coding == {"gsm7": 0, "ucs2": 8}[encoding]
    assert (found.locking, found.single) == (0, 0)


@pytest.mark.parametrize(
    ("header", "encoding", "room"),
    [
        (cut.header_octets(0), "gsm7", 160),
        (cut.header_octets(0, 8), "gsm7", 153),
        (cut.header_octets(0, 16), "gsm7", 152),
        (cut.header_octets(1), "gsm7", 155),
        (cut.header_octets(2), "gsm7", 152),
        (cut.header_octets(1, 8), "gsm7", 149),
        (cut.header_octets(2, 8), "gsm7", 146),
        (cut.header_octets(2, 16), "gsm7", 145),
        (cut.header_octets(0, 8), "binary", 134),
        (cut.header_octets(0, 16), "latin1", 133),
        (cut.header_octets(0), "ucs2", 70),
        (cut.header_octets(0, 8), "ucs2", 67),
        (cut.header_octets(0, 16), "ucs2", 66),
    ],
)
def test_room(header: int, encoding: str, room: int) -> None:
    assert cut.room(encoding, header) == room  # type: ignore[arg-type]


def test_16_bit_references_leave_less_room() -> None:
    assert plan("a" * 306, ref_bits=16).parts == 3
    assert plan("α" * 133, ref_bits=16).parts == 3
    assert plan(bytes(267), ref_bits=16).parts == 3
    assert plan("a", ref_bits=16).ref_bits == 16


def test_explicit_codings() -> None:
    assert plan("abc", "ucs2") == Plan("ucs2", 8, 1, 3)
    assert plan("é[", "latin1") == Plan("latin1", 3, 1, 2)
    assert plan("é", "gsm") == plan("é", "gsm7") == Plan("gsm7", 0, 1, 1)
    assert plan(bytes(141)) == plan(bytes(141), "binary") == Plan("binary", 4, 2, 141)
    assert plan(bytes(140)).parts == 1
    assert plan(bytes(268)).parts == 2
    assert plan(bytes(269)).parts == 3


def test_flash() -> None:
    assert plan("a", flash=True).data_coding == 0xF0
    assert plan("ж", flash=True).data_coding == 0x18
    assert plan(b"a", flash=True).data_coding == 0xF4
    assert plan("çç", flash=True, latin1=True).encoding == "ucs2"
    with pytest.raises(CodingError, match="Latin-1"):
        plan("a", "latin1", flash=True)


@pytest.mark.parametrize(
    ("text", "coding", "position"),
    [
        ("ab😀", "gsm", 2),
        ("ab€", "latin1", 2),
        ("a\ud83d", "auto", 1),
        ("a\ud83d", "ucs2", 1),
        ("a\ude00b", "gsm", 1),
        ("a\0", "auto", 1),
        ("жж\0", "ucs2", 2),
        ("ж\0\ud800", "auto", 1),
        ("a\0", "latin1", 1),
        ("a" * 200 + "\0", "auto", 200),
    ],
)
def test_unencodable_text_is_refused_by_position(text: str, coding: str, position: int) -> None:
    with pytest.raises(UnencodableText, match=f"position {position}") as caught:
        plan(text, coding)
    assert caught.value.position == position


def test_replacement() -> None:
    assert plan("ab😀", "gsm", replace="?") == Plan("gsm7", 0, 1, 3)
    assert plan("ab😀", "gsm", replace="€").units == 4
    with pytest.raises(UnencodableText):
        plan("ab😀", "gsm", replace="😀")


def test_too_many_parts() -> None:
    assert plan("a" * 153 * 255).parts == 255
    for text in ("a" * (153 * 255 + 1), "α" * (67 * 255 + 1), "😀" * (33 * 255 + 1), "€" * (76 * 255 + 1)):
        with pytest.raises(TooManyParts) as caught:
            plan(text)
        assert caught.value.limit == 255
        assert caught.value.parts > 255
    with pytest.raises(TooManyParts, match="3 parts or more, 2 are allowed"):
        plan("a" * 307, max_parts=2)
    with pytest.raises(TooManyParts):
        plan("a" * 161, max_parts=1)
    with pytest.raises(TooManyParts):
        plan(bytes(134 * 255 + 1))
    assert plan("a" * 160, max_parts=1).parts == 1


def test_a_megabyte_is_refused_without_being_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "units", None)
    with pytest.raises(TooManyParts):
        plan("ж" * 1_000_000)


@pytest.mark.parametrize("kwargs", [{"ref_bits": 7}, {"max_parts": 0}, {"max_parts": 256}, {"coding": "utf8"}])
def test_nonsense_is_refused(kwargs: dict[str, object]) -> None:
    with pytest.raises(CodingError):
        plan("a" * 161, **kwargs)  # type: ignore[arg-type]


def test_octets_and_text_are_not_confused() -> None:
    with pytest.raises(CodingError, match="octets"):
        plan("abcd", "binary")
    with pytest.raises(CodingError, match="octets"):
        plan(b"abcd", "gsm")


def test_national_tables_only_if_enabled_and_cheaper() -> None:
    turkish = "Şişli'de ğüzel bir ğün " * 4  # 92 characters: 2 parts in UCS-2
    assert plan(turkish).encoding == "ucs2"
    found = plan(turkish, national=["turkish"])
    assert (found.encoding, found.parts, found.data_coding) == ("gsm7", 1, 0)
    assert (found.locking, found.single) == (1, 0)
    assert plan("ş", national=["turkish"]).encoding == "ucs2"  # no cheaper
    assert plan("ş", "gsm", national=["turkish"]).encoding == "gsm7"
    assert plan("a" * 10, national=["turkish"]).locking == 0


def test_single_shift_wins_with_fewer_septets() -> None:
    found = plan("ç" + "x" * 100, national=[2])
    assert (found.locking, found.single, found.units) == (0, 2, 102)


def test_hindi_needs_both_tables_for_digits_of_its_own() -> None:
    text = "\u0928\u092e\u0938\u094d\u0924\u0947 \u0967" * 15
    found = plan(text, national=("turkish", "hindi"))
    assert (found.locking, found.single, found.parts) == (6, 6, 1)
    assert found.units == alphabet.count(text, locking=6, single=6)
    assert plan(text).parts == 2


def test_unknown_language_is_refused() -> None:
    for language in ("klingon", 14, 0):
        with pytest.raises(CodingError, match="national language"):
            plan("ж", national=[language])


def test_latin1_only_if_asked_and_cheaper() -> None:
    text = "ç" * 100
    assert plan(text).encoding == "ucs2"
    assert plan(text, latin1=True) == Plan("latin1", 3, 1, 100)
    assert plan("ç", latin1=True).encoding == "ucs2"
    assert plan("{" * 100, latin1=True).encoding == "latin1"
    assert plan("{" * 80, latin1=True).encoding == "gsm7"
    assert plan("ж" * 100, latin1=True).encoding == "ucs2"
    assert plan("€" * 100, latin1=True).encoding == "gsm7"


def test_fewer_tables_win_among_equal_parts() -> None:
    found = plan("õõΦ", "gsm", national=["portuguese"])
    assert (found.locking, found.single, found.units) == (0, 3, 5)


def test_a_hostile_row_of_clusters_costs_no_more_than_a_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    indicator = cluster._indicator

    def counting(char: str) -> bool:
        nonlocal calls
        calls += 1
        return indicator(char)

    monkeypatch.setattr(cluster, "_indicator", counting)
    with pytest.raises(TooManyParts):
        plan("🇬" * 38_000)
    assert calls < 256 * 4 * 70
