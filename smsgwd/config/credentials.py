"""Credentials in the tenants file: how a tenant logs in, from where, for what, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, SecretStr, field_validator

from smsgwd.config.option import Section, option
from smsgwd.config.types import Network, Written

_END_MS = 253_402_300_800_000  # the year 10000

Scope = Literal[
    "send",
    "read",
    "contacts",
    "templates",
    "senders",
    "lookups",
    "links",
    "money",
    "bind",
    "callbacks",
    "credentials",
]


def _moment(value: Any) -> int:
    """Milliseconds since 1970 of an RFC 3339 time. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be a time with its offset, such as 2027-01-31T00:00:00Z")
    milliseconds = round(moment.timestamp() * 1000)
    if not 0 <= milliseconds < _END_MS:  # in UTC, where it is shown, there may be no such year
        raise ValueError("must be a time between 1970 and 9999")
    return milliseconds


Moment = Annotated[int, PlainValidator(_moment, json_schema_input_type=str), Written("time, RFC 3339")]


def _expires_at() -> Any:
    return option(
        "From then on it is no credential any more; null = never.", default=None, example="2027-01-31T00:00:00Z"
    )


def _scopes() -> Any:
    return option("What it may be used for; empty = everything.", default=(), example=["send", "read"])


def _allow() -> Any:
    return option("Networks it may be used from; empty = any.", default=(), example=["192.0.2.0/24"])


def _label() -> Any:
    return option("What its owner calls it.", default="", max_length=100, example="web shop")


class PasswordCredential(Section):
    """HTTP Basic, and the user name and password of dialects."""

    kind: Literal["password"] = option("A user name and password.", example="password")
    username: str = option("User name, unique.", pattern=r"^[^\s:\x00-\x1f\x7f]{1,128}$", example="demo")
    secret: SecretStr = option("The password.", min_length=1, max_length=1024, example="demo")
    expires_at: Moment | None = _expires_at()
    scopes: tuple[Scope, ...] = _scopes()
    allow: tuple[Network, ...] = _allow()
    label: str = _label()


class TokenCredential(Section):
    """HTTP Bearer."""

    kind: Literal["token"] = option("A bearer token.", example="token")
    secret: SecretStr = option("The token, unique.", min_length=8, max_length=1024, example="demo-token")
    expires_at: Moment | None = _expires_at()
    scopes: tuple[Scope, ...] = _scopes()
    allow: tuple[Network, ...] = _allow()
    label: str = _label()

    @field_validator("secret")
    @classmethod
    def _in_a_header(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.isascii() or any(not 32 < ord(char) < 127 for char in text):
            raise ValueError("must be plain ASCII without spaces: it travels in a header")
        return value


class SmppCredential(Section):
    """A system_id that may bind."""

    kind: Literal["smpp"] = option("An SMPP account.", example="smpp")
    system_id: str = option("system_id, unique.", pattern=r"^[!-~]{1,15}$", example="demo")
    secret: SecretStr = option(
        "The bind password: at most 8 characters (SMPP 3.4 s4.1.1).", min_length=1, max_length=8, example="demo"
    )
    max_binds: int = option("Most binds at a time.", default=8, ge=1, le=1000)
    window: int = option(
        "Most deliver_sm without an answer on one bind; 0 = the listener's.", default=0, ge=0, le=10_000, unit="PDUs"
    )
    throughput: float = option(
        "Most parts a second of this account alone; 0 = only the tenant's limit.",
        default=0.0,
        ge=0,
        le=1e6,
        unit="parts/s",
    )
    alphabet: Literal["gsm", "latin1", "ascii", "utf-8"] = option(
        "What this account takes data_coding 0 to be.", default="gsm"
    )
    receipts_by: Literal["deliver_sm", "data_sm"] = option("PDU that carries its receipts.", default="deliver_sm")
    outbind: str | None = option(
        "host:port that we call with an outbind when something waits and nothing is bound; null = never.",
        default=None,
        pattern=r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$",
        example="esme.example:2775",
    )
    outbind_password: SecretStr | None = option("Password of our outbind.", default=None, max_length=8)
    expires_at: Moment | None = _expires_at()
    scopes: tuple[Scope, ...] = _scopes()
    allow: tuple[Network, ...] = _allow()
    label: str = _label()

    @field_validator("secret")
    @classmethod
    def _c_octet(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.isascii() or any(ord(char) < 32 for char in text):
            raise ValueError("must be plain ASCII (a C-octet string in SMPP)")
        return value


Credential = Annotated[PasswordCredential | TokenCredential | SmppCredential, Field(discriminator="kind")]
