"""Date phrases against what PHP 8.2's strtotime made of them (phrases.json), and against the strtotime package."""

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.timespec.strtotime import LONGEST, PhraseError, due, parse

ATHENS = ZoneInfo("Europe/Athens")
UTC = ZoneInfo("UTC")
NOW = 1789987654  # Mon 21 September 2026 13:47:34 in Athens
#: (phrase, now in seconds, zone, what PHP 8.2.32 answered: seconds, or null for false)
RECORDED = json.loads((Path(__file__).parent / "phrases.json").read_text())
PHRASES = sorted({row[0] for row in RECORDED})

#: Phrases of the iSMS page.
ISMS = (
    "2017-07-17",
    "2017-05-11 14:40",
    "2017-04-22 17:47:55",
    "11 June 2017 11:00:00",
    "+1 day",
    "+1 week",
    "+1 week 2 days 4 hours 2 seconds",
    "next Thursday",
    "last Monday",
    " 1 day",
)

#: PHP reads these, all by ignoring a part of them, and we refuse them: what is ignored may be what was meant.
IGNORED_BY_PHP = ("UTC+2", "+1 dayz x", "a week", "+1 foo", "10:00 EST CET", "+1 dya")

#: Where the strtotime package is not PHP 8.2. It sets the time of day to 00:00 where a weekday with a number keeps it,
#: and takes the plural of a weekday for the singular and a time zone;
PACKAGE_DIFFERS_WITH = re.compile(
    r"[0-9] ?(sun|mon|tue|wed|thu|fri|sat|weekday)|(sun|mon|tues|wednes|thurs|fri|satur)days"
)
#: it has no seconds in offsets, no fractions of timestamps, no bare T10, takes 'weekday' for the next working day, and
#: of a time that comes twice in a zone that is named the second.
PACKAGE_DIFFERS = {"+02:00:30", "@1.5", "T10", "weekday", "weekdays", "2026-10-25 03:30 Europe/Athens"}


def _seconds(phrase: str, now: int, zone: str) -> int | None:
    try:
        return parse(phrase, now * 1000, ZoneInfo(zone)) // 1000
    except PhraseError:
        return None


def _at(*fields: int, zone: ZoneInfo = ATHENS) -> int:
    return int(datetime(*fields, tzinfo=zone).timestamp()) * 1000


def test_what_was_recorded_is_enough():
    assert len(RECORDED) >= 1100
    assert len(PHRASES) >= 600
    assert set(ISMS) <= set(PHRASES)
    assert sum(row[3] is None for row in RECORDED) >= 40


def test_every_recorded_phrase_means_what_php_says():
    wrong = [(row, found) for row in RECORDED if (found := _seconds(*row[:3])) != row[3]]
    assert wrong == []


@pytest.mark.parametrize("phrase", IGNORED_BY_PHP)
def test_what_php_ignores_is_refused(phrase):
    with pytest.raises(PhraseError):
        parse(phrase, NOW * 1000, ATHENS)


def test_package_agrees():
    package = pytest.importorskip("strtotime", reason="the strtotime package exists for Python 3.11 only")

    def theirs(phrase: str, now: int) -> int | None:
        try:
            return int(package.strtotime(phrase, now))
        except ValueError:
            return None

    # It knows no zone but UTC.
    for now in (NOW, 1709164800, 1801382400):
        wrong = {p for p in PHRASES if _seconds(p, now, "UTC") != theirs(p, now)}
        assert {p for p in wrong if not PACKAGE_DIFFERS_WITH.search(p)} <= PACKAGE_DIFFERS


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("tomorow", "'tomorow' is no word"),
        ("2026-12-24 25:61", "25:61"),
        ("next thursday at 10", "at"),
        ("αύριο", "αύριο"),
        ("10:00 11:00", "'11:00' is a second time of day"),
        ("2026-01-01 2026-01-02", "'2026-01-02' is a second date"),
        ("10:00 EST CET", "'CET' is a second time zone"),
        ("", "empty"),
        ("+99999999999 years", "outside the years"),
        ("+9999999999999 weekdays", "outside the years"),
        ("+9999999999999 sec", "outside the years"),
        ("@99999999999999999999", "outside the years"),
        ("10:00 Europe/Atlantis", "Europe/Atlantis"),
        ("x" * (LONGEST + 1), f"at most {LONGEST}"),
    ],
)
def test_errors_name_what_is_wrong(phrase, named):
    with pytest.raises(PhraseError) as caught:
        parse(phrase, NOW * 1000, ATHENS)
    assert named in str(caught.value)


def test_a_plus_lost_in_a_query_string():
    assert parse(" 1 day", NOW * 1000, ATHENS) == parse("+1 day", NOW * 1000, ATHENS) == (NOW + 86400) * 1000


def test_milliseconds_of_now_are_dropped():
    assert parse("+1 day", NOW * 1000 + 987, ATHENS) == (NOW + 86400) * 1000


def test_a_date_that_has_passed_means_now():
    now = NOW * 1000 + 123
    assert due("last Monday", now, ATHENS) == now
    assert due("2017-07-17", now, ATHENS) == now
    assert due("now", now, ATHENS) == now
    assert due("next Thursday", now, ATHENS) == _at(2026, 9, 24)


def test_times_are_those_of_the_zone():
    assert parse("tomorrow 10:00", NOW * 1000, ATHENS) == _at(2026, 9, 22, 10)
    assert parse("tomorrow 10:00", NOW * 1000, UTC) == _at(2026, 9, 22, 10, zone=UTC)
    assert parse("2026-09-22 10:00 Europe/Athens", NOW * 1000, UTC) == _at(2026, 9, 22, 10)
    assert parse("2026-09-22 10:00 +03:00", NOW * 1000, UTC) == _at(2026, 9, 22, 10)


def test_a_day_across_a_change_of_clocks_keeps_the_time_of_day():
    evening = _at(2026, 3, 28, 23, 30)
    assert parse("+1 day", evening, ATHENS) == _at(2026, 3, 29, 23, 30) == evening + 23 * 3_600_000
    assert parse("2026-03-29 03:30", evening, ATHENS) == _at(2026, 3, 29, 4, 30)  # clocks skip that half past three


@given(st.text(max_size=60), st.integers(0, 4_000_000_000))
def test_any_text_is_a_time_or_an_error_of_ours(text, now):
    try:
        assert parse(text, now * 1000, ATHENS) % 1000 == 0
    except PhraseError as error:
        assert str(error)


@given(st.lists(st.sampled_from(PHRASES), min_size=2, max_size=4).map(" ".join))
def test_phrases_put_together_are_a_time_or_an_error_of_ours(text):
    try:
        parse(text, NOW * 1000, ATHENS)
    except PhraseError as error:
        assert str(error)
