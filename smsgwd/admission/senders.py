"""Senders: what one may look like (3GPP TS 23.040 s9.1.2.5) and who may use it."""

import re
from collections.abc import Collection

from smsgwd.model.refusals import Refusal, Refused

_NUMERIC = re.compile(r"\+?[0-9]{1,20}\Z", re.ASCII)
_MOST_DIGITS, _MOST_CHARACTERS = 15, 11


def sender_of(
    written: str | None, default: str | None, allowed: Collection[str], approved: Collection[str] = frozenset()
) -> str:
    """The sender to use: the one written, else the tenant's default.

    A number is the same sender with and without '+': SMPP has no such sign, it has a TON. Raises Refused:
    INVALID_SENDER (none, over 15 digits, over 11 characters, a control or non-GSM character) or SENDER_NOT_ALLOWED: it
    is not the default, not among `allowed` ('*' = any, 'Shop*' = all that begin so) and not among `approved`, the
    senders an operator approved by name.
    """
    source = written if written else default
    if not source:
        raise Refused(Refusal.INVALID_SENDER, "a sender is needed: this tenant has no default one")
    checked_sender(source)
    if "*" not in allowed and not (
        source == default
        or known_among(source, allowed)
        or known_among(source, approved)
        or any(each.endswith("*") and source.startswith(each[:-1]) for each in allowed)
    ):
        raise Refused(Refusal.SENDER_NOT_ALLOWED, f"{source!r} is not among this tenant's senders")
    return source


def checked_sender(source: str) -> str:
    """The sender as it is. Raises Refused(INVALID_SENDER) for one that no network takes."""
    if _NUMERIC.match(source):
        if len(source.lstrip("+")) > _MOST_DIGITS:
            raise Refused(Refusal.INVALID_SENDER, f"a numeric sender has {_MOST_DIGITS} digits at most")
    elif len(source) > _MOST_CHARACTERS:
        raise Refused(Refusal.INVALID_SENDER, f"an alphanumeric sender has {_MOST_CHARACTERS} characters at most")
    elif not source.isascii() or not source.isprintable() or not source.strip():
        raise Refused(Refusal.INVALID_SENDER, "an alphanumeric sender has ASCII letters, digits and signs only")
    return source


def is_numeric(source: str) -> bool:
    """True for a sender that is a number or a short code."""
    return _NUMERIC.match(source) is not None


def known_among(source: str, senders: Collection[str]) -> bool:
    """Whether a sender is one of these; a number also when it is written the other way, with or without '+'."""
    if source in senders:
        return True
    if _NUMERIC.match(source) is None:
        return False
    return (source[1:] if source[0] == "+" else "+" + source) in senders
