"""Sections `connectors`, `mo_routes` and `mo`: the ways out, and where subscribers' messages go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from smsgwd.config.model.smpp_connector import Retry, SmppConnector
from smsgwd.config.option import Section, option
from smsgwd.config.types import FrozenMap, HttpUrl, Network, NumberPatterns, Texts, no_entries


class ProviderTimers(Section):
    """How long a provider is waited for."""

    connect_s: float = option("Time to connect, TLS included.", default=10.0, gt=0, le=300, unit="s")
    answer_s: float = option(
        "Time to answer one HTTP request, counted from its first octet; then its outcome is unknown.",
        default=30.0,
        gt=0,
        le=600,
        unit="s",
    )
    call_s: float = option(
        "Time for a whole call of the plugin, waiting for its turn not counted; then it is given up.",
        default=60.0,
        gt=0,
        le=3600,
        unit="s",
    )


class ProviderPolling(Section):
    """When states are asked for; null = as the plugin has it."""

    enabled: bool = option("Ask for states at all; false for a provider whose callbacks are enough.", default=True)
    first_s: float | None = option(
        "First question so long after the message was sent.", default=None, ge=0.1, le=86400, unit="s", example=5
    )
    longest_s: float | None = option(
        "Longest time between two questions.", default=None, ge=0.1, le=86400, unit="s", example=600
    )


class ProviderCallbacks(Section):
    """What the provider sends to `/callback/<id>/<token>` (docs/provider-callbacks.md)."""

    enabled: bool = option("Take callbacks, and tell the provider where to.", default=True)
    base_url: HttpUrl | None = option(
        "How the provider reaches us; null = `public_url`.", default=None, example="https://callbacks.example.net"
    )
    allow_from: tuple[Network, ...] = option(
        "Addresses and networks callbacks may come from; [] = any.", default=(), example=["203.0.113.0/24"]
    )


class ProviderConnector(Section):
    """An HTTP provider reached through an installed plugin (docs/providers.md)."""

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
    account_group: str | None = option(
        "Connectors of one account at the provider: they share its limits, and reports of each other's messages;"
        " null = this one alone.",
        default=None,
        min_length=1,
        max_length=128,
        example="isms",
    )
    throughput: float = option("Most message parts a second; 0 = unlimited.", default=0.0, ge=0, le=1e6, unit="parts/s")
    burst: float | None = option(
        "Parts that may go at once after a pause; null = one second's worth.", default=None, ge=1, le=1e6, unit="parts"
    )
    requests_per_s: float | None = option(
        "Most HTTP requests in any second, questions for states included; 0 = no limit, null = as the plugin has it.",
        default=None,
        ge=0,
        le=10000,
        unit="requests/s",
        example=9,
    )
    window: int | None = option(
        "Most groups of messages without an answer; null = as the plugin has it.",
        default=None,
        ge=1,
        le=1000,
        unit="calls",
    )
    group: int | None = option(
        "Most messages a request; null = the most that the plugin can.", default=None, ge=1, le=1000, unit="messages"
    )
    unknown_outcome: Literal["resend", "wait", "fail"] = option(
        "A request without an answer: send it again (it may arrive twice), wait for its receipt, or end as unknown.",
        default="resend",
    )
    unknown_after_s: float | None = option(
        "How long after its validity a message without a final state is closed as unknown; null = as the plugin has it,"
        " else `limits.receipt_wait_h`.",
        default=None,
        ge=0,
        le=2_592_000,
        unit="s",
    )
    retry: Retry = option("Trying again.", default_factory=Retry)
    suspend_s: float = option(
        "How long it sends nothing after the provider said that there is no credit.",
        default=300.0,
        ge=1,
        le=86400,
        unit="s",
    )
    failover_after_s: float | None = option(
        "How long it may be down before what is queued here goes over to other connectors of its route; null = never.",
        default=30.0,
        ge=0,
        le=86400,
        unit="s",
    )
    keep_order: bool = option(
        "One message at a time of one sender to one recipient: none overtakes another.", default=True
    )
    timers: ProviderTimers = option("How long it is waited for.", default_factory=ProviderTimers)
    polling: ProviderPolling = option("Asking for states.", default_factory=ProviderPolling)
    callbacks: ProviderCallbacks = option("What the provider sends by itself.", default_factory=ProviderCallbacks)
    balance_every_s: float = option(
        "How often the balance is asked for; 0 = never.", default=300.0, ge=0, le=86400, unit="s"
    )
    tenant: str | None = option(
        "The tenant who owns the phone behind it: calls are told to it, and its contacts pushed with `push_contacts`.",
        default=None,
        min_length=1,
        max_length=64,
        example="demo",
    )
    number: str = option(
        "Our number at the provider, digits: where subscribers write to, if the provider does not say.",
        default="",
        pattern=r"^[0-9]{0,20}$",
        example="306900000000",
    )
    push_contacts: bool = option("Tell the provider of the contacts of `tenant`.", default=False)
    isolation: Literal["process", "none"] = option(
        "Run the plugin in a process of its own, so that whatever it does holds up nobody; `none` runs it in the"
        " gateway's, which saves some 40 MB and needs a plugin that never blocks.",
        default="process",
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

    @property
    def account(self) -> str:
        """The account group reports are matched in, and limits are shared by."""
        return self.account_group or f"provider:{self.id}"

    @model_validator(mode="after")
    def _owner(self) -> ProviderConnector:
        if self.push_contacts and self.tenant is None:
            raise ValueError("'push_contacts' needs 'tenant'")
        return self


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
