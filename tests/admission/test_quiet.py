from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number

from smsgwd.admission.quiet import next_allowed, zones_of
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import QuietHours

MINUTE = 60_000
NIGHT = QuietHours(21 * 60, 8 * 60)


def ms(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def quiet_at(quiet, zone, at):
    """The rule in its plainest form: whether the minute of `at` is in a window that began today or yesterday."""
    local = datetime.fromtimestamp(at / 1000, zone)
    minute = local.hour * 60 + local.minute
    days = quiet.days or range(1, 8)
    today, yesterday = local.isoweekday() in days, (local - timedelta(days=1)).isoweekday() in days
    if quiet.begin < quiet.end:
        return today and quiet.begin <= minute < quiet.end
    return (today and minute >= quiet.begin) or (yesterday and minute < quiet.end)


def test_by_day_nothing_is_held():
    at = ms("2026-03-10 12:00", "Europe/Athens")
    assert next_allowed(NIGHT, "306912345678", at) == at


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("2026-03-10 21:00", "2026-03-11 08:00"),
        ("2026-03-10 23:59:59", "2026-03-11 08:00"),
        ("2026-03-11 00:00", "2026-03-11 08:00"),
        ("2026-03-11 07:59:59", "2026-03-11 08:00"),
        ("2026-03-11 08:00", "2026-03-11 08:00"),
        ("2026-03-28 22:00", "2026-03-29 08:00"),  # the night that is an hour shorter
        ("2026-10-24 22:00", "2026-10-25 08:00"),  # and the one that is longer
    ],
)
def test_at_night_it_waits_for_the_recipients_morning(written, until):
    assert next_allowed(NIGHT, "306912345678", ms(written, "Europe/Athens")) == ms(until, "Europe/Athens")


def test_the_zone_is_the_recipients_unless_one_is_named():
    at = ms("2026-03-10 20:00")  # 22:00 in Athens, 16:00 in New York
    assert next_allowed(NIGHT, "12125550100", at) == at
    assert next_allowed(QuietHours(21 * 60, 8 * 60, zone="Europe/Athens"), "12125550100", at) == ms("2026-03-11 06:00")


def test_a_window_belongs_to_the_day_it_begins_on():
    friday_night = QuietHours(21 * 60, 8 * 60, days=(5,), zone="UTC")
    assert next_allowed(friday_night, "", ms("2026-03-13 22:00")) == ms("2026-03-14 08:00")
    for allowed in ("2026-03-13 07:00", "2026-03-14 22:00"):  # early on Friday, late on Saturday
        assert next_allowed(friday_night, "", ms(allowed)) == ms(allowed)


def test_whole_days():
    weekend = QuietHours(0, 0, days=(6, 7), zone="UTC")
    assert next_allowed(weekend, "", ms("2026-03-14 10:00")) == ms("2026-03-16 00:00")


def test_hours_that_never_end_are_refused():
    with pytest.raises(Refused) as caught:
        next_allowed(QuietHours(0, 0, zone="UTC"), "", ms("2026-03-14 10:00"))
    assert caught.value.refusal is Refusal.QUIET_HOURS


def test_a_number_of_several_zones_waits_for_all_of_them():
    zones = zones_of("18002345678")  # from Guam to Puerto Rico
    assert len(zones) > 10
    found = next_allowed(NIGHT, "18002345678", ms("2026-06-10 05:00"))
    assert found == ms("2026-06-10 22:00")  # eight in the morning in Guam
    assert not any(quiet_at(NIGHT, zone, found) for zone in zones)


def test_where_the_zones_never_agree_the_first_decides():
    quiet = QuietHours(8 * 60, 7 * 60 + 30)  # half an hour a day is allowed
    zones = zones_of("18002345678")
    found = next_allowed(quiet, "18002345678", ms("2026-03-10 05:00"))
    assert not quiet_at(quiet, zones[0], found)
    assert any(quiet_at(quiet, zone, found) for zone in zones)


def test_a_number_of_no_country_has_the_zone_it_is_told():
    at = ms("2026-03-10 20:00")
    assert zones_of("870123456789") == ()
    assert next_allowed(NIGHT, "870123456789", at) == at
    assert next_allowed(NIGHT, "870123456789", at, "Europe/Athens") == ms("2026-03-11 06:00")


def test_a_zone_that_there_is_not_is_an_error():
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        next_allowed(QuietHours(0, 60, zone="Europe/Atlantis"), "", 0)


@pytest.mark.parametrize("region", ["GR", "US", "GB", "IT", "BR", "AU", "RU", "KZ", "IN", "MX", "ES", "PT", "FR"])
def test_zones_are_those_of_phonenumbers(region):
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.FIXED_LINE)
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    assert {zone.key for zone in zones_of(digits)} == set(time_zones_for_number(number))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sets(st.integers(1, 7), max_size=6),
    st.sampled_from(["Europe/Athens", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"]),
    st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-06-06"]),
    st.integers(-36 * 3600, 36 * 3600),
)
def test_what_it_says_is_allowed_and_no_earlier_minute_is(begin, end, days, name, day, seconds):
    zone = ZoneInfo(name)
    quiet = QuietHours(begin, end, days=tuple(sorted(days)), zone=name)
    at = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + seconds) * 1000
    try:
        found = next_allowed(quiet, "", at)
    except Refused:
        assert begin == end
        assert not days
        return
    assert not quiet_at(quiet, zone, found)
    step = at
    while step < found:
        assert quiet_at(quiet, zone, step)
        step += MINUTE
    if found > at:
        assert quiet_at(quiet, zone, found - 1)
