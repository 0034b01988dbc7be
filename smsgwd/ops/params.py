"""Reading parameters of commands, which come as texts."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred

from smsgwd.admission.numbers import msisdn
from smsgwd.model.money import parse_money
from smsgwd.model.refusals import Refused
from smsgwd.model.rows_csv import TableError
from smsgwd.ops.registry import CommandError, Params
from smsgwd.ports.store import StoreUnavailable
from smsgwd.timespec import Rfc3339Error, parse_rfc3339, to_epoch_ms

T = TypeVar("T")
_PLUS: Final = re.compile(r"\A\+(?=[0-9])", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def flag(params: Params, name: str) -> bool:
    """True for yes; False for no and where it is not given. CommandError for anything else."""
    written = params.get(name, "no")
    if written not in ("yes", "no"):
        raise CommandError(f"{name} must be yes or no")
    return written == "yes"


def whole_number(params: Params, name: str, default: int, most: int = (1 << 63) - 1) -> int:
    """A number from 0 to `most`; CommandError for anything else."""
    written = params.get(name, str(default))
    if not (written.isascii() and written.isdigit() and len(written) < 20) or int(written) > most:
        raise CommandError(f"{name} must be a number from 0 to {most}")
    return int(written)


def phone_digits(params: Params, name: str, region: str | None = None) -> str:
    """The digits of a phone number as people write it, in a country where that is given; CommandError for what is
    none."""
    try:
        return msisdn(params[name], region)
    except Refused as refused:
        raise CommandError(f"{name}: {refused.detail}") from None


def moment(params: Params, name: str) -> int | None:
    """An RFC 3339 time, or a date (its midnight in UTC), as milliseconds since 1970; None where it is not given.
    CommandError for anything else."""
    written = params.get(name)
    if written is None:
        return None
    try:
        return to_epoch_ms(parse_rfc3339(with_midnight(written)))
    except Rfc3339Error as error:
        raise CommandError(f"{name}: {error}, nor a date like 2026-11-21 (0:00 UTC)") from None


def with_midnight(written: str) -> str:
    """A date alone is the time it begins at, in UTC; anything else is left as it is."""
    return f"{written}T00:00:00Z" if _DATE.fullmatch(written) is not None else written


def amount(params: Params, name: str) -> int:
    """Micro-units of a decimal such as 10.50, -1 or +1; CommandError for anything else."""
    try:
        return parse_money(_PLUS.sub("", params[name]))
    except ValueError as error:
        raise CommandError(f"{name}: {error}") from None


def not_a_table(text: str, error: TableError) -> CommandError:
    """What is wrong with a CSV parameter; a single line is more likely the name of a file."""
    hint = "" if "\n" in text.strip() else "; csv=@FILE reads a file"
    return CommandError(f"csv: {error}{hint}")


def word(params: Params, name: str, allowed: Sequence[str], default: str = "") -> str:
    """One of some words; CommandError naming them for another."""
    written = params.get(name, default)
    if written not in allowed:
        raise CommandError(f"{name} must be one of {', '.join(allowed)}")
    return written


def carried_out(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    """The answer of a command that asks the gateway: refusals and a store that is away are told to the operator."""
    return Deferred.fromCoroutine(_told(work))


async def _told(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except Refused as refused:
        raise CommandError(refused.detail) from None
    except StoreUnavailable as error:
        raise CommandError(f"the store cannot be used: {error}") from None
