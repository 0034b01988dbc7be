"""The tenants file: who may send, with what credentials, at what price. Money is micro-units once loaded."""

from __future__ import annotations

import binascii
import re
import zoneinfo
from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from smsgwd.config.option import Section, option
from smsgwd.config.types import FrozenMap, HttpUrl, Money, Network, SenderPattern, Written, no_entries


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{value[:60]}' is not a time zone such as Europe/Athens") from None
    return value


TimeZone = Annotated[str, AfterValidator(_zone), Written("time zone")]


class Webhook(Section):
    """Where MO messages and other events go."""

    url: HttpUrl | None = option("Target of events; null = none.", default=None, example="https://shop.example/events")
    secret: SecretStr | None = option(
        "Signs every push (Standard Webhooks): `whsec_` and 24-64 bytes in base64; null = made at start.",
        default=None,
        example="whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk=",
    )

    @field_validator("secret")
    @classmethod
    def _signing_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        try:
            size = len(b64decode(text.removeprefix("whsec_"), validate=True)) if text.startswith("whsec_") else 0
        except (binascii.Error, ValueError):
            size = 0
        if not 24 <= size <= 64:
            raise ValueError("must be 'whsec_' followed by 24 to 64 bytes in base64")
        return value


class Callbacks(Section):
    """How receipts of dialect requests are called back."""

    style: Literal["native", "ardary"] = option("Style of the callback.", default="native")
    url: HttpUrl | None = option(
        "Target of the callback; null = none.", default=None, example="https://shop.example/dlr"
    )


class PasswordCredential(Section):
    """HTTP Basic, and the user name and password of dialects."""

    kind: Literal["password"] = option("A user name and password.", example="password")
    username: str = option("User name, unique.", pattern=r"^[^\s:\x00-\x1f\x7f]{1,128}$", example="demo")
    secret: SecretStr = option("The password.", min_length=1, max_length=1024, example="demo")


class TokenCredential(Section):
    """HTTP Bearer."""

    kind: Literal["token"] = option("A bearer token.", example="token")
    secret: SecretStr = option("The token, unique.", min_length=8, max_length=1024, example="demo-token")

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

    @field_validator("secret")
    @classmethod
    def _c_octet(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.isascii() or any(ord(char) < 32 for char in text):
            raise ValueError("must be plain ASCII (a C-octet string in SMPP)")
        return value


Credential = Annotated[PasswordCredential | TokenCredential | SmppCredential, Field(discriminator="kind")]


class Tenant(Section):
    """One customer: credit, prices, senders, credentials."""

    id: str = option("Name of the tenant, unique.", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", example="demo")
    credit: Money | None = option(
        "Prepaid credit at creation; left out = postpaid.", default=None, unit="currency", example="1000.0000"
    )
    currency: str = option("ISO 4217 code.", default="EUR", pattern=r"^[A-Z]{3}$")
    price: Money = option("Price of a part.", default=0, unit="currency a part", example="0.0400")
    prices: FrozenMap[str, Money] = option(
        "Prices of a part by destination prefix; the longest prefix that fits is taken, else `price`.",
        default_factory=no_entries,
        unit="currency a part",
        example={"30": "0.0350", "4479": "0.0500"},
    )
    time_zone: TimeZone = option("Zone of the tenant's dates and times.", default="UTC", example="Europe/Athens")
    senders: tuple[SenderPattern, ...] = option(
        "Sender ids the tenant may use; `*` = any.", default=("*",), min_length=1, example=["*"]
    )
    throughput: float = option("Most parts a second; 0 = unlimited.", default=0.0, ge=0, le=1e6, unit="parts/s")
    allow: tuple[Network, ...] = option(
        "Networks its SMPP binds may come from; empty = any.", default=(), example=["192.0.2.0/24"]
    )
    smpp_errors: FrozenMap[str, int] = option(
        "command_status its ESMEs get for a refusal, where it shall differ from docs/errors.md.",
        default_factory=no_entries,
        example={"no_credit": 1024},
    )
    default_sender: str | None = option(
        "Sender for APIs without one.", default=None, min_length=1, max_length=21, example="iSMS"
    )
    dlr_url: HttpUrl | None = option("Default receipt callback.", default=None, example="https://shop.example/dlr")
    webhook: Webhook = option("MO and other events.", default_factory=Webhook)
    dlr_batch: int = option(
        "Most receipts in one push to a dlr-url; 1 = each alone, with more the body is a list (docs/receipt-push.md).",
        default=1,
        ge=1,
        le=1000,
    )
    texts_d: float | None = option(
        "Days after which the texts of its finished messages are emptied; null = `retention.texts_d`.",
        default=None,
        gt=0,
        le=3650,
        unit="days",
    )
    callbacks: Callbacks = option("Callbacks of dialects.", default_factory=Callbacks)
    credentials: tuple[Credential, ...] = option("How the tenant logs in.", default=())

    @field_validator("smpp_errors")
    @classmethod
    def _errors(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        for code, status in value.items():
            if re.fullmatch("[a-z_]{1,40}", code) is None:
                raise ValueError(f"'{code[:40]}' is no code of docs/errors.md")
            if not 1 <= status <= 0xFFFF_FFFF:
                raise ValueError(f"{status} is no command_status of an error")
        return value

    @field_validator("prices")
    @classmethod
    def _prefixes(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        prices: dict[str, int] = {}
        for prefix, price in value.items():
            digits = prefix.removeprefix("+")
            if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
                raise ValueError(f"'{prefix[:30]}' is not a prefix: digits only, such as 30")
            if digits in prices:
                raise ValueError(f"prefix '{digits}' is given twice")
            prices[digits] = price
        return MappingProxyType(prices)


class TenantsFile(Section):
    """The tenants file."""

    tenants: tuple[Tenant, ...] = option("The tenants.")
