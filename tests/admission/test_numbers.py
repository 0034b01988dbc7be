import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.numbers import msisdn
from smsgwd.model.calling_codes import CALLING_CODES
from smsgwd.model.refusals import Refusal, Refused


def test_calling_codes_are_those_of_the_phonenumbers_library():
    ours = {int(code) for code in CALLING_CODES}
    assert set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE) <= ours
    # what we have beyond it must be nothing: a code nobody has would let a typo through
    assert ours - set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE) == set()


@pytest.mark.parametrize(
    "written", ["+306912345678", "00306912345678", "306912345678", "+30 691 234-5678", "+30 (691) 234.5678"]
)
def test_one_number_in_its_international_forms(written):
    assert msisdn(written) == "306912345678"


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("", "empty"),
        ("+", "empty"),
        ("6912", "7 to 15 digits"),
        ("+30691234567890123", "7 to 15 digits"),
        ("06912345678", "country code"),
        ("+30691a345678", "digits only"),
        ("+٣٠٦٩١٢٣٤٥٦٧٨", "digits only"),
        ("+30691234\x005678", "digits only"),
        ("2106912345678"[:2] + "0" * 9, "calling code"),
        ("9" * 2000, "2000 characters"),
        ("iSMS", "digits only"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(written, word):
    if written.startswith("21"):
        written = "2100000000"  # +210 is assigned to nobody
    with pytest.raises(Refused) as caught:
        msisdn(written)
    assert caught.value.refusal is Refusal.INVALID_RECIPIENT
    assert word in caught.value.detail


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused(text):
    try:
        digits = msisdn(text)
    except Refused:
        return
    assert digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15
