"""The tenants file: who may send, with what credentials, at what price. Money is micro-units once loaded."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import SecretStr, ValidationInfo, field_validator

from smsgwd.config.credentials import Credential
from smsgwd.config.option import Section, option
from smsgwd.config.policy import Content, Destination, FinalState, Flood, Quiet, Region, TimeZone
from smsgwd.config.tenant_dialects import TenantDialects
from smsgwd.config.types import FrozenMap, HttpUrl, Money, Network, Price, SenderPattern, no_entries

_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


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
    """Where Ardary's callbacks go, and messages of subscribers whose route says so."""

    style: Literal["native", "ardary"] = option(
        "Style of what goes there; with ardary, events such as clicks go there, too (docs/dialects/ardary.md).",
        default="native",
    )
    url: HttpUrl | None = option(
        "Target of the callbacks; null = none.", default=None, example="https://shop.example/dlr"
    )


class Tenant(Section):
    """One customer: credit, prices, senders, credentials."""

    id: str = option("Name of the tenant, unique.", pattern=_ID, example="demo")
    parent: str | None = option(
        "Its reseller: what it spends its parent pays too, by the parent's own prices.",
        default=None,
        pattern=_ID,
        example="reseller",
    )
    enabled: bool = option("False: nobody may log in as it, or as a tenant below it.", default=True)
    credit: Money | None = option(
        "Prepaid credit at creation; left out = postpaid.", default=None, unit="currency", example="1000.0000"
    )
    credit_limit: Money | None = option(
        "How far below nothing its balance may fall; null = prepaid not at all, postpaid without limit.",
        default=None,
        unit="currency",
        example="500.0000",
    )
    currency: str = option("ISO 4217 code.", default="EUR", pattern=r"^[A-Z]{3}$")
    price: Price = option("Price of a part.", default=0, unit="currency a part", example="0.0400")
    prices: FrozenMap[str, Price] = option(
        "Prices of a part by destination prefix; the longest prefix that fits is taken, else `price`.",
        default_factory=no_entries,
        unit="currency a part",
        example={"30": "0.0350", "4479": "0.0500"},
    )
    price_list: str | None = option(
        "A price list (docs/pricing.md); of its rates and `prices` the longest prefix counts.",
        default=None,
        pattern=_ID,
        example="wholesale",
    )
    lookup_price: Price = option("Price of a number looked up.", default=0, unit="currency a number", example="0.0050")
    refunds: tuple[FinalState, ...] = option(
        "Final states that cost nothing although the message was sent; what was never sent never does.",
        default=(),
        example=["undelivered", "expired"],
    )
    time_zone: TimeZone = option("Zone of the tenant's dates and times.", default="UTC", example="Europe/Athens")
    senders: tuple[SenderPattern, ...] = option(
        "Sender ids the tenant may use; `*` = any, empty = only approved ones and the default.",
        default=("*",),
        example=["*"],
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
    callbacks: Callbacks = option("Ardary's callbacks.", default_factory=Callbacks)
    dialects: TenantDialects | None = option("How provider APIs treat it; null = as everybody.", default=None)
    language: str = option(
        "Language of texts that the gateway writes to it.", default="en", pattern=r"^[a-z]{2}$", example="el"
    )
    region: Region | None = option(
        "National numbers are read as this country's; null = numbers are international.",
        default=None,
        pattern=r"^[A-Z]{2}$",
        example="GR",
    )
    strict_numbers: bool = option("Take only numbers that today's numbering plans have.", default=False)
    destinations: tuple[Destination, ...] = option(
        "Prefixes or countries it may send to; empty = all.", default=(), example=["GR", "357"]
    )
    barred: tuple[Destination, ...] = option(
        "Prefixes or countries it may not send to; the longest prefix that fits counts.", default=(), example=["3090"]
    )
    test_numbers: FrozenMap[str, FinalState] = option(
        "Numbers that nothing is ever sent to: messages are taken, cost nothing, and end in this state.",
        default_factory=no_entries,
        example={"306900000001": "delivered"},
    )
    content: Content | None = option("What its texts may be; null = anything.", default=None)
    quiet: Quiet | None = option("When its recipients are left alone; null = never.", default=None)
    duplicate_s: int = option(
        "The same text to the same number within so many seconds is refused; 0 = off.",
        default=0,
        ge=0,
        le=86_400,
        unit="s",
    )
    flood: Flood | None = option("When traffic to one range of numbers is too much; null = never.", default=None)
    link_days: int = option("How long its short links work; 0 = for good.", default=90, ge=0, le=3650, unit="days")
    device_fallback: bool = option(
        "What is asked to go by a phone goes by the network where no phone has a route.", default=False
    )
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

    @field_validator("test_numbers")
    @classmethod
    def _numbers(cls, value: Mapping[str, FinalState]) -> Mapping[str, FinalState]:
        numbers: dict[str, FinalState] = {}
        for number, state in value.items():
            digits = number.removeprefix("+")
            if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
                raise ValueError(f"'{number[:30]}' is not a number: country code first, 7 to 15 digits")
            numbers[digits] = state
        return MappingProxyType(numbers)

    @field_validator("parent")
    @classmethod
    def _above(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value == info.data.get("id"):
            raise ValueError("a tenant is not its own parent")
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
