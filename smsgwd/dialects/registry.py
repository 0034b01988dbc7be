"""The dialects there are, by name.

Each is imported when it is made, at the start or at the first push in its style: all of them are 1.5 MB of code, and a
gateway serves one or two, if any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from smsgwd.dialects.dialect import Dialect, Options


def _ardary(options: Options) -> Dialect:
    from smsgwd.dialects.ardary import Ardary

    return Ardary(options)


def _isms(options: Options) -> Dialect:
    from smsgwd.dialects.isms import Isms

    return Isms(options)


def _jasmin(options: Options) -> Dialect:
    from smsgwd.dialects.jasmin import Jasmin

    return Jasmin(options)


def _kannel(options: Options) -> Dialect:
    from smsgwd.dialects.kannel import Kannel

    return Kannel(options)


def _smsadvert(options: Options) -> Dialect:
    from smsgwd.dialects.smsadvert import SmsAdvert

    return SmsAdvert(options)


def _smspresto(options: Options) -> Dialect:
    from smsgwd.dialects.smspresto import SmsPresto

    return SmsPresto(options)


def _smsclub(options: Options) -> Dialect:
    from smsgwd.dialects.smsclub import SmsClub

    return SmsClub(options)


#: How each is made.
DIALECTS: Final[Mapping[str, Callable[[Options], Dialect]]] = {
    "ardary": _ardary,
    "isms": _isms,
    "jasmin": _jasmin,
    "kannel": _kannel,
    "smsadvert": _smsadvert,
    "smspresto": _smspresto,
    "smsclub": _smsclub,
}
