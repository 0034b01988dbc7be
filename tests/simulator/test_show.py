from smsgwd.gsm.segment import segments
from smsgwd.simulator.show import Shower


def _shown(long: bool, calls):
    lines: list[str] = []
    shower = Shower(lines.append, long=long)
    for esm_class, coding, body, sar in calls:
        shower.show("[gw 1]", "iSMS", "+3069", esm_class, coding, body, sar, 0.0)
    return lines


def test_texts_and_binaries():
    calls = [(0, 0, b"price 5\x1be", None), (0, 8, "γειά 📦".encode("utf-16-be"), None), (0, 4, b"\x01\xff", None)]
    assert _shown(False, calls) == [
        "[gw 1] iSMS -> +3069: price 5€",
        "[gw 1] iSMS -> +3069: γειά 📦",
        "[gw 1] iSMS -> +3069: hex 01ff",
    ]


def test_parts_one_by_one_or_whole_in_any_order():
    text = "Καλημέρα " * 20
    parts = [(0x40, part.data_coding, part.user_data, None) for part in segments(text, ref=7)]
    assert len(parts) == 3
    assert "part 2/3: " in _shown(False, parts)[1]
    assert _shown(True, parts[::-1]) == [f"[gw 1] iSMS -> +3069 3 parts: {text}"]


def test_sar_parts_are_joined_too():
    parts = [(0, 0, b"ab", (9, 2, 1)), (0, 0, b"cd", (9, 2, 2))]
    assert _shown(True, parts) == ["[gw 1] iSMS -> +3069 2 parts: abcd"]


def test_line_ends_stay_in_the_line_and_bad_headers_are_told():
    assert _shown(False, [(0, 0, b"a\nb", None)]) == ["[gw 1] iSMS -> +3069: a\\nb"]
    assert "malformed user data header" in _shown(True, [(0x40, 0, b"\x09\x00\x03", None)])[0]
