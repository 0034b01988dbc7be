"""The dialects there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from smsgwd.dialects.ardary import Ardary
from smsgwd.dialects.dialect import Dialect, Options
from smsgwd.dialects.isms import Isms
from smsgwd.dialects.jasmin import Jasmin
from smsgwd.dialects.kannel import Kannel
from smsgwd.dialects.smsadvert import SmsAdvert
from smsgwd.dialects.smsclub import SmsClub
from smsgwd.dialects.smspresto import SmsPresto

#: How each is made.
DIALECTS: Final[Mapping[str, Callable[[Options], Dialect]]] = {
    "ardary": Ardary,
    "isms": Isms,
    "jasmin": Jasmin,
    "kannel": Kannel,
    "smsadvert": SmsAdvert,
    "smspresto": SmsPresto,
    "smsclub": SmsClub,
}
