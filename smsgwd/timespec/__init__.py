"""Times as texts: SMPP's two forms, RFC 3339, and dates as people write them.

Pure functions; the zone and `now` are passed in, no clock is read.

Lives here: parsing and composing of time texts. Does not: what a time is for (schedules: `schedule`, validity:
`admission`, dates in receipts: `smpp`).

To change X, edit Y:

- schedule_delivery_time and validity_period of SMPP: `smpp_time`
- times of the HTTP APIs and of pushes: `rfc3339`
- phrases such as `next Thursday 10:00`: how one is read, `strtotime`; dates, times and zones, `strtotime_absolute`;
  moves, `strtotime_relative`; the words, `strtotime_words`; what comes of it all, `strtotime_fields`
"""

from smsgwd.timespec.rfc3339 import Rfc3339Error, format_epoch_ms, format_utc, parse_rfc3339, to_epoch_ms
from smsgwd.timespec.smpp_time import SmppTimeError, compose_absolute, compose_relative, parse_smpp_time
from smsgwd.timespec.strtotime import PhraseError, due, parse

__all__ = [
    "PhraseError",
    "Rfc3339Error",
    "SmppTimeError",
    "compose_absolute",
    "compose_relative",
    "due",
    "format_epoch_ms",
    "format_utc",
    "parse",
    "parse_rfc3339",
    "parse_smpp_time",
    "to_epoch_ms",
]
