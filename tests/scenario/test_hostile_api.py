"""Every path of the tenants' API with values that nobody expects, and with what belongs to somebody else."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.scenario.business import check_books, create, funds, told
from tests.scenario.client import Tenant
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import check_sound

TEXTS: Final = (
    "",
    "\0",
    "a\0b",
    "-1",
    "99999999999999999999999999",
    "1e9",
    "nan",
    "٣",
    "..",
    "a/../b",
    "%",
    "'; DROP TABLE tenant; --",
    "\ud83d",
    "😀" * 30,
    "\r\nX: y",
    "=1+1",
    "AAAAAAAAAAf7RkrK",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-13-45T99:99:99Z",
    "9999-12",
    "0000-01",
    "2026-11",
    "x" * 5000,
    "3" * 400,
)
JSONS: Final[tuple[object, ...]] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    1e308,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": {"c": []}}},
    ["+306912345678"] * 2000,
    *TEXTS,
)
RAW: Final = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"a":1e400}',
    b"\xff\xfe{}",
    b'"\\ud800"',
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b'{"number": "+306912345678", "number": "+306912345679"}',
    b"1" * 5000,
)


USUAL: Final = {
    "to": "+306912345678",
    "text": "Hi",
    "from": "Shop",
    "name": "thing",
    "number": "+306912345678",
    "numbers": ["+306912345678"],
    "schedule_at": "+1 hour",
    "details": {"company": "Shop Ltd"},
}
FILES: Final = (
    "number,first_name\n+306912345678,Eva\n",
    "number,first_name\n\0,\0\n",
    "number,first_name\n+306912345678,=cmd|' /C calc'!A0\n",
    'number,first_name\n"+3069123,\n' + "x" * 5000,
    "number\n" + "+306912345678\n" * 5000,
    "BEGIN:VCARD\nVERSION:3.0\nTEL:+306912345678\nFN:\ud83d\nEND:VCARD\n",
    "BEGIN:VCARD\n" * 20_000,
    "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=ZZ=\n=\n=\nTEL:+306912345678\nEND:VCARD",
)


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with a tenant that attacks and one that is not to be hurt."""
    gateway = shared.gateway(shared.smsc(), smpp={}, lookups={"sources": [{"kind": "plan"}]})
    create(gateway, "reseller", credit="1000", price="0.01")
    create(gateway, "attacker", parent="reseller", credit="1000", price="0.01", lookup_price="0.001")
    create(gateway, "victim", credit="10", price="0.04")
    return gateway


@pytest.fixture(scope="module")
def paths(gateway: Gateway) -> dict[str, Any]:
    """Paths of the OpenAPI document the gateway itself gives, with what else it defines."""
    document: dict[str, Any] = Tenant(gateway.http_port).ask("GET", "/openapi.json").body
    return document


class Line:
    """One connection, kept alive, with the credential of the attacker."""

    def __init__(self, gateway: Gateway, name: str = "attacker") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30)
        self._token = f"{name}-token"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, Any]:
        """Status and body of one request; the connection is opened anew where it was closed."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        for again in (True, False):
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self._connection.close()
                if not again:
                    raise
        raise AssertionError


def _written(path: str, name: str, text: str) -> str:
    return path.replace("{" + name + "}", quote(text.encode("utf-8", "surrogatepass"), safe=""))


def _filled(path: str) -> str:
    """A path with something in place of each parameter."""
    for name, text in (("id", "1"), ("code", "x"), ("number", "306912345678"), ("name", "x"), ("month", "2026-11")):
        path = _written(path, name, text)
    return path


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _bodies(document: dict[str, Any], schema: dict[str, Any], values: tuple[object, ...]) -> Iterator[Any]:
    """Bodies of that schema with each of the values in each place of them, one at a time, complete otherwise."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields = schema.get("properties", {})
    usual = {name: USUAL[name] for name in fields if name in USUAL}
    for name, inner in fields.items():
        for value in values:
            yield {**usual, name: value}
        for item in _bodies(document, inner.get("items", {}), values):
            yield {**usual, name: [item]}
    for text in schema.get("required", ()):
        yield {name: value for name, value in usual.items() if name != text}


