"""RFC 3339 times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.timespec import Rfc3339Error, format_epoch_ms, format_utc, parse_rfc3339, to_epoch_ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T15:04:05Z", datetime(2026, 11, 21, 15, 4, 5, tzinfo=UTC)),
        ("2026-11-21t15:04:05z", datetime(2026, 11, 21, 15, 4, 5, tzinfo=UTC)),
        ("2026-11-21T15:04:05.5+02:00", datetime(2026, 11, 21, 13, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-11-21T15:04:05.123456789-00:30", datetime(2026, 11, 21, 15, 34, 5, 123_456, tzinfo=UTC)),
        ("2026-11-21T15:04:05-00:00", datetime(2026, 11, 21, 15, 4, 5, tzinfo=UTC)),
        ("2024-02-29T00:00:00+23:59", datetime(2024, 2, 28, 0, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T01:59:60.25+02:00", datetime(2017, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_parse(text: str, expected: datetime) -> None:
    moment = parse_rfc3339(text)
    assert moment == expected
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-21T15:04:05", "lacks an offset"),
        ("2026-11-21T15:04:05.123", "lacks an offset"),
        ("2026-11-21 15:04:05Z", "not an RFC 3339"),
        ("2026-11-21T15:04Z", "not an RFC 3339"),
        ("2026-11-21", "not an RFC 3339"),
        ("", "not an RFC 3339"),
        ("tomorrow", "not an RFC 3339"),
        ("2026-11-21T15:04:05+0200", "not an RFC 3339"),
        ("2026-11-21T15:04:05Z\n", "not an RFC 3339"),
        ("２026-11-21T15:04:05Z", "not an RFC 3339"),
        ("2026-11-21T15:04:05.Z", "not an RFC 3339"),
        ("2026-13-21T15:04:05Z", "month"),
        ("2026-02-30T15:04:05Z", "day"),
        ("2026-02-20T24:00:00Z", "hour"),
        ("2026-02-20T15:04:61Z", "second"),
        ("2026-02-20T15:04:60Z", "leap second"),
        ("2026-02-20T15:04:05+24:00", "offset"),
        ("2026-02-20T15:04:05+02:60", "offset"),
        ("0000-02-20T15:04:05Z", "year"),
        ("0001-01-01T00:00:00+00:01", "no such time"),
        ("9999-12-31T23:59:59-00:01", "no such time"),
        ("9999-12-31T23:59:60Z", "no such time"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(Rfc3339Error, match=message):
        parse_rfc3339(text)


@given(st.text(max_size=40) | st.text("0123456789-:TZ+.", max_size=30))
def test_only_its_own_error(text: str) -> None:
    try:
        parse_rfc3339(text)
    except Rfc3339Error:
        return


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_round_trip(milliseconds: int) -> None:
    text = format_epoch_ms(milliseconds)
    assert text.endswith("Z")
    assert to_epoch_ms(parse_rfc3339(text)) == milliseconds


def test_format() -> None:
    assert format_epoch_ms(0) == "1970-01-01T00:00:00.000Z"
    athens = timezone(timedelta(hours=2))
    assert format_utc(datetime(2026, 11, 21, 1, 2, 3, 999_999, tzinfo=athens)) == "2026-11-20T23:02:03.999Z"
    assert to_epoch_ms(datetime(1970, 1, 1, 2, 0, 0, 1_999, tzinfo=athens)) == 1


def test_naive_moments_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_utc(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="zone"):
        to_epoch_ms(datetime(2026, 1, 1))
