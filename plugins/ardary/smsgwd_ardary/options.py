"""What can be said of an Ardary account."""

from __future__ import annotations

from typing import Literal

from smsgwd.providers import Options, option, secret
from smsgwd.providers.options import Secret, TimeZone


class ArdaryOptions(Options):
    """Options of a connector of `provider: ardary`."""

    base_url: str = option(
        "Where `/sendSms` and `/contact` are.", default="https://www.ardary-sms.com/api", pattern=r"^https?://[^\s?#]+$"
    )
    login: str = option("The e-mail address of the account.", min_length=1, example="user@company.example")
    access_key: Secret = secret("The access key of the account.", min_length=1)
    password: Secret | None = secret("The password of the account: contacts can be pushed only with it.", default=None)
    routing: Literal["network", "phone"] = option(
        "`network` sends under the message's sender; `phone` leaves sender and mode out: by the account's own phone.",
        default="network",
    )
    sender_mode: str = option("`sender_mode` of messages by network.", default="1", max_length=32)
    mode: Literal["prod", "test"] = option(
        "`test`: the provider checks and answers, and sends nothing.", default="prod"
    )
    time_zone: TimeZone = option("The zone of its dates that name none.", default="UTC", example="Europe/Paris")
    call_duration: Literal["duration", "time"] = option(
        "What DURATION of a call is: how long it was, or the time of day at which it was.", default="duration"
    )
