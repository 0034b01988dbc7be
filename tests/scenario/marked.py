"""A tenant with something of every kind, made of texts that the test chooses: hostile ones, or ones that it looks for.

`Marked.slots` has what stands in the paths of `/v1`; tables of pages are in `console_ways.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from tests.scenario.client import Answer, Tenant, ask, wait
from tests.scenario.harness import Gateway
from tests.scenario.ways import done

PASSWORD = "a long password of theirs"
_BROWSER = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile"


class Marked(NamedTuple):
    """What was made. `numbers` and `names` are of this tenant alone."""

    tenant: Tenant
    id: str
    login: str
    text: str  #: stands in all that is free text
    name: str  #: of groups and templates
    sender: str
    number: str  #: of a contact, digits
    message: str  #: sent, delivered; with a link
    scheduled: str
    submission: str
    lookup: str
    link: str  #: its code
    month: str
    token: str  #: the name of a credential of kind token
    optout: str

    def slots(self, path: str) -> dict[str, str]:
        """What stands in the slots of a path of `/v1`. Raises KeyError for one that nobody thought of yet."""
        family = path.split("/")[2] if path.startswith("/v1/") else ""
        ways: dict[str, dict[str, str]] = {
            "messages": {"id": self.message},
            "links": {"code": self.link},
            "contacts": {"number": self.number},
            "groups": {"name": self.name, "number": self.number},
            "templates": {"name": self.name},
            "senders": {"name": self.sender},
            "optouts": {"number": self.optout},
            "lookups": {"id": self.lookup},
            "bills": {"month": self.month},
            "credentials": {"kind": "token", "name": self.token},
        }
        return ways.get(family, {})

    @property
    def pages(self) -> dict[str, str]:
        """What stands in the paths of tenants' pages: see console_ways.way."""
        return {
            "messages.id": self.message,
            "contacts.number": self.number,
            "groups.name": self.name,
            "templates.name": self.name,
            "links.code": self.link,
            "money.month": self.month,
            "lookups.id": self.lookup,
            "keys.kind": "token",
            "keys.name": self.token,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no other tenant may ever be shown."""
        return (
            self.text,
            self.name,
            self.sender,
            self.number,
            self.message,
            self.scheduled,
            self.submission,
            self.lookup,
            self.link,
            self.token,
            self.optout,
        )


def settings(tenant_id: str, **more: object) -> dict[str, object]:
    """A tenant who may do everything and log in."""
    return {
        "id": tenant_id,
        "credit": "100.0000",
        "currency": "EUR",
        "price": "0.0400",
        "senders": ["*"],
        "lookup_price": "0.0100",
        "credentials": [
            {"kind": "token", "secret": f"{tenant_id}-token"},
            {"kind": "password", "username": f"{tenant_id}-login", "secret": PASSWORD},
        ],
        **more,
    }


def mark(gateway: Gateway, tenant_id: str, text: str, *, name: str, sender: str, digits: str, target: str) -> Marked:
    """Make something of every kind. `digits` are four of the tenant's own; `target` a URL that nobody answers."""
    tenant = Tenant(gateway.http_port, f"{tenant_id}-token")

    def made(method: str, path: str, body: Any, *status: int) -> Any:
        answer: Answer = tenant.ask(method, path, body)
        assert answer.status in (status or (200, 201)), (method, path, answer)
        return answer.body

    number = f"3069{digits}0001"
    optout = f"3069{digits}0009"
    made(
        "POST",
        "/v1/contacts",
        {
            "number": f"+{number}",
            "first_name": text[:90],
            "last_name": text[:90],
            "email": text,
            "address": text,
            "comments": text,
        },
    )
    made("POST", "/v1/groups", {"name": name, "comments": text})
    made("POST", f"/v1/groups/{quote(name, safe='')}/members", {"numbers": [f"+{number}"]})
    made("POST", "/v1/templates", {"name": name, "text": text.replace("{", "(").replace("}", ")")})
    made("POST", "/v1/senders", {"name": sender, "details": {"company": text, text[:60]: text}})
    made("POST", "/v1/optouts", {"number": f"+{optout}"})
    made("PUT", "/v1/callbacks", {"dlr_url": target, "webhook_url": target})
    token = made("POST", "/v1/credentials", {"kind": "token", "label": text[:100], "scopes": ["read"]})["name"]
    sent = made(
        "POST",
        "/v1/messages",
        {
            "from": "Shop",
            "to": [f"+{number}", f"+3069{digits}0002"],
            "text": text + " [Link]",
            "link": "https://shop.example/?" + quote(text),
            "client_ref": text[:100],
        },
        202,
    )
    later = made(
        "POST",
        "/v1/messages",
        {"from": "Shop", "to": f"+{number}", "text": text, "client_ref": text[:100], "schedule_at": "+2 days"},
        202,
    )
    lookup = made("POST", "/v1/lookups", {"to": [f"+{number}"]}, 202)
    done(gateway, "ledger", "topup", tenant=tenant_id, amount="5", reference=text[:100])
    done(gateway, "ledger", "correct", tenant=tenant_id, amount="-1", note=text[:100])
    message = sent["messages"][0]["id"]
    wait(f"{message} is over", lambda: tenant.message(message)["state"] == "delivered")
    [link] = made("GET", f"/v1/links?message={message}", None)["links"]
    ask(gateway.http_port, "GET", f"/l/{link['code']}", headers={"User-Agent": _BROWSER})
    return Marked(
        tenant,
        tenant_id,
        f"{tenant_id}-login",
        text,
        name,
        sender,
        number,
        message,
        later["messages"][0]["id"],
        sent["id"],
        lookup["id"],
        link["code"],
        tenant.message(message)["submitted_at"][:7],
        token,
        optout,
    )
