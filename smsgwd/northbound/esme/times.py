"""schedule_delivery_time and validity_period of an ESME (SMPP 3.4 s5.2.15, s5.2.16) as moments and spans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from smsgwd.smpp.status import ESME_RINVEXPIRY, ESME_RINVSCHED
from smsgwd.timespec.smpp_time import SmppTimeError, parse_smpp_time

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Untranslatable(Exception):  # noqa: N818 -- what it says of a PDU, not an error of ours
    """A PDU that can be no message: the command_status to answer, and why (for logs; holds nothing of the message)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def times(schedule: bytes, validity: bytes, now: int, scheduled: int | None = None) -> tuple[int | None, int | None]:
    """When to send (ms since 1970, None = at once) and the seconds of validity counted from then (None = ours).

    `scheduled` stands where there is no schedule. A relative validity begins when the message is to be sent, an
    absolute one is a moment. Raises Untranslatable.
    """
    schedule_at = scheduled
    if schedule:
        try:
            moment = parse_smpp_time(schedule, _moment(now))
        except SmppTimeError as error:
            raise Untranslatable(ESME_RINVSCHED, f"schedule_delivery_time: {error}") from None
        assert moment is not None
        schedule_at = (moment - _START) // _MILLISECOND
    if not validity:
        return schedule_at, None
    start = now if schedule_at is None else max(schedule_at, now)
    try:
        seconds = _fixed(validity)
        if seconds is None:
            until = parse_smpp_time(validity, _moment(start))
            assert until is not None
            seconds = -((_moment(start) - until) // _SECOND)
    except SmppTimeError as error:
        raise Untranslatable(ESME_RINVEXPIRY, f"validity_period: {error}") from None
    if seconds < 1:
        raise Untranslatable(ESME_RINVEXPIRY, "validity_period is over already")
    return schedule_at, seconds


@lru_cache(maxsize=1024)
def _fixed(validity: bytes) -> int | None:
    """Seconds of a relative time without years and months, which is the same whenever it is said; else None."""
    if validity[:4] != b"0000" or validity[15:] != b"R":
        return None
    until = parse_smpp_time(validity, _START)
    assert until is not None
    return (until - _START) // _SECOND


def _moment(ms: int) -> datetime:
    return _START + timedelta(milliseconds=ms)
