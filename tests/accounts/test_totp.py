from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from smsgwd.accounts.totp import SECRET_BYTES, STEP_S, code_at, new_secret, shown, uri, verify

#: Appendix B of RFC 6238, whose codes have eight digits; the last six are ours.
SECRET = b"12345678901234567890"
NOW_MS = 1_111_111_109_000
STEP = NOW_MS // 1000 // STEP_S


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_codes_of_the_rfc(at_s, code):
    assert code_at(SECRET, at_s // STEP_S) == code[-6:]
    assert verify(SECRET, code[-6:], at_s * 1000, -1) == at_s // STEP_S


def test_one_step_either_way_fits_and_two_do_not():
    for near in (-1, 0, 1):
        assert verify(SECRET, code_at(SECRET, STEP + near), NOW_MS, -1) == STEP + near
    for far in (-2, 2):
        assert verify(SECRET, code_at(SECRET, STEP + far), NOW_MS, -1) is None


def test_a_code_works_once_and_so_does_an_older_one():
    used = verify(SECRET, code_at(SECRET, STEP), NOW_MS, -1)
    assert used == STEP
    assert verify(SECRET, code_at(SECRET, STEP), NOW_MS, used) is None
    assert verify(SECRET, code_at(SECRET, STEP - 1), NOW_MS, used) is None
    assert verify(SECRET, code_at(SECRET, STEP + 1), NOW_MS, used) == STEP + 1


def test_the_first_steps_of_time():
    assert verify(SECRET, code_at(SECRET, 0), 0, -1) == 0


def test_blanks_in_a_code_do_not_count():
    code = code_at(SECRET, STEP)
    assert verify(SECRET, f" {code[:3]} {code[3:]}\n", NOW_MS, -1) == STEP


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "0x1234", "12345é"])
def test_what_is_no_code_fits_nothing(code):
    assert verify(SECRET, code, NOW_MS, -1) is None


def test_another_secret_does_not_fit():
    assert verify(SECRET[::-1], code_at(SECRET, STEP), NOW_MS, -1) is None


def test_a_new_secret_is_as_long_as_it_should_be_and_random():
    assert len(new_secret()) == SECRET_BYTES
    assert new_secret() != new_secret()
    assert new_secret(lambda count: b"x" * count) == b"x" * SECRET_BYTES


def test_the_uri_names_who_and_the_secret():
    parts = urlsplit(uri(SECRET, "shop/clerk é", "SMS Gateway"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/SMS Gateway:shop/clerk é"
    query = parse_qs(parts.query)
    assert query["secret"] == [shown(SECRET)] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert query["issuer"] == ["SMS Gateway"]
