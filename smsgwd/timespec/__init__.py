"""Times as texts: SMPP's two forms and RFC 3339. Pure functions; the zone and `now` are passed in, no clock is read.

Lives here: parsing and composing of time texts. Does not: what a time is for (schedules: `schedule`, validity:
`admission`, dates in receipts: `smpp`).

To change X, edit Y:

- schedule_delivery_time and validity_period of SMPP: `smpp_time`
- times of the HTTP APIs and of pushes: `rfc3339`
"""

from smsgwd.timespec.rfc3339 import Rfc3339Error, format_epoch_ms, format_utc, parse_rfc3339, to_epoch_ms
from smsgwd.timespec.smpp_time import SmppTimeError, compose_absolute, compose_relative, parse_smpp_time

__all__ = [
    "Rfc3339Error",
    "SmppTimeError",
    "compose_absolute",
    "compose_relative",
    "format_epoch_ms",
    "format_utc",
    "parse_rfc3339",
    "parse_smpp_time",
    "to_epoch_ms",
]
