"""Sections `connectors`, `mo_routes` and `mo`: the ways out, and where subscribers' messages go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.config.option import Section, option
from smsgwd.config.types import FrozenMap, NumberPatterns, Texts, no_entries


class ProviderConnector(Section):
    """An HTTP provider reached through an installed plugin."""

    id: str = option("Name of the connector, unique.", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", example="isms1")
    kind: Literal["provider"] = option("A provider connector.", example="provider")
    provider: str = option("Name of the plugin.", pattern=r"^[a-z][a-z0-9_-]{0,63}$", example="isms")
    channel: Literal["network", "device"] = option(
        "What carries the message: a network, or a phone.", default="network"
    )
    price_list: str | None = option(
        "Stored price list with what this connector costs a part (docs/routing.md); null = not known.",
        default=None,
        min_length=1,
        max_length=64,
        example="carrier-a",
    )
    throughput: float = option("Most message parts a second; 0 = unlimited.", default=0.0, ge=0, le=1e6, unit="parts/s")
    window: int = option("Most requests without an answer.", default=10, ge=1, le=1000, unit="requests")
    unknown_outcome: Literal["resend", "wait", "fail"] = option(
        "A request without an answer: send it again (it may arrive twice), wait for its receipt, or end as unknown.",
        default="resend",
    )
    options: FrozenMap[str, Any] = option(
        "Options of the plugin; it checks them itself.",
        default_factory=no_entries,
        example={"base_url": "https://provider.example/api", "username": "user"},
        repr=False,
    )
    ready_page: int = option(
        "Messages taken from the store's queue into memory at a time.", default=1000, ge=10, le=100000, unit="messages"
    )


Connector = Annotated[SmppConnector | ProviderConnector, Field(discriminator="kind")]


class MoMatch(Section):
    """Which subscribers' messages an MO route takes: all that is given must fit."""

    to: NumberPatterns = option(
        "Number the subscriber wrote to: exact, a prefix such as 54*, `*`, or a list.", default=("*",), example="54*"
    )
    connector: str | None = option("Only what comes from this connector; null = from any.", default=None, min_length=1)
    sender: NumberPatterns = option(
        "Number of the subscriber: exact, a prefix, `*`, or a list.", default=("*",), example="30*", alias="from"
    )
    keyword: Texts = option(
        "First word of the text, or a list of them, in any case; [] = any text.",
        default=(),
        max_length=100,
        example=["WIN"],
    )


class MoRoute(Section):
    """Where subscribers' messages (MO) go; the first that matches is taken. Without one the SMSC is told to wait."""

    match: MoMatch = option("Which messages.", default_factory=MoMatch)
    account: str | None = option(
        "system_id of the SMPP account that gets them.",
        default=None,
        pattern=r"^[!-~]{1,15}$",
        example="demo",
        shown=True,
    )
    webhook: str | None = option("Tenant whose webhook gets them.", default=None, min_length=1)
    callback: str | None = option("Tenant whose `callbacks` URL gets them, in its style.", default=None, min_length=1)

    @model_validator(mode="after")
    def _one(self) -> MoRoute:
        if sum(way is not None for way in (self.account, self.webhook, self.callback)) != 1:
            raise ValueError("needs one of 'account', 'webhook' and 'callback'")
        return self


class Mo(Section):
    """Messages of subscribers (MO)."""

    part_wait_s: float = option(
        "How long the missing parts of a long message are waited for; then what is there goes on, marked.",
        default=600.0,
        ge=1,
        le=86400,
        unit="s",
    )
    stop_words: tuple[str, ...] = option(
        "Texts (in any case) that put their sender on the opt-out list of the tenant that gets the message; [] = none.",
        default=("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT"),
        max_length=100,
    )
    start_words: tuple[str, ...] = option(
        "Texts (in any case) that take their sender off it again.", default=("START", "UNSTOP"), max_length=100
    )

    @model_validator(mode="after")
    def _apart(self) -> Mo:
        both = {word.casefold() for word in self.stop_words} & {word.casefold() for word in self.start_words}
        if both:
            raise ValueError(f"'{sorted(both)[0]}' cannot be in 'stop_words' and in 'start_words'")
        return self
