"""Reading parameters of commands, which come as texts."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from smsgwd.admission.numbers import msisdn
from smsgwd.model.money import parse_money
from smsgwd.model.refusals import Refused
from smsgwd.ops.registry import CommandError, Params
from smsgwd.ports.store import StoreUnavailable
from smsgwd.timespec import Rfc3339Error, parse_rfc3339, to_epoch_ms

T = TypeVar("T")


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


def phone_digits(params: Params, name: str) -> str:
    """The digits of a phone number as people write it; CommandError for what is none."""
    try:
        return msisdn(params[name])
    except Refused as refused:
        raise CommandError(f"{name}: {refused.detail}") from None


def moment(params: Params, name: str) -> int | None:
    """An RFC 3339 time as milliseconds since 1970; None where it is not given. CommandError for anything else."""
    written = params.get(name)
    if written is None:
        return None
    try:
        return to_epoch_ms(parse_rfc3339(written))
    except Rfc3339Error as error:
        raise CommandError(f"{name}: {error}") from None


def amount(params: Params, name: str) -> int:
    """Micro-units of a decimal such as 10.50; CommandError for anything else."""
    try:
        return parse_money(params[name])
    except ValueError as error:
        raise CommandError(f"{name}: {error}") from None


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