def test_no_parameter_makes_a_request_fail(gateway: Gateway, paths: dict[str, Any]) -> None:
    """Each value for each parameter in path and query."""
    line, wrong = Line(gateway), []
    for method, path, operation in _operations(paths):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] not in ("path", "query"):
                continue
            for text in TEXTS:
                value = quote(text.encode("utf-8", "surrogatepass"), safe="")
                if parameter["in"] == "path":
                    target = _filled(_written(path, parameter["name"], text))
                else:
                    target = f"{_filled(path)}?{parameter['name']}={value}"
                status, answer = line.ask(method, target)
                if status >= 500:
                    wrong.append((method, target[:80], status, answer[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    check_sound(gateway)


def test_no_body_makes_a_request_fail(gateway: Gateway, paths: dict[str, Any]) -> None:
    """What is no JSON, and each value in each place that the schema names."""
    line, wrong, good = Line(gateway), [], 0
    for method, path, operation in _operations(paths):
        content = operation.get("requestBody", {}).get("content", {})
        for kind, media in content.items():
            bodies = list(RAW)
            if kind == "application/json":
                bodies += [json.dumps(body).encode() for body in _bodies(paths, media["schema"], JSONS)]
            else:
                bodies += [text.encode("utf-8", "surrogatepass") for text in FILES]
            for body in bodies:
                status, answer = line.ask(method, _filled(path), body, kind)
                good += status < 300
                if status >= 500:
                    wrong.append((method, path, body[:100], status, answer[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert good > 100  # it is not all refused at the first look
    check_books(gateway)
    check_sound(gateway)


def test_nothing_of_another_tenant_is_seen_or_changed(gateway: Gateway, paths: dict[str, Any]) -> None:
    """Its ids, codes, numbers and names are not there for another, for its customer and its reseller neither."""
    victim = create(gateway, "parent", credit="10", price="0.04", lookup_price="0.001", senders=["Shop"])
    create(gateway, "child", parent="parent", credit="10", price="0.04")
    mark = "zebra77"
    message = victim.send("+306977777777", f"{mark} {{link}}", link=f"https://example.net/{mark}", client_ref=mark)
    later = victim.send("+306977777778", mark, schedule_at="+1 hour")
    for path, body in (
        ("/v1/contacts", {"number": "+306977777777", "first_name": mark}),
        ("/v1/groups", {"name": mark}),
        (f"/v1/groups/{mark}/members", {"numbers": ["+306977777777"]}),
        ("/v1/templates", {"name": mark, "text": mark}),
        ("/v1/senders", {"name": mark, "details": {"company": mark, "website": "https://example.net"}}),
        ("/v1/optouts", {"number": "+306977777779"}),
    ):
        assert victim.ask("POST", path, body).status < 300, path
    lookup = victim.ask("POST", "/v1/lookups", {"to": ["+306977777777"]}).body["id"]
    told(gateway, "ledger", "topup", tenant="parent", amount="1.23", reference=mark, note=mark)
    [link] = victim.ask("GET", "/v1/links").body["links"]
    before = {path: _kept(victim.ask("GET", path).body) for path in _lists(paths)}
    money = funds(gateway, "parent")
    for other in ("attacker", "child", "reseller"):
        line = Line(gateway, other)
        for path in _lists(paths):
            status, answer = line.ask("GET", path)
            assert status == 200, (path, answer)
            assert mark.encode() not in answer and b"30697777777" not in answer, (other, path, answer)
        for method, path, _ in _operations(paths):
            if "{" not in path:
                continue
            for text in (message, later, lookup, link["code"], "306977777777", "306977777779", mark):
                target = path
                for name in ("id", "code", "number", "name", "month"):
                    target = _written(target, name, text)
                if method == "PUT":
                    continue  # makes one of its own
                sent = b'{"schedule_at": "now", "numbers": ["+306977777777"]}' if method in ("PATCH", "POST") else None
                status, answer = line.ask(method, target, sent)
                optout = path.startswith(("/v1/optouts", "/v1/bills"))
                assert status in (404, 409, 422, 400) or (optout and status < 300), (other, method, target, answer)
                assert mark.encode() not in answer or mark in target, (other, method, target, answer)
        assert line.ask("POST", "/v1/messages", json.dumps({"to_group": mark, "text": "x"}).encode())[0] == 422
        use = {"to": "+306912345678", "template": mark}
        assert line.ask("POST", "/v1/messages", json.dumps(use).encode())[0] == 422
    assert {path: _kept(victim.ask("GET", path).body) for path in _lists(paths)} == before
    assert funds(gateway, "parent") == money
    assert victim.message(later)["state"] == "scheduled"
    check_books(gateway)


def _kept(answer: Any) -> Any:
    """An answer without what tells the time at which it was asked for: statistics go up to now."""
    return {name: value for name, value in answer.items() if name != "to_date"} if isinstance(answer, dict) else answer


def _lists(document: dict[str, Any]) -> list[str]:
    return [
        path
        for path, methods in document["paths"].items()
        if path.startswith("/v1/") and "{" not in path and "get" in methods
    ]
