"""What can be said of an SMSPresto account."""

from __future__ import annotations

from smsgwd.providers import Options, option, secret
from smsgwd.providers.options import Secret, TimeZone


class SmsPrestoOptions(Options):
    """Options of a connector of `provider: smspresto`."""

    base_url: str = option(
        "Where its one path is.", default="https://smspresto.com/console/api/", pattern=r"^https?://[^\s?#]+$"
    )
    api_key: Secret = secret("The API key of the account (`user`).", min_length=1)
    api_pass: Secret = secret("The password of the account (`pass`).", min_length=1)
    time_zone: TimeZone = option("The zone of the dates in its history.", default="UTC", example="Africa/Abidjan")
    match_s: float = option(
        "How far the history's time of a message may be from when it was sent from here.",
        default=600.0,
        ge=1,
        le=43200,
        unit="s",
    )
    page_rows: int = option(
        "Rows of the history that are asked for at a time.", default=1000, ge=10, le=10000, unit="rows"
    )
    most_pages: int = option("Pages of the history that one question for states reads.", default=20, ge=1, le=500)
    sent_is_delivered: bool = option(
        "Status 1 of the history, which is sent or delivered, ends a message as delivered; false = it leaves it open,"
        " for a provider whose 1 can still become 2.",
        default=True,
    )
