"""What stands under `options` of a connector of iSMS."""

from __future__ import annotations

from typing import Literal

from smsgwd.providers.options import Options, Secret, option, secret


class IsmsOptions(Options):
    """Options of plugin `isms`."""

    base_url: str = option(
        "Where `send.php` and the others are; the page's own. Take https if your account has it: user name and"
        " password travel with each request.",
        default="http://cp.isms.gr/api/http",
        pattern=r"^https?://[!-~]{1,400}$",
        example="https://cp.isms.gr/api/http",
    )
    username: str = option("Name of the account.", min_length=1, max_length=200, example="user")
    password: Secret = secret("Its password.", min_length=1, max_length=200, example="secret")
    method: Literal["GET", "POST"] = option(
        "How requests are made. The page has GET alone; POST keeps passwords out of the provider's access logs, where"
        " it is taken.",
        default="GET",
    )
    longest_url: int = option(
        "Longest address of a GET: of a long text fewer recipients go together.",
        default=4000,
        ge=1000,
        le=65000,
        unit="characters",
    )
    lookup_wait_s: float = option(
        "How long the result of a number lookup is asked for.", default=45.0, ge=1, le=600, unit="s"
    )
