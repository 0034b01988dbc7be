"""Numbers as people of a country write them, and numbers in use, against the phonenumbers library."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from smsgwd.admission.numbers import msisdn
from smsgwd.model.refusals import Refusal, Refused

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def _refusal(written, region=None, **said):
    with pytest.raises(Refused) as caught:
        msisdn(written, region, **said)
    assert caught.value.refusal is Refusal.INVALID_RECIPIENT
    return caught.value.detail


def _e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


@pytest.mark.parametrize("region", REGIONS)
def test_a_number_of_every_country_in_the_form_of_that_country(region):
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        expected = _e164(number)
        written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        assert msisdn(written, region) == expected
        assert msisdn("+" + expected, region) == expected
        assert msisdn("00" + expected, region) == expected
        assert msisdn(expected, region, international=True, strict=True) == expected


@pytest.mark.parametrize(
    ("written", "region", "digits"),
    [
        ("6912345678", "GR", "306912345678"),  # +691 is Micronesia: a tenant of Greece means Greece
        ("691 234 5678", "GR", "306912345678"),
        ("306912345678", "GR", "306912345678"),
        ("447911123456", "GR", "447911123456"),
        ("07911 123456", "GB", "447911123456"),
        ("(020) 7946-0000", "GB", "442079460000"),
        ("07700900123", "GB", "447700900123"),  # a number kept free for films: of the right length
        ("0612345678", "IT", "390612345678"),  # in Italy the 0 is part of the number
        ("8 916 123-45-67", "RU", "79161234567"),
        ("011306912345678", "US", "306912345678"),
        ("6505551234", "US", "16505551234"),
        ("16505551234", "US", "16505551234"),
        ("306912345678", "US", "306912345678"),
        ("6912345678", None, "6912345678"),
        ("6912345678", "XX", "6912345678"),
    ],
)
def test_what_a_number_means_in_a_region(written, region, digits):
    assert msisdn(written, region) == digits


def test_who_says_that_the_country_code_comes_first_is_believed():
    assert msisdn("6912345678", "GR", international=True) == "6912345678"
    assert msisdn("+6912345678", "GR") == "6912345678"


@pytest.mark.parametrize(
    ("written", "region", "word"),
    [
        ("06912345678", "GR", "no number of GR"),
        ("69123", "GR", "7 to 15 digits"),
        ("", "GR", "empty"),
        ("69l2345678", "GR", "digits only"),
        ("6" * 50, "GR", "50 characters"),
        ("0", "GB", "no number of GB"),
    ],
)
def test_what_is_no_number_there_is_refused_with_the_reason(written, region, word):
    assert word in _refusal(written, region)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("+30691234567", "too few digits"),
        ("+4420794600001", "too many digits"),
        ("+301112345678", "no such range"),
        ("+306912345", "too few digits"),
    ],
)
def test_a_strict_number_is_refused_with_the_reason(written, word):
    assert msisdn(written)
    assert word in _refusal(written, strict=True)


def test_a_strict_number_loses_the_0_behind_the_country_code():
    assert msisdn("+44 (0)20 7946 0000", strict=True) == "442079460000"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["GR", "GB", "IT", "US", "RU", "BR", "UA"]), st.text("0123456789", min_size=6, max_size=14))
def test_a_strict_number_is_one_for_phonenumbers_and_no_other_is(region, digits):
    code = phonenumbers.country_code_for_region(region)
    written = f"+{code}{digits}"[:16]
    parsed = phonenumbers.parse(written)
    try:
        number = msisdn(written, strict=True)
    except Refused:
        assert not phonenumbers.is_valid_number(parsed)
        return
    assert phonenumbers.is_valid_number(parsed)
    assert number == _e164(parsed)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["GR", "GB", "IT", "US", "RU", "BR", "UA", "AR", "XX"]),
    st.text("0123456789", min_size=1, max_size=16),
)
def test_valid_in_the_region_is_of_the_region_and_all_else_international_or_refused(region, digits):
    try:
        expected = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        expected = None
    try:
        found = msisdn(digits, region)
    except Refused:
        assert expected is None or not phonenumbers.is_valid_number(expected)
        return
    assert 7 <= len(found) <= 15
    if digits[:2] != "00" and expected is not None and phonenumbers.is_valid_number(expected):
        assert found == _e164(expected)
