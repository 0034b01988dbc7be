"""What stands under `options` of a connector of SMS Club."""

from __future__ import annotations

import re

from pydantic import field_validator

from smsgwd.providers.options import Options, Secret, option, secret


class SmsClubOptions(Options):
    """Options of plugin `smsclub`."""

    base_url: str = option(
        "Where `/sms/send` and the others are.",
        default="https://im.smsclub.mobi",
        pattern=r"^https?://[!-~]{1,400}$",
        example="https://im.smsclub.mobi",
    )
    token: Secret = secret("Token of the account (section 'Profile' of it).", min_length=1, max_length=500)
    integration_id: str | None = option(
        "Our number in SMS Club's referral system, sent with each message; null = none.",
        default=None,
        min_length=1,
        max_length=100,
        example="12",
    )
    lifetime: bool = option(
        "Tell SMS Club how long a message is valid, in minutes rounded down to two digits.", default=True
    )
    longest_lifetime: int = option("The most that it is told so.", default=4320, ge=1, le=999_999_999, unit="min")

    @field_validator("token")
    @classmethod
    def _can_stand_in_a_header(cls, token: Secret) -> Secret:
        if re.fullmatch(r"[!-~]+", token.get_secret_value()) is None:
            raise ValueError("has other characters than printable ASCII, or spaces")
        return token
