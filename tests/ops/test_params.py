"""How parameters of commands are read."""

import pytest

from smsgwd.ops.params import amount, moment, phone_digits
from smsgwd.ops.registry import CommandError


@pytest.mark.parametrize("written", ["2027-01-01T00:00:00Z", "2027-01-01", "2027-01-01T02:00:00+02:00"])
def test_a_date_is_its_midnight_in_utc(written):
    assert moment({"at": written}, "at") == 1_798_761_600_000


@pytest.mark.parametrize("written", ["tomorrow", "2027-1-1", "2027-02-30", "01-01-2027", ""])
def test_what_is_no_time_is_told_with_what_would_be(written):
    with pytest.raises(CommandError, match=r"^at: .*a date like 2026-11-21"):
        moment({"at": written}, "at")


def test_a_time_may_be_left_out():
    assert moment({}, "at") is None


@pytest.mark.parametrize(("written", "micro"), [("1.5", 1_500_000), ("+1.5", 1_500_000), ("-1", -1_000_000)])
def test_amounts_have_a_sign_or_none(written, micro):
    assert amount({"amount": written}, "amount") == micro


@pytest.mark.parametrize("written", ["++1", "+-1", "1,5", "+"])
def test_amounts_that_are_none(written):
    with pytest.raises(CommandError, match=r"^amount: "):
        amount({"amount": written}, "amount")


def test_numbers_are_read_as_a_country_writes_them():
    assert phone_digits({"to": "691 234 5678"}, "to", "GR") == "306912345678"
    assert phone_digits({"to": "6912345678"}, "to") == "6912345678"
