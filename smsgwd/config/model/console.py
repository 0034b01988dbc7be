"""Section `console`: pages for people, and the first of them who may log in."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import SecretStr

from smsgwd.config.option import Section, option

#: What an operator may be called: it stands in the audit and in the store.
OPERATOR_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"


class ConsoleAccount(Section):
    """An operator who is made at a start or reload when the store has none of that name."""

    name: str = option("Name to log in with.", pattern=OPERATOR_NAME, example="alice")
    role: Literal["read", "operate", "admin"] = option("What the operator may do (docs/security.md).", default="read")
    secret: SecretStr = option("The first password.", min_length=1, max_length=1024, example="correct-horse-battery")


class Console(Section):
    """Pages for people under `/ui/` (docs/console.md)."""

    enabled: bool = option(
        "Operators' pages on the `ops` listener. Nobody can log in before there is an operator.", default=True
    )
    tenants: bool = option("Tenants' pages on the `http` listener.", default=False)
    title: str = option(
        "What the pages are headed with.", default="smsgwd", min_length=1, max_length=60, reloadable=True
    )
    session_h: float = option(
        "Time after which everybody has to log in again.", default=12.0, gt=0, le=720, unit="h", reloadable=True
    )
    idle_min: float = option(
        "Time without a request after which somebody is logged out.",
        default=60.0,
        ge=1,
        le=43_200,
        unit="min",
        reloadable=True,
    )
    accounts: tuple[ConsoleAccount, ...] = option(
        "Operators who are made at a start or reload when the store lacks them.", default=(), reloadable=True
    )
