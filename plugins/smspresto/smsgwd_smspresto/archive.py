"""The history (`list-archive`): its rows, and where in a day's pages a time stands.

An offset counts from the beginning of the days that are asked for, so each day is asked for by itself. Rows only ever
come behind those that are there, so what offset a page begins at goes on to be right.
"""

from __future__ import annotations

import html
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from smsgwd.providers import Halt, Host, Reply, Request, Unknown, by_status
from smsgwd_smspresto.errors import bad_code, decoded, status_of, whole
from smsgwd_smspresto.options import SmsPrestoOptions

_SMALLEST_CAP: Final = 50  #: the page asks for so many: a provider gives at least that
_MOST_DAYS: Final = 40


class Row(msgspec.Struct, frozen=True, gc=False):
    """A message in the history."""

    number: int  #: IDHISTORIQUE, ascending
    to: str  #: digits
    text: str  #: as `plain` makes it
    status: str  #: '0' waiting, '1' sent or delivered, '2' failed
    early_ms: int  #: when it was made; where clocks were put back, the earlier
    late_ms: int  #: and the later of the two times that it may be
    done_ms: int | None  #: when it was sent on

    def apart_ms(self, at: int) -> int:
        """How far its time is from `at`."""
        return min(abs(at - self.early_ms), abs(at - self.late_ms))

    @property
    def key(self) -> tuple[str, str]:
        """What it is recognised by."""
        return self.to, self.text


class Archive:
    """Reads pages; remembers where in each day they begin."""

    def __init__(self, options: SmsPrestoOptions, host: Host) -> None:
        self._options = options
        self._host = host
        self._zone = ZoneInfo(options.time_zone)
        self._marks: OrderedDict[date, dict[int, int]] = OrderedDict()  # day → offset → latest time of the row there

    def day_of(self, at: int) -> date:
        """The day in which a time falls, by the provider's clocks."""
        return datetime.fromtimestamp(at / 1000, self._zone).date()

    def start(self, day: date, since: int) -> int:
        """An offset in a day before which there is nothing that is younger than `since`."""
        marks = sorted((at, offset) for offset, at in self._marks.get(day, {}).items())
        which = bisect_right(marks, (since, -1)) - 1
        return marks[which][1] if which >= 0 else 0

    async def page(self, day: date, offset: int) -> tuple[list[Row], int, bool]:
        """Rows of a day from an offset, the next offset, and whether there may be more. Raises Halt, NotSent,
        NoAnswer."""
        asked = self._options.page_rows
        fields = {
            "dateFrom": day.isoformat(),
            "dateTo": day.isoformat(),
            "from": str(offset),
            "to": str(offset + asked),
        }
        reply = await self._host.request(account(self._options, "list-archive", fields))
        said = decoded(reply)
        if said is None and reply.status == 200 and reply.body.strip() in (b"", b"null"):
            said = []  # nothing, as some write it
        if not isinstance(said, list):
            raise Halt(trouble(reply))
        found = [row for row in map(self._row, said) if row is not None]
        if found and len(found) == len(said):
            marks = self._marks.setdefault(day, {})
            marks[offset] = found[0].late_ms
            self._marks.move_to_end(day)
            while len(self._marks) > _MOST_DAYS:
                self._marks.popitem(last=False)
        return found, offset + len(said), len(said) >= min(asked, _SMALLEST_CAP)

    def _row(self, said: Any) -> Row | None:
        if not isinstance(said, dict):
            return None
        number = whole(said.get("IDHISTORIQUE"))
        made = self._times(said, "HIS_DATEHEURECREA") or self._times(said, "IDDATEHEURE")
        if number is None or made is None:
            return None
        done = self._times(said, "HIS_DATEHEUREENVOI")
        return Row(
            number,
            digits(str(said.get("HIS_DESTINATAIRE", ""))),
            plain(str(said.get("HIS_MESSAGE", ""))),
            str(said.get("HIS_STATUT", "")).strip(),
            made[0],
            made[1],
            None if done is None else done[0],
        )

    def _times(self, said: Mapping[str, Any], name: str) -> tuple[int, int] | None:
        """A local time as ms since 1970, twice where clocks were put back then."""
        try:
            moment = datetime.fromisoformat(str(said.get(name, "")).strip())
            if moment.tzinfo is not None:
                return None
            first = int(moment.replace(tzinfo=self._zone).timestamp() * 1000)
            second = int(moment.replace(tzinfo=self._zone, fold=1).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
        return min(first, second), max(first, second)


def account(options: SmsPrestoOptions, action: str, fields: Mapping[str, str] = {}) -> Request:
    """A question about the account; by POST, so that no log of addresses has the credentials."""
    who = {"user": options.api_key.get_secret_value(), "pass": options.api_pass.get_secret_value()}
    return Request.form(options.base_url, {"action": action, **who, **fields})


def trouble(reply: Reply) -> Any:
    """What an answer says that is not what was asked for."""
    said = decoded(reply)
    code = status_of(said)
    if code and isinstance(said, dict):
        return bad_code(code, said)
    return by_status(reply) or Unknown("answered with what cannot be understood")


def digits(written: str) -> str:
    """A number's digits, country code first."""
    return "".join(each for each in written if each in "0123456789").removeprefix("00")


def plain(text: str) -> str:
    """A text as it is compared: histories escape letters, and change line ends and blanks at the edges."""
    return "\n".join(html.unescape(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
