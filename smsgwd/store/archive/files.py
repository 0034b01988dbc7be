"""The archive of one node: a file a day, in a directory of its own. An id tells the day it was made on: so its file.

Whatever is called here blocks, and raises sqlite3.Error or OSError.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import msgspec

from smsgwd.model.ids import first_id_at, time_of
from smsgwd.store.archive.day import Day
from smsgwd.store.archive.forget import forgotten
from smsgwd.store.archive.row import ArchivedRow

_DAY_MS: Final = 86_400_000
_BEGIN: Final = date(1970, 1, 1)
_OPEN: Final = 16  # files open at once
_SLACK_MS: Final = 60_000  # between a message's time and its id's, as clocks are set
_LOOKED_AT: Final = 2000  # rows in a step of a walk


class Size(msgspec.Struct, frozen=True):
    """What the archive takes."""

    files: int
    bytes: int


class ArchiveFiles:
    """All files. One thread at a time uses it; `highest` may be read from any."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.highest = 0  #: the highest id in it
        self._days: list[int] = []  # that there are files of, ascending
        self._open: OrderedDict[int, Day] = OrderedDict()

    def open(self) -> int:
        """Make the directory, look what is there; the highest id in it, 0 for none."""
        if not self.directory.is_dir():
            self.directory.mkdir(mode=0o750, parents=True)
            _synced(self.directory.parent)
        self._days = sorted(day for path in self.directory.iterdir() if (day := _day_of(path)) is not None)
        for day in reversed(self._days):
            try:
                highest = self._day(day).highest()
            except sqlite3.Error:  # reads and checks tell of it; what it may have is looked for there
                self.highest = max(self.highest, first_id_at((day + 1) * _DAY_MS))
                continue
            self.highest = max(self.highest, highest)
            if highest:
                return highest
        return 0

    def close(self) -> None:
        """Nothing is asked any more."""
        while self._open:
            self._open.popitem()[1].close()

    # -- writing ---------------------------------------------------------------------------------------------------

    def put(self, rows: Sequence[ArchivedRow]) -> None:
        """Keep rows, in the place of those with their ids; they are on the disk when it returns."""
        by_day: dict[int, list[ArchivedRow]] = defaultdict(list)
        for row in rows:
            by_day[_made_on(row.id)].append(row)
        for day, own in sorted(by_day.items()):
            self._day(day, new=True).put(own)
            self.highest = max(self.highest, *(row.id for row in own))

    def blank(self, tenant: str, before: int, limit: int) -> int:
        """Empty texts of a tenant's messages submitted before then (ms), about `limit` at most; how many."""
        count = 0
        for day in self._until(_day(before + _SLACK_MS)):
            count += self._day(day).blank(tenant, before, limit - count)
            if count >= limit:
                break
        return count

    def drop(self, before: int) -> int:
        """Delete the files of days of which every message was submitted before then (ms); how many messages went."""
        count = 0
        for day in [day for day in self._days if (day + 1) * _DAY_MS + _SLACK_MS <= before]:
            count += self._day(day).count()
            self._open.pop(day).close()
            _path(self.directory, day).unlink()
            self._days.remove(day)
        if count:
            _synced(self.directory)
        return count

    def forget(self, msisdn: str, after: int) -> tuple[int, int | None]:
        """Remove what tells of a number (digits) from the next messages behind the id `after`: how many were changed,
        and the id to go on behind (None = that were all)."""
        for day in [day for day in self._days if after < 0 or day >= _made_on(after)]:
            rows = self._day(day).behind(after, _LOOKED_AT)
            changed = [found for row in rows if (found := forgotten(row, msisdn)) is not None]
            if changed:
                self._day(day).put(changed)
            if rows:
                return len(changed), rows[-1].id
        return 0, None

    # -- reading ---------------------------------------------------------------------------------------------------

    def rows(self, ids: Iterable[int]) -> list[ArchivedRow]:
        """Those of these messages that are here, by id."""
        by_day: dict[int, list[int]] = defaultdict(list)
        for number in ids:
            by_day[_made_on(number)].append(number)
        return [row for day in sorted(by_day.keys() & {*self._days}) for row in self._day(day).rows(by_day[day])]

    def ids(self, tenant: str, low: int, high: int, limit: int, newest: bool) -> list[int]:
        """Ids of a tenant's messages ('' = of all) from `low` to below `high`, ascending or `newest` first, `limit` at
        most."""
        found: list[int] = []
        first, last = _made_on(low), _made_on(high)
        days = [day for day in self._days if first <= day <= last]
        for day in reversed(days) if newest else days:
            found += self._day(day).ids(tenant, low, high, limit - len(found), newest)
            if len(found) >= limit:
                break
        return found

    def called(self, keys: Sequence[str], low: int, high: int) -> list[int]:
        """Ids from `low` to below `high` of messages that an SMSC gave one of these ids."""
        first, last = _made_on(low), _made_on(high)
        found = [number for day in self._days if first <= day <= last for number in self._day(day).called(keys)]
        return [number for number in found if low <= number < high]

    def first_number(self, tenant: str, from_ms: int) -> int | None:
        """The number, in its tenant's history, of the first message submitted at `from_ms` or later; None for none."""
        found: list[int] = []
        for day in self._from(_day(from_ms - _SLACK_MS)):
            number = self._day(day).first_number(tenant, from_ms)
            if number is not None:
                found.append(number)
                if len(found) == 2:  # neighbours of midnight need not stand in the order of their times
                    break
        return min(found, default=None)

    def numbered(self, tenant: str, from_ms: int, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
        """Numbers in a tenant's history from `start` to below `stop`, with their ids, ascending, `limit` at most; only
        messages made about `from_ms` or later are looked at."""
        found: list[tuple[int, int]] = []
        last = None
        for day in self._from(_day(from_ms - _SLACK_MS)):
            found += self._day(day).numbered(tenant, start, stop, limit)
            if last is None and len(found) >= limit:
                last = day + 1  # midnight, as above
            elif last is not None and day >= last:
                break
        return sorted(found)[:limit]

    def check(self) -> list[str]:
        """What is wrong with files, in words."""
        problems: list[str] = []
        for day in self._days:
            try:
                wrong = self._day(day).check()
            except (sqlite3.Error, OSError) as error:
                wrong = str(error)
            if wrong:
                problems.append(f"archive: {_path(self.directory, day)}: {wrong}")
        return problems

    def size(self) -> Size:
        """What it takes on the disk."""
        return Size(len(self._days), sum(_path(self.directory, day).stat().st_size for day in self._days))

    def _from(self, day: int) -> Iterator[int]:
        return (each for each in self._days if each >= day)

    def _until(self, day: int) -> list[int]:
        return [each for each in self._days if each <= day]

    def _day(self, day: int, *, new: bool = False) -> Day:
        """The file of a day, open."""
        found = self._open.get(day)
        if found is None:
            path = _path(self.directory, day)
            if not new and not path.exists():
                raise FileNotFoundError(f"{path} was there and is not any more")
            found = self._open[day] = Day(path)
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)[1].close()
            if day not in self._days:
                _synced(self.directory)
                self._days = sorted((*self._days, day))
        self._open.move_to_end(day)
        return found


def _made_on(any_id: int) -> int:
    return _day(time_of(any_id))


def _day(ms: int) -> int:
    return ms // _DAY_MS


def _path(directory: Path, day: int) -> Path:
    return directory / f"{_BEGIN + timedelta(days=day)}.db"


def _day_of(path: Path) -> int | None:
    """The day of a file; None where it is none of ours."""
    try:
        return (date.fromisoformat(path.stem) - _BEGIN).days if path.suffix == ".db" else None
    except ValueError:
        return None


def _synced(directory: Path) -> None:
    """What is in a directory is on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
