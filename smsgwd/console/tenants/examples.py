"""How programs connect: lines for a shell to try each API that is served, and where to bind over SMPP.

The lines have the account's own names in them. Secrets are not known, so words in capitals stand for them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from smsgwd.console.page import Page
from smsgwd.console.visit import TenantVisit
from smsgwd.console.words import N_
from smsgwd.net.http_message import HttpResponse

#: What stands for what is not known.
HIDDEN: Final = "PASSWORD"
BEARER: Final = "TOKEN"
NUMBER: Final = "YOUR-NUMBER"
_SENDER: Final = "SENDER"
_SEND: Final = N_("Send a message")
_BALANCE: Final = N_("What is left")


class Example(msgspec.Struct, frozen=True):
    """A line to try. `text` is English, marked for translation."""

    text: str
    line: str


class Api(msgspec.Struct, frozen=True):
    """An API that is served. `login` says with which kind of credential."""

    name: str
    title: str
    base_url: str
    login: str
    examples: tuple[Example, ...]


class Who(msgspec.Struct, frozen=True):
    """Whose names stand in the lines."""

    name: str
    sender: str


#: How each is called by people.
TITLES: Final = {
    "native": N_("Native API"),
    "ardary": "Ardary",
    "isms": "iSMS",
    "jasmin": "Jasmin",
    "kannel": "Kannel",
    "smsadvert": "SMSAdvert",
    "smsclub": "SMS Club",
    "smspresto": "SMSPresto",
}
_BY_TOKEN: Final = ("smsadvert", "smsclub")


async def show(visit: TenantVisit) -> HttpResponse:
    """The page."""
    account = await visit.v1("GET", "/account")
    names: dict[str, list[str]] = {"password": [], "smpp": []}
    for each in account["credentials"]:
        if each["name"] and each["name"] not in names[each["kind"]]:
            names[each["kind"]].append(each["name"])
    own = [visit.account.credential.name] if visit.account.credential.kind == "password" else []
    who = Who(([*own, *names["password"]] or ["USER"])[0], account["default_sender"] or _SENDER)
    apis = [api(place["api"], place["base_url"], who) for place in account["http"]]
    tokens = any(each["kind"] == "token" for each in account["credentials"])
    return visit.show(
        "tenants/examples.html",
        apis=apis,
        docs=next((each.base_url for each in apis if each.name == "native"), ""),
        places=account["smpp"],
        system_ids=names["smpp"],
        tokens=tokens,
        number=NUMBER,
    )


def api(name: str, base_url: str, who: Who) -> Api:
    """What there is to say of an API; one that is not known here has no lines."""
    lines = _LINES.get(name)
    login = "token" if name in _BY_TOKEN else "password"
    return Api(name, TITLES.get(name, name), base_url, login, lines(base_url, who) if lines else ())


def _native(base: str, who: Who) -> tuple[Example, ...]:
    body = {"from": who.sender, "to": NUMBER, "text": "Hello"}
    bearer = f"Authorization: Bearer {BEARER}"
    return (
        Example(N_("Send a message, with a token"), _json(f"{base}/v1/messages", body, "-H", bearer)),
        Example(
            N_("The same with user name and password"),
            _json(f"{base}/v1/messages", body, "-u", f"{who.name}:{HIDDEN}"),
        ),
        Example(N_("What became of the latest messages"), _line("-H", bearer, f"{base}/v1/messages?limit=10")),
        Example(_BALANCE, _line("-H", bearer, f"{base}/v1/balance")),
    )


def _isms(base: str, who: Who) -> tuple[Example, ...]:
    login = {"username": who.name, "password": HIDDEN}
    message = {"from": who.sender, "to": NUMBER, "message": "Hello"}
    return (
        Example(_SEND, _fields(f"{base}/api/http/send.php", login | message)),
        Example(_BALANCE, _fields(f"{base}/api/http/credits.php", login)),
    )


def _kannel(base: str, who: Who) -> tuple[Example, ...]:
    fields = {"username": who.name, "password": HIDDEN, "from": who.sender, "to": NUMBER, "text": "Hello"}
    return (Example(_SEND, _fields(f"{base}/cgi-bin/sendsms", fields)),)


def _jasmin(base: str, who: Who) -> tuple[Example, ...]:
    login = {"username": who.name, "password": HIDDEN}
    message = {"from": who.sender, "to": NUMBER, "content": "Hello"}
    return (
        Example(_SEND, _fields(f"{base}/send", login | message)),
        Example(_BALANCE, _fields(f"{base}/balance", login)),
        Example(
            N_("Send a message, by the REST API"),
            _json(f"{base}/secure/send", message, "-u", f"{who.name}:{HIDDEN}"),
        ),
    )


def _smsclub(base: str, who: Who) -> tuple[Example, ...]:
    bearer = f"Authorization: Bearer {BEARER}"
    body = {"phone": [NUMBER], "message": "Hello", "src_addr": who.sender}
    return (
        Example(_SEND, _json(f"{base}/sms/send", body, "-H", bearer)),
        Example(_BALANCE, _line("-X", "POST", "-H", bearer, f"{base}/sms/balance")),
    )


def _smspresto(base: str, who: Who) -> tuple[Example, ...]:
    login = {"user": who.name, "pass": HIDDEN}
    message = {"action": "sendsms", "from": who.sender, "to": NUMBER, "message": "Hello"}
    return (Example(_SEND, _fields(f"{base}/console/api/", message | login)),)


def _ardary(base: str, who: Who) -> tuple[Example, ...]:
    body = {
        "header": [{"login": who.name, "accesskey": HIDDEN, "sender_name": who.sender}],
        "messages": [{"id_sms_api": "1", "phone_number": NUMBER, "message": "Hello"}],
    }
    return (Example(_SEND, _json(f"{base}/api/sendSms", body)),)


def _smsadvert(base: str, who: Who) -> tuple[Example, ...]:
    body = {"phone": NUMBER, "shortTextMessage": "Hello", "sendAsShort": True}
    return (Example(_SEND, _json(f"{base}/api/sms/", body, "-H", f"Authorization: {BEARER}")),)


_LINES: Final = {
    "native": _native,
    "ardary": _ardary,
    "isms": _isms,
    "jasmin": _jasmin,
    "kannel": _kannel,
    "smsadvert": _smsadvert,
    "smsclub": _smsclub,
    "smspresto": _smspresto,
}


def _line(*words: str) -> str:
    """A call of curl. What stands in it is quoted for the shell."""
    return shlex.join(["curl", *words])


def _json(url: str, body: Mapping[str, Any], *login: str) -> str:
    """A call with a body of JSON."""
    kind = "Content-Type: application/json"
    return _line(*login, "-H", kind, "-d", json.dumps(body, ensure_ascii=False), url)


def _fields(url: str, fields: Mapping[str, str]) -> str:
    """A call with parameters in the query; curl encodes them."""
    given = [word for name, value in fields.items() for word in ("--data-urlencode", f"{name}={value}")]
    return _line("-G", url, *given)


PAGES: Final = (Page("GET", "/api", show),)
