"""SMPP's absolute and relative times."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.timespec import SmppTimeError, compose_absolute, compose_relative, parse_smpp_time

NOW = datetime(2026, 11, 21, 15, 30, 0, tzinfo=UTC)


def utc(*fields: int) -> datetime:
    """Return a moment in UTC."""
    return datetime(*fields, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("261122103000000+", utc(2026, 11, 22, 10, 30)),
        ("261122103000008+", utc(2026, 11, 22, 8, 30)),  # Athens: two hours ahead of UTC
        ("261122103000020-", utc(2026, 11, 22, 15, 30)),  # New York
        ("261122103000722+", utc(2026, 11, 22, 5, 0, 0, 700_000)),  # India: 22 quarters
        ("261122003000048+", utc(2026, 11, 21, 12, 30)),
        ("280229000000000+", utc(2028, 2, 29)),
        ("760101000000000+", utc(1976, 1, 1)),
        ("750101000000000+", utc(2075, 1, 1)),
    ],
)
def test_absolute(value: str, expected: datetime) -> None:
    assert parse_smpp_time(value, NOW) == expected
    assert parse_smpp_time(value.encode(), NOW) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("000000000000000R", NOW),
        ("000000000500000R", NOW + timedelta(minutes=5)),
        ("000002000000000R", NOW + timedelta(days=2)),
        ("000099999999000R", NOW + timedelta(days=99, hours=99, minutes=99, seconds=99)),
        ("000100000000000R", utc(2026, 12, 21, 15, 30)),
        ("000300000000000R", utc(2027, 2, 21, 15, 30)),
        ("010000000000000R", utc(2027, 11, 21, 15, 30)),
        ("991200000000000R", utc(2126, 11, 21, 15, 30)),
    ],
)
def test_relative(value: str, expected: datetime) -> None:
    assert parse_smpp_time(value, NOW) == expected


def test_relative_months_end_at_the_months_end() -> None:
    assert parse_smpp_time("000100000000000R", utc(2027, 1, 31)) == utc(2027, 2, 28)
    assert parse_smpp_time("010000000000000R", utc(2028, 2, 29)) == utc(2029, 2, 28)


def test_relative_from_a_zone_is_utc() -> None:
    local = NOW.astimezone(ZoneInfo("Europe/Athens"))
    moment = parse_smpp_time("000000000500000R", local)
    assert moment is not None
    assert moment == NOW + timedelta(minutes=5)
    assert moment.tzinfo is UTC


def test_empty_is_none() -> None:
    assert parse_smpp_time(b"", NOW) is None
    assert parse_smpp_time("", NOW) is None


def test_twelve_digits_only_with_a_zone() -> None:
    assert parse_smpp_time("261122103000", NOW, ZoneInfo("Europe/Athens")) == utc(2026, 11, 22, 8, 30)
    with pytest.raises(SmppTimeError, match="not 12"):
        parse_smpp_time("261122103000", NOW)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2611221030", "not 10"),
        ("261122103000000", "not 15"),
        ("26112210300000000+", "not 18"),
        ("261122103000000Z", "ends in"),
        ("2611221030xx000+", "must be digits"),
        ("261122103000x00+", "must be digits"),
        ("261322103000000+", "month 13"),
        ("260022103000000+", "month 00"),
        ("261100103000000+", "day 00"),
        ("270229103000000+", "day 29 is not between 01 and 28"),
        ("261122243000000+", "hour 24"),
        ("261122106000000+", "minute 60"),
        ("261122103060000+", "second 60"),
        ("261122103000049+", "quarter"),
        ("000000000500001R", "000R"),
        ("000000000500100R", "000R"),
        ("２61122103000000+", "digits"),
        (b"\xff61122103000000+", "digits"),
        ("²61122103000000+", "digits"),
    ],
)
def test_errors_name_the_fault(value: str | bytes, message: str) -> None:
    with pytest.raises(SmppTimeError, match=message):
        parse_smpp_time(value, NOW, UTC)


def test_out_of_range() -> None:
    with pytest.raises(SmppTimeError, match="range"):
        parse_smpp_time("990000000000000R", utc(9950, 1, 1))
    with pytest.raises(SmppTimeError, match="range"):
        parse_smpp_time("991231235959048-", utc(9999, 12, 1))
    with pytest.raises(SmppTimeError, match="range"):
        parse_smpp_time("480101000000000+", utc(9999, 12, 1))
    with pytest.raises(SmppTimeError, match="range"):
        parse_smpp_time("010101000000048+", utc(1, 1, 1))


def test_naive_now_is_a_caller_error() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse_smpp_time("", datetime(2026, 1, 1))


@given(st.binary(max_size=20) | st.text("0123456789R+-", max_size=18))
def test_only_its_own_error(value: str | bytes) -> None:
    try:
        moment = parse_smpp_time(value, NOW, ZoneInfo("Europe/Athens"))
    except SmppTimeError:
        return
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(datetime(1977, 1, 2), datetime(2075, 12, 30)), st.integers(-48, 48))
def test_absolute_round_trip(naive: datetime, quarters: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    text = compose_absolute(moment, timezone(timedelta(minutes=15 * quarters)))
    assert len(text) == 16
    back = parse_smpp_time(text, NOW)
    assert back == moment.replace(microsecond=moment.microsecond // 100_000 * 100_000)


@given(st.integers(0, 32 * 86_400 - 1))
def test_relative_round_trip(seconds: int) -> None:
    text = compose_relative(timedelta(seconds=seconds))
    assert len(text) == 16
    assert parse_smpp_time(text, NOW) == NOW + timedelta(seconds=seconds)


def test_compose() -> None:
    assert compose_absolute(NOW) == "261121153000000+"
    assert compose_absolute(NOW, ZoneInfo("Asia/Kolkata")) == "261121210000022+"
    assert compose_absolute(NOW, ZoneInfo("America/New_York")) == "261121103000020-"
    assert compose_relative(timedelta(days=2, microseconds=1)) == "000002000001000R"
    assert compose_relative(timedelta(0)) == "000000000000000R"


@pytest.mark.parametrize("span", [timedelta(seconds=-1), timedelta(days=32)])
def test_relative_out_of_range(span: timedelta) -> None:
    with pytest.raises(SmppTimeError):
        compose_relative(span)


@pytest.mark.parametrize("zone", [timezone(timedelta(minutes=20)), timezone(timedelta(hours=14))])
def test_offsets_that_cannot_be_sent(zone: timezone) -> None:
    with pytest.raises(SmppTimeError, match="offset"):
        compose_absolute(NOW, zone)


def test_naive_moments_cannot_be_sent() -> None:
    with pytest.raises(SmppTimeError, match="zone"):
        compose_absolute(datetime(2026, 1, 1))
