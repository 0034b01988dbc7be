"""What can be said of an SMSAdvert account."""

from __future__ import annotations

from typing import Final, Literal

from smsgwd.providers import Options, option, secret
from smsgwd.providers.options import Secret

MOST_NUMBERS: Final = 1000  #: of one request (the page)


class SmsAdvertOptions(Options):
    """Options of a connector of `provider: smsadvert`."""

    url: str = option(
        "Where messages are posted to.", default="https://www.smsadvert.io/api/sms/", pattern=r"^https?://[^\s?#]+$"
    )
    token: Secret = secret("The account's API token.", min_length=1)
    scheme: Literal["", "Bearer"] = option("What stands before the token in `Authorization`.", default="")
    send_as_short: bool = option(
        "By the provider's network (`sendAsShort`); false = by your own phones connected there.", default=True
    )
    failover: bool = option(
        "A message that your own phones cannot send goes by the provider's network (`failover: short`).", default=False
    )
    end_date: bool = option(
        "Say until when it may be sent (`endDate`): the end of the message's validity.", default=True
    )
    group: bool = option(
        "One request for all messages of the same text (1,000 at most). They get one id in common: a callback must name"
        " the number then, and a message whose answer was lost is not found again.",
        default=False,
    )
