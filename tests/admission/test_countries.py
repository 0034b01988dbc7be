import random
import re

import phonenumbers
import pytest

from smsgwd.admission.countries import COUNTRIES, Territories, country_of, is_territory
from smsgwd.config import countries as config_countries
from smsgwd.model.calling_codes import CALLING_CODES

#: Countries whose numbers are told from their neighbour's by ranges too small to keep, or not at all.
_SHARES = {"CX": "AU", "CC": "AU", "MF": "GP"}
_TYPES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


def _examples():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in _TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def test_the_country_of_an_example_number_of_every_region_is_that_of_phonenumbers():
    wrong = []
    for region, digits in _examples():
        said = phonenumbers.region_code_for_number(phonenumbers.parse("+" + digits))
        if country_of(digits) not in (said, _SHARES.get(said)):
            wrong.append((region, digits, said, country_of(digits)))
    assert wrong == []


@pytest.mark.parametrize("code", ["1", "7", "44", "39", "262", "599", "358"])
def test_valid_numbers_of_shared_codes_are_in_the_country_that_phonenumbers_says(code):
    rng, seen, wrong = random.Random(code), 0, []
    for _ in range(20_000):
        digits = code + str(rng.randrange(10 ** (9 if code in ("262", "358") else 10))).zfill(9)
        said = phonenumbers.region_code_for_number(phonenumbers.parse("+" + digits))
        if said is None or said not in COUNTRIES:
            continue
        seen += 1
        if country_of(digits) not in (said, _SHARES.get(said)):
            wrong.append((digits, said, country_of(digits)))
        if seen == 400:
            break
    assert seen > 20
    assert wrong == []


def test_every_calling_code_of_a_country_has_one():
    none = {code for code in CALLING_CODES if not country_of(code.ljust(10, "2"))}
    assert none == {"800", "808", "870", "878", "881", "882", "883", "888", "979"}


def test_what_is_no_countrys_is_nowhere():
    assert [country_of(digits) for digits in ("", "1", "870123456789", "2101234567", "999")] == ["", "", "", "", ""]


def test_the_configuration_knows_the_same_countries():
    assert config_countries.COUNTRIES == COUNTRIES


@pytest.mark.parametrize("key", ["UK", "ZZ", "gb", "EU", "", "1" * 16, "G", "GBR"])
def test_what_is_neither_a_country_nor_a_prefix(key):
    assert not is_territory(key)
    with pytest.raises(ValueError, match="neither"):
        Territories([(key, 1)])


def test_all_countries_are_written_in_two_letters():
    assert all(re.fullmatch("[A-Z]{2}", country) for country in COUNTRIES)
    assert len(COUNTRIES) > 230
