"""The provider's ids as we keep them: 64 characters at most, and told apart by recipient where many share one."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

_LONGEST: Final = 64
_LONGEST_OF_REQUEST: Final = 42  # with "/" and the 15 digits of a number, or more, behind it


def kept_id(found: str, to: str | None = None) -> str:
    """An id for `Accepted.foreign_id` and `Report.foreign_id`; `to` (digits) where many messages share it.

    What is longer than an id may be, or not printable, is kept as its SHA-256: it matches, but cannot be asked for.
    """
    if not found:
        return ""
    longest = _LONGEST if to is None else _LONGEST_OF_REQUEST
    if len(found) > longest or not found.isprintable():
        found = sha256(found.encode("utf-8", "surrogatepass")).hexdigest()[:longest]
    return found if to is None else f"{found}/{digits(to)[:20]}"


def asked_id(foreign_id: str, *, shared: bool) -> str:
    """The provider's own id again; `shared` where `kept_id` was given `to`."""
    return foreign_id.rpartition("/")[0] if shared and "/" in foreign_id else foreign_id


def digits(number: str) -> str:
    """A number's digits, without `+`, `00`, spaces and signs."""
    only = "".join(char for char in number if char.isascii() and char.isdigit())
    return only[2:] if only.startswith("00") else only
