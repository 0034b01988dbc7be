"""Reading parameters of commands, which come as texts."""

from __future__ import annotations

from smsgwd.admission.numbers import msisdn
from smsgwd.model.refusals import Refused
from smsgwd.ops.registry import CommandError, Params


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
