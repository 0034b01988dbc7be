"""What a date phrase has said so far, and the moment that comes of it.

A phrase names fields (a year, an hour) and moves (a day on, next Thursday). Whatever is not named is taken from now;
then the moves are made on the calendar and the clock on the wall, as in PHP 8.2: one day on is the same time of day
across a change of the clocks, and one hour on is an hour later on the clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

_EPOCH: Final = datetime(1970, 1, 1)  # without zone: local times are reckoned with until the end
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_S: Final = 86_400
_FAR: Final = 10**7  # days; more than the calendar has, so that nothing huge is reckoned with


class PhraseError(ValueError):
    """The text is no date that can be read; the message names the part at fault.

    Within this package it is raised with what is wrong, and the part is put before it.
    """


class Move(msgspec.Struct):
    """How far to go from the fields. `weekdays` are working days, Monday to Friday."""

    micros: int = 0
    seconds: int = 0
    days: int = 0
    months: int = 0
    years: int = 0
    weekdays: int | None = None

    def add(self, unit: str, amount: int) -> None:
        """Go `amount` of a unit (the name of a field but `weekdays`) further."""
        setattr(self, unit, getattr(self, unit) + amount)

    def turn(self) -> None:
        """Go the other way ('ago'), all but parts of a second, as in PHP."""
        self.seconds, self.days = -self.seconds, -self.days
        self.months, self.years = -self.months, -self.years
        if self.weekdays is not None:
            self.weekdays = -self.weekdays


class Fields(msgspec.Struct):
    """The fields named, the moves wanted, the zone said. None = not named."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    micro: int = 0  #: of the second said; now's are dropped
    zone: tzinfo | None = None
    has_date: bool = False
    has_time: bool = False
    move: Move = msgspec.field(default_factory=Move)
    weekday: int | None = None  #: to go to, 0 = Sunday; negative: the one before, by 'ago' (Sunday is -7)
    weekday_mode: int = 0  #: 0 = not today, 1 = today counts, 2 = that day of this ISO week
    edge: str = ""  #: 'first' or 'last' day of the month
    of_month: str = ""  #: 'first': weekday counted from the month's beginning, 'last': from its end

    def set_time(self, hour: int, minute: int = 0, second: int = 0, micro: int = 0) -> None:
        """A time of day. Errors: PhraseError for a second one."""
        if self.has_time:
            raise PhraseError("a second time of day")
        self.has_time = True
        self.hour, self.minute, self.second, self.micro = hour, minute, second, micro

    def set_date(self, year: int | None, month: int | None, day: int | None) -> None:
        """A date; what is None stays as it is. Errors: PhraseError for a second one."""
        if self.has_date:
            raise PhraseError("a second date")
        self.has_date = True
        if year is not None:
            self.year = year
        if month is not None:
            self.month = month
        if day is not None:
            self.day = day

    def set_zone(self, zone: tzinfo) -> None:
        """A time zone. Errors: PhraseError for a second one (PHP ignores it; see docs/scheduling.md)."""
        if self.zone is not None:
            raise PhraseError("a second time zone")
        self.zone = zone

    def at_midnight(self) -> None:
        """The time of day is 00:00 unless one is said after this."""
        self.has_time = False
        self.hour = self.minute = self.second = self.micro = 0

    def go_to_weekday(self, weekday: int, mode: int) -> None:
        """Go to a weekday, see `weekday_mode`."""
        self.weekday, self.weekday_mode = weekday, mode

    def go(self, unit: str, amount: int) -> None:
        """Go so far. Working days replace those said before and 'first monday of', as in PHP."""
        if unit == "weekdays":
            self.move.weekdays, self.of_month = amount, ""
        else:
            self.move.add(unit, amount)

    def turn(self) -> None:
        """All moves so far go the other way ('ago')."""
        self.move.turn()
        if self.weekday is not None:
            self.weekday = -self.weekday or -7

    def moment(self, now_s: int, zone: ZoneInfo) -> int:
        """Seconds since 1970 UTC of the phrase at `now_s`, read in `zone`.

        Errors: PhraseError outside the years 1 to 9999.
        """
        try:
            local = self._local(datetime.fromtimestamp(now_s, zone))
            seconds = _instant(local, self.zone or zone, named=self.zone is not None)
            datetime.fromtimestamp(seconds, zone)
        except (OverflowError, ValueError):
            raise PhraseError("the date is outside the years 1 to 9999") from None
        return seconds

    def _local(self, now: datetime) -> datetime:
        """Local time, without its zone. Errors: OverflowError and ValueError outside the calendar."""
        if self.has_date and not self.has_time:
            self.at_midnight()
        hour = now.hour if self.hour is None else self.hour
        minute = now.minute if self.minute is None else self.minute
        second = now.second if self.second is None else self.second
        year = now.year if self.year is None else self.year
        month = now.month if self.month is None else self.month
        day = now.day if self.day is None else self.day
        move = self.move
        more_days, seconds = divmod(hour * 3600 + minute * 60 + second, _DAY_S)
        year, month, day = self._weekday_from(year, month, day, more_days)
        month, day = self._edge(month, day + _near(move.days))
        moved_days, seconds = divmod(seconds + move.seconds + (self.micro + move.micros) // 1_000_000, _DAY_S)
        at = _ordinal(year + _near(move.years), month, day) + _near(moved_days)
        if move.weekdays is not None:
            at = _working(at, _near(move.weekdays))
        return _EPOCH + timedelta(days=at - _EPOCH_DAY, seconds=seconds)

    def _weekday_from(self, year: int, month: int, day: int, more_days: int) -> tuple[int, int, int]:
        """The date after going to the weekday wanted, and its month after months are moved."""
        months = self.move.months
        if self.of_month:
            month, months, day = month + months + (self.of_month == "last"), 0, 1
        month, day = self._edge(month, day)  # weekdays are counted from there
        at = _ordinal(year, month, day + more_days)
        if self.weekday is not None:
            at += self._to_weekday(at % 7)
        found = date.fromordinal(at)
        return found.year, found.month + _near(months), found.day

    def _edge(self, month: int, day: int) -> tuple[int, int]:
        """Month and day, at the month's first or last day where that is wanted."""
        if self.edge == "first":
            return month, 1
        return (month + 1, 0) if self.edge else (month, day)

    def _to_weekday(self, today: int) -> int:
        """Days from a day whose weekday is `today` (0 = Sunday) to the wanted one."""
        wanted = self.weekday or 0
        if self.weekday_mode == 2:  # weeks begin on Monday: Sunday is their seventh day
            return (wanted or 7) - (today or 7)
        if wanted < 0:
            return -wanted - today - 7
        ahead = wanted - today
        if ahead < 0 or (ahead == 0 and self.weekday_mode == 0 and self.move.days >= 0):
            ahead += 7
        return ahead


def _instant(local: datetime, zone: tzinfo, *, named: bool) -> int:
    """Seconds since 1970 UTC of a local time.

    One that clocks skip is as much later as they skip. One that comes twice is the first where the phrase names the
    zone and in zones west of UTC, else the second: PHP takes the offset of that time in UTC for the zone's.
    """
    first, second = ((local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()) for fold in (0, 1))
    offset = first
    if first > second and not named and local.replace(tzinfo=UTC).astimezone(zone).utcoffset() == second:
        offset = second
    return (local - offset - _EPOCH) // timedelta(seconds=1)


def _near(amount: int) -> int:
    """The amount. Errors: OverflowError where it leads out of the calendar."""
    if not -_FAR < amount < _FAR:
        raise OverflowError
    return amount


def _ordinal(year: int, month: int, day: int) -> int:
    """Ordinal of a day whose month and day may be outside their ranges: they run over. Errors: OverflowError."""
    years, month = divmod(_near(month) - 1, 12)
    return date(year + years, month + 1, 1).toordinal() + _near(day) - 1


def _working(at: int, amount: int) -> int:
    """The working day `amount` after (before) day `at`.

    From a weekend it counts from the Friday before (the Monday after); none from a weekend on is Monday.
    """
    today = at % 7
    if amount > 0:
        back = {6: 1, 0: 2}.get(today, 0)
        at -= back
        today = 5 if back else today
        weeks, rest = divmod(amount, 5)
        return at + weeks * 7 + rest + (2 if today + rest > 5 else 0)
    ahead = {6: 2, 0: 1}.get(today, 0)
    at += ahead
    today = 1 if ahead else today
    weeks, rest = divmod(-amount, 5)
    return at - weeks * 7 - rest - (2 if today - rest < 1 else 0)


def fixed_zone(minutes: int, seconds: int = 0) -> tzinfo:
    """A zone that is so far ahead of UTC. Errors: PhraseError for a day or more."""
    try:
        return timezone(timedelta(minutes=minutes, seconds=seconds))
    except ValueError:
        raise PhraseError("an offset of a day or more") from None
