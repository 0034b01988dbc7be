"""Customers of the seven provider APIs: what each sends, what it was told, and what it is owed in return."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.dialects.stand import Catcher
from tests.scenario.client import Answer, Tenant, ask
from tests.scenario.harness import Gateway, Scene, Smsc

SENT, NOTICE, FINAL = "sent", "notice", "final"
GONE = "123"  #: a number that iSMS's customer writes with every other one, and that is none
UNLIMITED = {"smsclub": {"requests_per_s": 0}}

_MASK = {"8": SENT, "4": NOTICE}  #: of Kannel's dlr-mask
_JSON = {"Content-Type": "application/json"}


class Request(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = {}


def _isms(numbers: list[str], catcher: str, text: str) -> Request:
    query = {
        "username": "isms",
        "password": "secret-isms",
        "from": "myself",
        "to": ",".join([*numbers, GONE]),
        "message": text,
        "dlr-url": f"{catcher}/isms",
    }
    return Request("GET", "/api/http/send.php?" + urlencode(query))


def _smsclub(numbers: list[str], catcher: str, text: str) -> Request:
    body = {"phone": numbers, "message": text, "src_addr": "VashZakaz"}
    return Request("POST", "/sms/send", json.dumps(body).encode(), {**_JSON, "Authorization": "Bearer token-smsclub"})


def _smspresto(numbers: list[str], catcher: str, text: str) -> Request:
    data = {
        "user": "smspresto",
        "pass": "secret-smspresto",
        "action": "sendsms",
        "from": "oniris",
        "message": text,
        "to": [{"recipient": number} for number in numbers],
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", "/console/api/", urlencode({"data": json.dumps(data)}).encode(), kind)


def _smsadvert(numbers: list[str], catcher: str, text: str) -> Request:
    body = {
        "phone": ",".join(numbers),
        "shortTextMessage": text,
        "sendAsShort": True,
        "callback": f"{catcher}/smsadvert",
    }
    return Request("POST", "/api/sms/", json.dumps(body).encode(), {**_JSON, "Authorization": "token-smsadvert"})


def _ardary(numbers: list[str], catcher: str, text: str) -> Request:
    header = {"login": "ardary", "accesskey": "secret-ardary", "sender_name": "Ardary"}
    entries = [{"id_sms_api": f"ref-{each}", "phone_number": f"+{each}", "message": text} for each in numbers]
    return Request("POST", "/api/sendSms", json.dumps({"header": header, "messages": entries}).encode(), _JSON)


def _kannel(numbers: list[str], catcher: str, text: str) -> Request:
    query = {
        "username": "kannel",
        "password": "secret-kannel",
        "from": "Kannel",
        "to": " ".join(numbers),
        "text": text,
        "dlr-mask": "31",
        "dlr-url": f"{catcher}/kannel?to=%p&state=%d",
    }
    return Request("GET", "/cgi-bin/sendsms?" + urlencode(query))


def _jasmin(numbers: list[str], catcher: str, text: str) -> Request:
    query = {
        "username": "jasmin",
        "password": "secret-jasmin",
        "from": "Jasmin",
        "to": numbers[0],
        "content": text,
        "dlr": "yes",
        "dlr-level": "3",
        "dlr-method": "GET",
        "dlr-url": f"{catcher}/jasmin/{numbers[0]}",
    }
    return Request("GET", "/send?" + urlencode(query))


class Provider(NamedTuple):
    """One API: how many recipients a request of its customer has, its request, and what of an answer says 'taken'."""

    name: str
    size: int
    request: Callable[[list[str], str, str], Request]
    taken: str  #: of the answer to a request that was taken whole
    unavailable: str  #: of the answer where the store cannot write
    ending: str  #: of the answer at the end
    short: str  #: of the answer where credit does not reach
    stages: frozenset[str]  #: what it is told of each message
    prefix: str


#: In the order of their names; each has numbers of its own.
PROVIDERS = {
    each.name: each
    for each in (
        Provider(
            "ardary", 3, _ardary,
            r'\{"data":\{"sms":\[(\{[^{}]*"result":"success"\},?)+\]\}\}',
            r".*#10[0-9].*", r".*#10[0-9].*", r".*#102.*",
            frozenset({SENT, FINAL}), "306960",
        ),
        Provider(
            "isms", 2, _isms, "ID:(?P<id>[0-9A-Z]{1,13})",
            "Error: .*", "Error: .*", r"Error: Insufficient credits\.",
            frozenset({FINAL}), "306961",
        ),
        Provider(
            "jasmin", 1, _jasmin, 'Success "(?P<id>[0-9a-f-]{36})"',
            'Error ".*"', 'Error ".*"', 'Error ".*"',
            frozenset({SENT, FINAL}), "306962",
        ),
        Provider(
            "kannel", 2, _kannel, "0: Accepted for delivery",
            r"Temporal failure, try again later\.", r"Temporal failure, try again later\.", ".*",
            frozenset({SENT, FINAL}), "306963",
        ),
        Provider(
            "smsadvert", 50, _smsadvert, '.*"successMessage":.*"msgId":"(?P<id>[0-9]+)".*',
            r'\{"errorMessage":.*\}', r'\{"errorMessage":.*\}', r'\{"errorMessage":.*\}',
            frozenset({FINAL}), "306964",
        ),
        Provider(
            "smsclub", 3, _smsclub, r'\{"success_request":\{"info":\{("[0-9]+":"[0-9]+",?)+\}\}\}',
            '.*"code":5[0-9][0-9].*', '.*"code":5[0-9][0-9].*', ".*",
            frozenset({FINAL}), "306965",
        ),
        Provider(
            "smspresto", 3, _smspresto, r'\{"status":0,.*"message-count":3,"ids":\[.*\]\}',
            r'\{"status":107,.*', r'\{"status":107,.*', r'\{"status":104,.*',
            frozenset({FINAL}), "306966",
        ),
    )
}  # fmt: skip


class Told(NamedTuple):
    """What a customer was told of one request; `taken` where all of its numbers were."""

    numbers: list[str]
    taken: bool
    id: str  #: of the submission, where the API names one
    status: int
    body: str


def send(provider: Provider, port: int, catcher: str, first: int, text: str = "Hello") -> Told:
    """One request to the numbers from `first` on. Raises OSError, HTTPException where the connection was lost."""
    numbers = numbers_of(provider, first)
    request = provider.request(numbers, catcher, text)
    answer = ask(port, request.method, request.path, request.body, request.headers)
    body = text_of(answer)
    found = re.fullmatch(provider.taken, body, re.DOTALL)
    return Told(numbers, found is not None, (found.groupdict().get("id") or "") if found else "", answer.status, body)


def numbers_of(provider: Provider, first: int) -> list[str]:
    """The numbers of the request that begins at `first`."""
    return [f"{provider.prefix}{first + number:06d}" for number in range(provider.size)]


def text_of(answer: Answer) -> str:
    """The body of an answer, JSON without blanks."""
    body = answer.body
    return body.decode() if isinstance(body, bytes) else json.dumps(body, separators=(",", ":"))


def tenants(catcher: Catcher, **more: Any) -> list[dict[str, object]]:
    """A tenant for each: id NAME, user NAME with `secret-NAME`, token `token-NAME`; told at the catcher."""
    found = []
    for name in PROVIDERS:
        usual: dict[str, object] = {"dlr_url": f"{catcher.url}/native"}
        if name == "ardary":
            usual = {"callbacks": {"style": "ardary", "url": f"{catcher.url}/ardary"}}
        found.append(
            {
                "id": name,
                "credit": "1000.0000",
                "currency": "EUR",
                "price": "0.0400",
                "senders": ["*"],
                "default_sender": "Info",
                "credentials": [
                    {"kind": "password", "username": name, "secret": f"secret-{name}"},
                    {"kind": "token", "secret": f"token-{name}"},
                ],
                **usual,
                **more,
            }
        )
    return found


def gateway_for(
    scene: Scene, smsc: Smsc, catcher: Catcher, each: Mapping[str, object] | None = None, **settings: Any
) -> Gateway:
    """A gateway with the seven tenants before an SMSC; `each` is said of every tenant."""
    made = tenants(catcher, **(each or {}))
    return scene.gateway(smsc, tenants=made, **{"dialects": UNLIMITED, **settings})


@contextmanager
def catching() -> Iterator[Catcher]:
    """Where callbacks go, stopped at the end."""
    catcher = Catcher()
    try:
        yield catcher
    finally:
        catcher.stop()


def native(gateway: Gateway, name: str) -> Tenant:
    """The native API as one of the tenants."""
    return Tenant(gateway.http_port, f"token-{name}")


def callbacks(catcher: Catcher) -> dict[str, list[tuple[str, str]]]:
    """What the customers were told by callbacks, by number, in order: SENT, NOTICE or FINAL, and the word for it."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for caught in list(catcher.caught):
        query, where = dict(caught.query), caught.path
        if where == "/native":
            body = json.loads(caught.body)
            for one in body["receipts"] if body["type"] == "batch" else [body]:
                stage = SENT if one["type"] == "message.sent" else FINAL
                found[one["to"].lstrip("+")].append((stage, one["state"]))
        elif where == "/ardary":
            said = json.loads(query["status"])
            stage = SENT if said["status"] == "sent" else FINAL
            found[said["phone_number"].lstrip("+")].append((stage, said["status"]))
        elif where == "/isms":
            found[query["mobile"]].append((FINAL, query["status"]))
        elif where == "/smsadvert":
            said = json.loads(caught.body)
            found[said["phone"].lstrip("+")].append((FINAL, said["status"]))
        elif where == "/kannel":
            found[query["to"].strip().lstrip("+")].append((_MASK.get(query["state"], FINAL), query["state"]))
        else:
            assert where.startswith("/jasmin/"), where
            fields = {**query, **dict(part.partition("=")[::2] for part in caught.body.decode().split("&") if part)}
            stage = SENT if fields["level"] == "1" else FINAL
            found[where.rpartition("/")[2]].append((stage, fields["message_status"]))
    return found


def provider_of(number: str) -> Provider:
    """Whose number it is."""
    return next(each for each in PROVIDERS.values() if number.startswith(each.prefix))


def count(gateway: Gateway, name: str, action: str) -> Any:
    """A counter of SMSPresto's API, which any tenant may ask for."""
    query = urlencode({"user": name, "pass": f"secret-{name}", "action": action})
    answer = ask(gateway.http_port, "GET", f"/console/api/?{query}")
    return int(answer.body) if isinstance(answer.body, bytes) else int(answer.body["TOTAL"])


def history(gateway: Gateway, name: str) -> list[dict[str, str]]:
    """A tenant's whole history, by SMSPresto's API."""
    found: list[dict[str, str]] = []
    while True:
        query = {
            "user": name,
            "pass": f"secret-{name}",
            "action": "list-archive",
            "dateFrom": "2000-01-01",
            "dateTo": "2100-01-01",
            "from": len(found),
            "to": len(found) + 500,
        }
        answer = ask(gateway.http_port, "GET", f"/console/api/?{urlencode(query)}")
        assert isinstance(answer.body, list), answer
        found += answer.body
        if len(answer.body) < 500:
            return found
