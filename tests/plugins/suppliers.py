"""The plugins and what is expected of each: options for its simulator, and what each error of its page does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

ROOT = Path(__file__).resolve().parents[2]

Ends = Literal["delivered", "rejected", "parked", "stopped", "taken"]
"""What becomes of a message whose send is answered with an error: it is sent again and delivered; refused; kept until
the connector sends again (no credit, credentials); or counts as sent, without an id."""


@dataclass(frozen=True)
class Supplier:
    """One plugin with its simulator. `options(url)` are those of a connector."""

    name: str
    simulator: str
    options: Callable[[str], dict[str, Any]]
    errors: Mapping[str, Ends]
    flags: tuple[str, ...] = ()
    group: int = 10  #: messages of a request here
    polls: bool = False  #: states are asked for
    told_by_id: bool = False  #: a lost answer is found again: by our id in the callback, or by what is asked for
    idempotent: bool = False  #: what is sent again is not taken twice
    set_up_callback: bool = False  #: the provider's own settings have the address
    requests_per_s: float | None = None  #: of p1 and p2 together, where the page's limit would make a test wait


SUPPLIERS: tuple[Supplier, ...] = (
    Supplier(
        "isms",
        "isms",
        lambda url: {"base_url": f"{url}/api/http", "username": "user", "password": "password"},
        {
            "auth": "stopped",
            "recipients": "rejected",
            "sender": "rejected",
            "credits": "parked",
            "schedule": "rejected",
        },
        polls=True,
        told_by_id=True,
    ),
    Supplier(
        "smsclub",
        "smsclub",
        lambda url: {"base_url": url, "token": "token"},
        {
            "400": "rejected",
            "401": "stopped",
            "429": "delivered",
            "453": "taken",
            "500": "delivered",
            "503": "delivered",
        },
        flags=("--throttle", "0"),  # its 9 requests a second are tried with the plugin's own tests
        polls=True,
        idempotent=True,
        requests_per_s=40,
    ),
    Supplier(
        "smspresto",
        "smspresto",
        lambda url: {"base_url": f"{url}/console/api/", "api_key": "user", "api_pass": "password"},
        {
            "1": "stopped",
            "10": "stopped",
            "11": "stopped",
            "100": "rejected",
            "101": "rejected",
            "102": "rejected",
            "103": "rejected",
            "104": "parked",
            "106": "rejected",
            "107": "delivered",
        },
        polls=True,
        told_by_id=True,
    ),
    Supplier(
        "smsadvert",
        "smsadvert",
        lambda url: {"url": f"{url}/api/sms/", "token": "token", "send_as_short": True},
        {
            "phone": "rejected",
            "shortTextMessage": "rejected",
            "too_long": "rejected",
            "sendAsShort": "rejected",
            "startDate": "rejected",
            "endDate": "rejected",
            "failover": "rejected",
            "callback": "rejected",
            "malformed": "rejected",
            "auth": "stopped",
            "credit": "parked",
            "no_device": "delivered",
            "database": "delivered",
        },
        told_by_id=True,
        group=1,
    ),
    Supplier(
        "ardary",
        "ardary",
        lambda url: {"base_url": f"{url}/api/", "login": "user", "access_key": "token"},
        {
            "#001": "rejected",
            "#002": "rejected",
            "#003": "rejected",
            "#005": "rejected",
            "#006": "taken",
            "#007": "rejected",
            "#008": "rejected",
            "#009": "rejected",
            "#100": "stopped",
            "#101": "rejected",
            "#102": "parked",
            "#103": "rejected",
            "#104": "delivered",
        },
        told_by_id=True,
        idempotent=True,
        set_up_callback=True,
    ),
)

#: What docs/generic-http.md has for a provider shaped like Twilio, with the addresses of the simulator.
_TWILIO = yaml.safe_load(
    next(
        block
        for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "generic-http.md").read_text(), re.DOTALL)
        if "id: twilio" in block
    )
)["connectors"][0]["options"]


def _twilio(url: str) -> dict[str, Any]:
    signature = {**_TWILIO["callback"]["signature"], "key": "token"}
    return {
        **_TWILIO,
        "base_url": f"{url}/2010-04-01/Accounts/user",
        "auth": {"basic": {"username": "user", "password": "token"}},
        "callback": {**_TWILIO["callback"], "signature": signature},
    }


SUPPLIERS += (
    Supplier(
        "generic_http",
        "twilio",
        _twilio,
        {
            "20003": "stopped",
            "20429": "delivered",
            "20500": "delivered",
            "21211": "rejected",
            "21212": "rejected",
            "21602": "rejected",
            "21604": "rejected",
            "21609": "rejected",
            "21610": "rejected",
            "21617": "rejected",
            "90010": "parked",
        },
        polls=True,
        group=1,
    ),
)
BY_NAME = {supplier.name: supplier for supplier in SUPPLIERS}
