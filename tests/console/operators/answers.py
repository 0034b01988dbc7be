"""What the commands of a running gateway answered, for the pages about the business."""

from __future__ import annotations

from typing import Any

AT = "2026-11-23T04:58:34.093Z"
EVIL = "<script>alert(1)</script>"


def listed(tenant: str = "demo", **more: Any) -> dict[str, Any]:
    """A row of `tenant list`."""
    return {
        "id": tenant, "parent": None, "enabled": True, "currency": "EUR", "balance": "999.8800", "reserved": "0.0000",
        "lowest": "0.0000", "credentials": 3, **more,
    }  # fmt: skip


def credential(**more: Any) -> dict[str, Any]:
    """A row of `credential list`."""
    return {
        "kind": "smpp", "name": "demo", "serial": 0, "label": "", "scopes": "all", "allow": "any", "binds": 8,
        "created": AT, "expires": None, "live": True, **more,
    }  # fmt: skip


def tenant(**more: Any) -> dict[str, Any]:
    """What `tenant show` says."""
    return {
        "id": "demo", "credit": "1000.0000", "currency": "EUR", "time_zone": "Europe/Athens", "senders": ("*", "Shop"),
        "throughput": 0, "default_sender": "iSMS", "dlr_url": None, "webhook_url": None, "callback_style": "native",
        "callback_url": None, "enabled": True, "dlr_batch": 1, "texts_d": None, "allow": (), "smpp_errors": {},
        "parent": None, "credit_limit": None, "price_list": None, "lookup_price": "0.0000", "language": "en",
        "region": None, "strict_numbers": False, "destinations": (), "barred": (), "test_numbers": (), "refunds": (),
        "content": None, "quiet": None, "duplicate_s": 0, "flood": None, "link_days": 90, "dialects": None,
        "device_fallback": False, "balance": "1009.8800", "reserved": "0.0000", "lowest_balance": "0.0000",
        "in_use": True, "children": ["shop"], "prices": {"else": "0.0400", "30": "0.0300"},
        "credentials": [credential()], **more,
    }  # fmt: skip


FIGURES = {
    "tenants": [{"tenant": "demo", "accepted": 12345, "scheduled": 0, "delivered": 3, "failed": 1, "cancelled": 0}]
}
LISTS = [
    {"name": "retail", "valid_from": AT, "in_effect": True, "currency": "EUR", "rates": 3},
    {
        "name": "retail",
        "valid_from": "2027-01-01T00:00:00.000Z",
        "in_effect": False,
        "currency": "EUR",
        "rates": 3,
    },
]
RATES = {
    "name": "retail",
    "currency": "EUR",
    "valid_from": AT,
    "rates": 3,
    "shown": [{"prefix": "*", "price": "0.0500"}, {"prefix": "30", "price": "0.0300"}],
}
CREDIT = {
    "tenant": "demo",
    "currency": "EUR",
    "balance": "1009.8800",
    "reserved": "0.0000",
    "may_spend": "1009.8800",
    "limit": None,
}
BOOKED = {
    "tenant": "demo",
    "entry": 1838499757504512,
    "kind": "topup",
    "amount": "10.0000",
    "balance": "1009.8800",
    "currency": "EUR",
}
STATEMENT = {
    "tenant": "demo",
    "currency": "EUR",
    "balance": "1009.8800",
    "reserved": "0.0000",
    "available": "1009.8800",
    "sums": [
        {"kind": "topup", "entries": 2, "amount": "1010.0000", "reserved": "0.0000", "messages": 0, "parts": 0},
        {"kind": "reserve", "entries": 3, "amount": "-0.1200", "reserved": "0.1200", "messages": 3, "parts": 3},
    ],
    "entries": [
        {
            "id": 1838499757504512, "at": AT, "kind": "topup", "amount": "10.0000", "reserved": "0.0000",
            "balance": "1009.8800", "messages": 0, "parts": 0, "message": None, "reference": "INV-17", "note": EVIL,
        },
        {
            "id": 1838499753787392, "at": AT, "kind": "charge", "amount": "0.0000", "reserved": "-0.0400",
            "balance": "999.8800", "messages": 1, "parts": 1, "message": 250485159442026497, "reference": "",
            "note": "",
        },
    ],
}  # fmt: skip
ROUTES = [
    {
        "place": 1, "route": "greece", "connectors": ["sim", "carrier-b"], "strategy": "weighted",
        "asks": '{"to":["30*"],"tenant":"shop","weights":[3,1],"hours":{"begin":480,"days":[0,1]}}',
    },
    {"place": 2, "route": "lcr.00001", "connectors": ["sim"], "strategy": "failover", "asks": '{"to":["3069*"]}'},
    {"place": 3, "route": "config/1", "connectors": ["sim"], "strategy": "failover", "asks": ""},
]  # fmt: skip
ROUTE = {
    "id": "greece",
    "order": 10,
    "route": {
        "match": {"to": "30*", "tenant": "shop", "networks": ["20201"]},
        "connectors": ["sim", "carrier-b"],
        "strategy": "weighted",
        "weights": [3, 1],
        "rewrite": {"sender": "Info"},
    },
}
IMPORTED = {"id": "lcr", "order": 100, "imported_routes": 2}
CONNECTORS = [{"id": "sim", "kind": "smpp", "up": True}, {"id": "carrier-b", "kind": "smpp", "up": True}]
EXPLAINED = {
    "route": "lcr.00001",
    "connector": "sim",
    "why": "the only connector of the rule",
    "network": None,
    "parts": 2,
    "coding": "gsm",
    "price": "0.0400",
    "from_sent": "Info",
    "to_sent": "306912345678",
    "connectors": [
        {"connector": "sim", "up": True, "cost": "0.0500", "left": "-0.0100", "weight": None, "may_carry": True}
    ],
    "tried": [
        {"place": 1, "route": "greece", "connectors": ["sim", "carrier-b"], "result": "it is for another tenant"},
        {"place": 2, "route": "lcr.00001", "connectors": ["sim"], "result": "it takes the message"},
    ],
    "not_shown": 0,
}
NOWHERE = {
    **EXPLAINED,
    "route": None,
    "connector": None,
    "why": "no rule takes it",
    "connectors": [],
    "tried": [{"place": 1, "route": "greece", "connectors": ["sim"], "result": "it does not take this number"}],
    "not_shown": 7,
}


def sender(**more: Any) -> dict[str, Any]:
    """A row of `sender list`."""
    return {
        "tenant": "demo", "name": "Shop", "status": "requested", "requested": AT, "decided": None, "reason": "", **more,
    }  # fmt: skip


RULES = [
    {
        "where": "US",
        "alphanumeric": "substitute",
        "numeric": "allowed",
        "substitute": "18005550199",
        "registered_only": False,
    }
]
PATTERNS = [{"name": "lottery", "pattern": "(?i)<b>won", "tenants": "all"}]


def blocked(number: str) -> dict[str, Any]:
    """A row of `blacklist list` and `optout list`."""
    return {"number": number, "since": AT, "by": "operator"}


def operator(name: str = "anna", **more: Any) -> dict[str, Any]:
    """A row of `operator list`."""
    return {
        "name": name,
        "role": "admin",
        "disabled": False,
        "totp": "off",
        "created": AT,
        "password_since": AT,
        **more,
    }


SESSIONS = [{"session": "0123456789abcdef", "begun": AT, "seen": AT, "address": "192.0.2.1", "agent": EVIL}]
