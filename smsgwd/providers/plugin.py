"""What a plugin is: a description, and a class whose objects are one connector's provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from smsgwd.providers.callbacks import Callback, CallbackRequest
from smsgwd.providers.http import Reply, Request
from smsgwd.providers.message import Outbound, Sent
from smsgwd.providers.numbers import Contact, NumberFacts
from smsgwd.providers.options import Options
from smsgwd.providers.reports import Balance, Report
from smsgwd.providers.verdicts import Verdict

VERSION = 1
"""Of this API."""


class Host(Protocol):
    """What a provider has of the world."""

    @property
    def connector(self) -> str:
        """Id of the connector that it serves."""
        ...

    @property
    def callback_url(self) -> str:
        """Where the provider may send what is about no message in particular; '' where callbacks are off."""
        ...

    def request(self, request: Request) -> Awaitable[Reply]:
        """Send an HTTP request when the account's limits allow it. Raises NotSent or NoAnswer."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...

    def now_ms(self) -> int:
        """The wall clock, milliseconds since 1970, UTC."""
        ...

    def log(self, event: str, **fields: str | int | float) -> None:
        """Write a line to the log, as `provider.EVENT`: no text of a message, no number, no secret."""
        ...


class Provider:
    """One connector's provider: derive from it, override `send`, and what else the provider can do.

    Methods are coroutines and several may run at a time. What one raises that is no `Halt`, `NotSent` or `NoAnswer` is
    a fault of the plugin: it is logged, the messages are tried again if no request of the call had left, and are of
    unknown outcome otherwise. A call that takes longer than the connector's `call_s` is given up in the same way.
    """

    def __init__(self, options: Any, host: Host) -> None:
        """`options` is an object of the plugin's `Options`."""
        self.options = options
        self.host = host

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """Send messages, `Plugin.group` at most, alike in all that `Plugin.together` names. One verdict each, in their
        order. What was taken must be told even where a later one of the group fails."""
        raise NotImplementedError

    async def states(self, sent: Sequence[Sent]) -> Sequence[Report]:
        """Ask what became of messages, `Plugin.poll.group` at most. One that nothing is known of is left out."""
        raise NotImplementedError

    async def received(self, request: CallbackRequest) -> Callback:
        """Read a callback. Raises CallbackRefused. It makes no requests: the provider waits for its answer."""
        raise NotImplementedError

    async def balance(self) -> Balance:
        """What is left at the provider."""
        raise NotImplementedError

    async def facts(self) -> Mapping[str, str]:
        """What else operators may want to see of the account, by name: its senders, its limits."""
        raise NotImplementedError

    async def lookup(self, msisdn: str) -> NumberFacts | None:
        """What is known of a number (digits); None = nothing."""
        raise NotImplementedError

    async def push_contacts(self, contacts: Sequence[Contact]) -> Sequence[str]:
        """Tell the provider of contacts (100 at most): for each '' or why it was refused."""
        raise NotImplementedError

    #: What a provider may do besides `send`; which of them one can, `Plugin.can` finds out.
    ABILITIES: ClassVar[tuple[str, ...]] = ("states", "received", "balance", "facts", "lookup", "push_contacts")


@dataclass(frozen=True, slots=True)
class Poll:
    """When the host asks for states by itself: first so long after the message was sent, then at intervals that grow.

    With `after_callbacks_s` it is a second line behind callbacks: the first question comes that late.
    """

    first_s: float = 5.0
    factor: float = 2.0
    longest_s: float = 600.0
    group: int = 100  #: messages a question
    after_callbacks_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plugin:
    """What the entry point of group `smsgwd.providers` leads to."""

    name: str  #: as in `provider:` of a connector
    summary: str  #: one line
    provider: type[Provider]
    options: type[Options]
    version: int = VERSION  #: of the plugin API that it was written for
    group: int = 1  #: messages of one `send`
    together: tuple[str, ...] = ("sender", "text", "flash")  #: fields of Outbound that are equal in a group
    requests_s: float = 0.0  #: most HTTP requests in any second, of one account; 0 = no limit known
    window: int = 10  #: calls of `send` at a time, where the connector does not say
    poll: Poll = field(default_factory=Poll)
    binary: bool = False  #: takes messages of octets
    #: Seconds behind a message's validity after which it is closed as unknown; None = as all others are
    #: (`limits.receipt_wait_h`). For providers that say nothing more by then.
    unknown_after_s: float | None = None
    #: Which of `Provider.ABILITIES` it has, where its options decide; None = those that its class overrides.
    abilities: tuple[str, ...] | None = None
    #: The plugin as it is with an object of its `options`, where limits or abilities depend on them; None = always so.
    fitted: Callable[[Any], Plugin] | None = None

    def can(self, ability: str) -> bool:
        """Whether its class has overridden a method of `Provider.ABILITIES`, and its options allow it."""
        if self.abilities is not None and ability not in self.abilities:
            return False
        return getattr(self.provider, ability) is not getattr(Provider, ability)

    def fitted_to(self, options: Mapping[str, Any]) -> Plugin:
        """As it is with these options, as configured and checked before. Raises pydantic.ValidationError."""
        return self if self.fitted is None else self.fitted(self.options.model_validate(dict(options)))
