"""What a gateway has in place that is a business: further tenants, price lists, routes, rules for senders and texts.

It is put there through the admin socket, as an operator would, but for the routes of the configuration. Numbers are
those of a spread load (spread.py): whatever price or route one of them has is looked up among all the others.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from smsgwd.simulator.admin_client import AdminClient, AdminError
from smsgwd.simulator.spread import BARRED, calling_codes, everywhere, regions, spread

LIVE: Final = "sim"  #: the connector that the load's messages shall go by
SPARE: Final = "spare"  #: another one, to the same SMSC, for other prefixes
RETAIL: Final = "retail"  #: price list of the load's tenants
WHOLESALE: Final = "wholesale"  #: price list of the reseller above them
RESELLER: Final = "reseller"
WORLD: Final = "world"  #: the routes of most prefixes
WORLD_ORDER: Final = 1_000
SENDER: Final = "bench"  #: what the load's messages come from
CONTENT_RULES: Final = {"casino": r"\b(?:free|online)\s+casino\b", "short-links": r"https?://(?:bit\.ly|t\.co)/\S+"}
_SUB_RESELLERS: Final = 50
_SINGLE_ROUTES: Final = 20  # stored ones: each compiles the whole table anew
_OWNERS: Final = 5  # tenants with routes of their own
_SEED: Final = 6
_LONGEST: Final = 8  # digits of a prefix that no number of the load has
_DEEP: Final = 10  # prefixes of nine digits below each of five: ten thousand messages go to one


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """How much there is: `tenants` besides those of the load, `prefixes` of each price list and of all routes,
    `content` rules for texts (none of which a text of the load matches).

    With `chain` the load's tenants have a reseller above them, that pays too, by a price list of its own.
    """

    tenants: int = 1_000
    prefixes: int = 100_000
    content: int = len(CONTENT_RULES)
    chain: bool = False


def prefixes(count: int, seed: int = _SEED) -> list[str]:
    """So many different prefixes; first those of a spread load's numbers, half of all at the most."""
    of_load: dict[str, None] = dict.fromkeys(calling_codes())
    ahead = spread()
    of_load |= dict.fromkeys(ahead)
    of_load |= dict.fromkeys(f"{prefix}{place:04d}" for place in range(_DEEP) for prefix in ahead)
    found = dict.fromkeys(list(of_load)[: max(1, count // 2)])
    rng = random.Random(seed)  # the same prefixes in each run
    codes = calling_codes()
    while len(found) < count:
        code = rng.choice(codes)
        size = rng.randint(1, _LONGEST - len(code))
        found[f"{code}{rng.randrange(10**size):0{size}d}"] = None
    return list(found)


def is_of_load(prefix: str, ahead: frozenset[str]) -> bool:
    """Whether some number of a spread load begins so; `ahead` are its prefixes of five digits."""
    return prefix[:5] in ahead if len(prefix) >= 5 else any(each.startswith(prefix) for each in ahead)


def configured(business: Business) -> list[dict[str, Any]]:
    """Section `routes` of the configuration: a hundredth of the prefixes, each a rule, and one for all."""
    mine = prefixes(business.prefixes)[-(business.prefixes // 100) :]
    one_each = [{"match": {"to": f"{prefix}*"}, "connectors": [SPARE]} for prefix in mine]
    return [*one_each, {"match": {"to": "*"}, "connectors": [LIVE]}]


def put_in_place(admin: AdminClient, business: Business, loaded: Sequence[str]) -> dict[str, Any]:
    """Set all of it up; `loaded` are the tenants of the load. What is in place then, as the gateway says.

    Raises AdminError, also when a number of the load would not go by LIVE.
    """
    begun = time.monotonic()
    _prices(admin, business)
    _tenants(admin, business)
    _routes(admin, business)
    _rules(admin, business)
    for tenant in loaded:
        _load_tenant(admin, business, tenant)
    found = _found(admin, business, loaded[0])
    return found | {"setup_s": round(time.monotonic() - begun, 1)}


def price_csv(count: int, seed: int) -> str:
    """A price list of so many prefixes, and a price for all others; the same one for the same seed."""
    rng = random.Random(seed)
    rows = [f"{prefix},0.{rng.randint(50, 900):04d}" for prefix in prefixes(count - 1)]
    return "\n".join(["prefix,price", "*,0.0400", *rows])


def route_csv(written: Sequence[str], to_load: str = LIVE) -> str:
    """Routes of these prefixes: those of the load by `to_load`, the others by SPARE, LIVE, or both."""
    ahead = frozenset(spread())
    others = (SPARE, f"{SPARE} {LIVE}", f"{LIVE} {SPARE}")
    rows = [
        f"{prefix},{to_load if is_of_load(prefix, ahead) else others[place % 3]}"
        for place, prefix in enumerate(written)
    ]
    return "\n".join(["prefix,connectors", *rows])


# ---------------------------------------------------------------------- one kind of things each
def _prices(admin: AdminClient, business: Business) -> None:
    admin.run("price", "import", name=RETAIL, csv=price_csv(business.prefixes, 1))
    if business.chain:
        admin.run("price", "import", name=WHOLESALE, csv=price_csv(business.prefixes, 2))


def _tenants(admin: AdminClient, business: Business) -> None:
    """Customers, a fifth of them below one of some resellers; tokens alone: passwords are made slow on purpose."""
    above = min(_SUB_RESELLERS, business.tenants // 10)
    for number in range(business.tenants):
        options: dict[str, Any] = {
            "price": "0.0500",
            "price_list": RETAIL,
            "senders": [f"Shop{number:04d}", "INFO*"],
            "credit": "100.0000",
            "credentials": [{"kind": "token", "secret": f"token-of-customer-{number:06d}"}],
        }
        if number % 3 == 0:
            options["destinations"] = ["GR", "CY", "GB"]
        if above and number >= above and number % 5 == 0:
            options["parent"] = customer(number % above)
        admin.run("tenant", "create", id=customer(number), json=json.dumps(options))
    if business.chain:
        reseller = {"credit": "1000000.0000", "price_list": WHOLESALE}
        admin.run("tenant", "create", id=RESELLER, json=json.dumps(reseller))


def customer(number: int) -> str:
    """The tenant of this number, of those that send nothing."""
    return f"customer{number:05d}"


def _routes(admin: AdminClient, business: Business) -> None:
    """Tenants' own, of prefixes of the load too; single ones with further conditions; long lists for everyone."""
    written = prefixes(business.prefixes)
    single, own = business.prefixes // 100, business.prefixes // 100
    for place, prefix in enumerate(spread()[:_SINGLE_ROUTES]):
        route = {"match": {"to": f"{prefix}*", "min_parts": 4}, "connectors": [SPARE, LIVE]}
        admin.run("route", "put", id=f"long-{place}", order=str(10 + place), json=json.dumps(route))
    owners = min(_OWNERS, business.tenants)
    for place in range(owners):
        mine = spread()[place::owners] + tuple(written[-own * (place + 1) - single : -own * place - single])
        table = route_csv(mine[:own], SPARE)
        admin.run("route", "import", id=f"own-{place}", order=str(100 + place), tenant=customer(place), csv=table)
    rest = written[: len(written) - single - owners * own - _SINGLE_ROUTES]
    admin.run("route", "import", id=WORLD, order=str(WORLD_ORDER), csv=route_csv(rest))


def _rules(admin: AdminClient, business: Business) -> None:
    """What senders may be in each country: mostly anything, in a tenth of them only a substitute; and what texts."""
    for place, region in enumerate(regions()):
        rule = {"where": region, "numeric": "refuse" if place % 4 == 1 else "allowed"}
        if place % 10 == 0:
            rule |= {"alphanumeric": "substitute", "substitute": "447700900123"}
        admin.run("senderrule", "put", **rule)
    for name, pattern in list(CONTENT_RULES.items())[: business.content]:
        admin.run("content", "put", name=name, pattern=pattern)


def _load_tenant(admin: AdminClient, business: Business, tenant: str) -> None:
    options: dict[str, Any] = {
        "price_list": RETAIL,
        "senders": [f"Brand{place}" for place in range(10)] + [SENDER, "Shop*"],
        "destinations": everywhere(),
        "barred": list(BARRED),
    }
    if business.chain:
        options["parent"] = RESELLER
    admin.run("tenant", "set", id=tenant, json=json.dumps(options))


def _found(admin: AdminClient, business: Business, tenant: str) -> dict[str, Any]:
    """What the gateway says that it has. Raises AdminError when a number of the load would go another way."""
    ahead = spread()
    for number in range(0, len(ahead), len(ahead) // 7):
        told = admin.run(
            "route", "explain", **{"tenant": tenant, "to": f"{ahead[number]}{number:08d}", "from": SENDER, "text": "x"}
        )
        if told["connector"] != LIVE:
            raise AdminError(f"number {number} of the load would go by {told['connector']}: {told['why']}")
    lists = admin.run("price", "list")
    return {
        "tenants": len(admin.run("tenant", "list")),
        "price_lists": {each["name"]: each["rates"] for each in lists},
        "routes": len(admin.run("route", "list", limit="10000")),
        "route_prefixes": business.prefixes,
        "sender_rules": len(admin.run("senderrule", "list")),
        "content_rules": len(admin.run("content", "list")),
        "chain": business.chain,
        "prefixes_of_load": len(ahead),
    }
