import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.delivery.correlation import EXACT, FORMATS, candidates, canonical, likeliest, same_number


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1F4", "1f4"),
        ("  00AbC ", "abc"),
        ("0", "0"),
        ("0000", "0"),
        ("", "0"),
        ("c449ab9744f47b6af1879e49e75e4f40", "c449ab9744f47b6af1879e49e75e4f40"),
        ("id-00", "id-00"),
        ("Μήνυμα", "μήνυμα"),
    ],
)
def test_canonical(written, stored):
    assert canonical(written) == stored


@pytest.mark.parametrize(
    ("receipt_id", "id_format", "expected"),
    [
        ("500", "same", ["500"]),
        ("0500", "auto", ["500", "1f4", "1280"]),
        ("1F4", "auto", ["1f4", "500"]),
        ("500", "response_hex", ["1f4"]),
        ("0x-7", "response_hex", ["x-7"]),
        ("1F4", "response_dec", ["500"]),
        ("xyz", "response_dec", ["xyz"]),
        ("xyz", "auto", ["xyz"]),
        ("1_0", "auto", ["1_0"]),
        ("+10", "auto", ["+10"]),
        ("٣٤", "auto", ["٣٤"]),
        ("5", "auto", ["5"]),
        ("18446744073709551615", "auto", ["18446744073709551615", "ffffffffffffffff"]),
        ("18446744073709551616", "auto", ["18446744073709551616"]),
        ("9" * 400, "auto", ["9" * 400]),
        ("f" * 17, "auto", ["f" * 17]),
    ],
)
def test_candidates(receipt_id, id_format, expected):
    assert list(candidates(receipt_id, id_format)) == expected
    assert likeliest(receipt_id, id_format) == expected[0]


@given(st.text(max_size=80))
def test_an_exact_id_has_no_other_form(written):
    assert candidates(written, EXACT) == (written,)
    assert likeliest(written, EXACT) == written


@given(st.text(max_size=40), st.sampled_from(FORMATS))
def test_candidates_of_anything_are_canonical_and_distinct(written, id_format):
    found = list(candidates(written, id_format))
    assert found
    assert len(set(found)) == len(found)
    assert all(canonical(each) == each for each in found)


@given(st.integers(0, (1 << 64) - 1), st.booleans(), st.integers(0, 4))
def test_hexadecimal_and_decimal_find_one_another(number, upper, zeros):
    hexadecimal = "0" * zeros + (f"{number:X}" if upper else f"{number:x}")
    assert canonical(hexadecimal) in candidates(str(number))
    assert candidates(str(number), "response_hex") == (canonical(hexadecimal),)
    if len(canonical(hexadecimal)) <= 16:
        assert str(number) in candidates(hexadecimal)
        assert candidates(hexadecimal, "response_dec") == (str(number),)


@pytest.mark.parametrize(
    ("receipt_number", "msisdn", "expected"),
    [
        ("306912345678", "306912345678", True),
        ("+306912345678", "306912345678", True),
        ("00306912345678", "306912345678", True),
        ("6912345678", "306912345678", True),
        ("06912345678", "306912345678", True),
        ("306912345678", "6912345678", True),
        ("345678", "306912345678", False),  # too short to tell
        ("306912345679", "306912345678", False),
        ("", "306912345678", False),
        ("iSMS", "306912345678", False),
        ("٣٠٦٩١٢٣٤٥٦٧٨", "306912345678", False),
    ],
)
def test_same_number(receipt_number, msisdn, expected):
    assert same_number(receipt_number, msisdn) is expected
