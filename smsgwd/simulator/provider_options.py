"""What a simulated provider is asked to do: one frozen value, which `POST /_sim/set` replaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

#: The simulators that there are (`provider_registry`), told here so that naming them loads none.
NAMES = ("isms", "smsclub", "smspresto", "smsadvert", "ardary", "twilio", "vonage", "infobip")

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=86_400_000)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class SimulatorOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a provider behaves. Shares are percent, times milliseconds."""

    # the account
    user: str = "user"  #: user name, login, API key, account SID
    password: str = msgspec.field(default="password")
    token: str = msgspec.field(default="token")
    senders: tuple[str, ...] = ()  #: the only ones allowed; () = any that is well-formed
    credits: float = 3948.47
    price: Annotated[float, msgspec.Meta(ge=0)] = 0.0  #: taken from the credits for each message

    # answers
    delay_ms: Milliseconds = 0.0
    error_pct: Percent = 0.0  #: of sends: an error of the page, nothing is taken
    errors: tuple[str, ...] = ()  #: which ones; () = all that are about a message or pass by themselves
    throttle: Count | None = None  #: requests in any second; None = what the page says, 0 = any number
    timeout_pct: Percent = 0.0  #: of sends: taken, never answered
    drop_pct: Percent = 0.0  #: the connection is closed, nothing is taken
    five_xx_pct: Percent = msgspec.field(name="5xx_pct", default=0.0)
    everywhere: bool = False  #: drops and 5xx hit what is no send, too (questions for states, balance)

    # what becomes of messages
    fail_pct: Percent = 0.0
    final_after_ms: Milliseconds = 0.0
    numbers: dict[str, str] = {}  #: by the last digits of a number: a final state in the provider's word, or 'none'

    # callbacks
    callback_url: str = ""  #: of providers where it is set up there
    lose_callbacks_pct: Percent = 0.0
    double_callbacks_pct: Percent = 0.0
    early_callbacks: bool = False  #: messages are final, and that is told, before the send is answered
    callback_tries: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    callback_retry_ms: Milliseconds = 1000.0

    # what pages leave open
    flat: bool = False  #: Ardary: fields of callbacks as parameters of the query; else JSON in one of them
    tell_failures: bool = False  #: Ardary: a callback `failed`, which its page does not have
    literal: bool = False  #: SMS Club: the page's example of a balance, which is no JSON
    devices: Count = 1  #: SMSAdvert: own devices that are connected

    seed: int = 42


def changed(options: SimulatorOptions, changes: Mapping[str, Any]) -> SimulatorOptions:
    """`options` with some replaced, by the names of the command line with or without dashes. Raises ValueError."""
    known = msgspec.to_builtins(options)
    wanted = known | {name.replace("-", "_"): value for name, value in changes.items()}
    return msgspec.convert(wanted, SimulatorOptions)


def parse_numbers(text: str) -> dict[str, str]:
    """`0091:EXPIRED,0092:none` as last digits and what becomes of their messages. Raises ValueError."""
    found = {}
    for row in filter(None, text.split(",")):
        digits, colon, fate = row.partition(":")
        if not colon or not digits.isascii() or not digits.isdigit() or not fate:
            raise ValueError(f"{row!r} is not DIGITS:STATE, such as 0091:failed")
        found[digits] = fate
    return found
