"""Every operator's command with values that nobody expects: each is refused by name or carried out, none fails."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import socket
from collections import Counter
from typing import Any, Final

import pytest

from tests.scenario.business import check_books, create, funds
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import check_sound

LONG: Final = "x" * 70_000
VALUES: Final = (
    "",
    " ",
    "\0",
    "a\0b",
    "-1",
    "0",
    "1e999",
    "nan",
    "99999999999999999999999999",
    "٣",
    "yes",
    "null",
    "*",
    "..",
    "../../etc/passwd",
    "@",
    "%s%n",
    "'; DROP TABLE tenant; --",
    "\ud83d",
    "😀" * 50,
    "\u202e\u200b",
    "\r\nX: y",
    "=1+1",
    "{}",
    "[]",
    "[" * 5000,
    '{"id": ' * 2000,
    '{"prices": {"30": -1}}',
    '{"credentials": [{"kind": "token", "secret": null}]}',
    '{"credentials": {"kind": "token"}}',
    '{"id": {"a": 1}, "credit": [1]}',
    '{"__proto__": 1, "credit": 1e400}',
    "a: &a [*a, *a]",
    "!!python/object/apply:os.system [id]",
    "2026-13-45T99:99:99Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "+306912345678",
    "3" * 400,
    "prefix,price\n*,1\n*,1\n",
    "prefix,price\n\0,\0\n",
    "ok",
    "no\nsuch",
    "%00",
    "GR",
    "0001-01-01T00:00:00+23:59",
    '{"content": 1}',
    LONG,
)
SHARES: Final = 6
SEVERAL: Final = 5  #: times each command is asked with several nonsensical parameters at once
# What stands for things that are there, so that more than the first check is reached.
GOOD: Final = {
    "tenant": "victim",
    "id": "victim",
    "kind": "token",
    "amount": "0.01",
    "name": "thing",
    "number": "306955555555",
    "prefix": "30",
    "csv": "prefix,price\n*,0.05\n",
    "pattern": "casino",
    "where": "GR",
    "before": "2000-01-01T00:00:00Z",
}
LEFT_OUT: Final = {("store", "backup"), ("store", "vacuum"), ("tls", "reload")}


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with a tenant that is not to be hurt, `other`."""
    gateway = shared.gateway(shared.smsc(), smpp={})
    create(gateway, "victim", credit="10", price="0.04")
    create(gateway, "other", credit="10", price="0.04")
    return gateway


class Admin(http.client.HTTPConnection):
    """A connection to the admin socket, made again whenever the gateway has closed it."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__("localhost", timeout=30)
        self._path = str(gateway.admin_socket)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """The status, and what the answer's JSON is."""
        self.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.getresponse()
        return answer.status, json.loads(answer.read())


def _ask(gateway: Gateway, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    with contextlib.closing(Admin(gateway)) as admin:
        return admin.ask(method, path, body)


def _commands(gateway: Gateway) -> list[dict[str, Any]]:
    status, found = _ask(gateway, "GET", "/commands")
    assert status == 200
    listed: list[dict[str, Any]] = found["commands"] if isinstance(found, dict) else found
    return [each for each in listed if (each["noun"], each["verb"]) not in LEFT_OUT]


def test_no_value_of_a_parameter_makes_a_command_fail(gateway: Gateway) -> None:
    """Each value for each parameter, the others as they should be. Commands that have a parameter of the same name,
    such as `tenant`, share the values out among six of them."""
    wrong: list[tuple[object, ...]] = []
    commands = _commands(gateway)
    having = Counter(each["name"] for command in commands for each in command["parameters"])
    turns: Counter[str] = Counter()
    admin = Admin(gateway)
    for command in commands:
        path = f"/commands/{command['noun']}/{command['verb']}"
        names = [each["name"] for each in command["parameters"]]
        needed = {each["name"]: GOOD.get(each["name"], "x") for each in command["parameters"] if each["required"]}
        for name in names:
            shares = min(SHARES, having[name])
            turns[name] += 1
            for value in VALUES[turns[name] % shares :: shares]:
                status, answer = admin.ask("POST", path, json.dumps({**needed, name: value}).encode())
                if status not in (200, 422, 400):
                    wrong.append((path, name, value[:60], status, answer))
                elif status != 200 and len(answer["detail"]) > 5000:
                    wrong.append((path, name, value[:60], "a long detail", answer["detail"][:300]))
    admin.close()
    assert not wrong, "\n".join(map(str, wrong))
    check_books(gateway)
    check_sound(gateway)
    balance = funds(gateway, "other")
    assert balance == (10, 0)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b"null", b'"x"', b'{"tenant": 1}', b'{"tenant": null}', b'{"tenant": ["a"]}', b"\xff\xfe"),
        *(b'{"tenant": "victim", "tenant": "other"}', b"[" * 100_000, b'{"a":' * 50_000, b'{"tenant": "\\ud800"}'),
    ],
)
def test_no_body_makes_it_fail(gateway: Gateway, body: bytes) -> None:
    """What is no JSON object of texts is refused."""
    status, answer = _ask(gateway, "POST", "/commands/ledger/statement", body)
    assert status in (200, 400, 422), answer
    check_sound(gateway)


def test_prices_are_never_negative(gateway: Gateway) -> None:
    """However they are given; and no list takes one."""
    for options in ({"price": "-1"}, {"prices": {"30": "-0.01"}}, {"lookup_price": "-1"}, {"credit_limit": "-5"}):
        answer = gateway.command("tenant", "set", id="victim", json=json.dumps(options))
        assert answer.get("code") == "invalid", answer
    answer = gateway.command("price", "import", name="minus", csv="prefix,price\n*,-0.01\n")
    assert answer.get("code") == "invalid", answer


def test_nonsense_in_several_parameters_at_once_and_a_start_after_it_all(gateway: Gateway) -> None:
    """A refusal that says why; then the gateway sends on, ends well, and comes up again with all that was taken."""
    dice = random.Random(7)
    commands = _commands(gateway)
    admin = Admin(gateway)
    assert len(commands) > 50
    for command in commands:
        for _ in range(SEVERAL):
            given = {
                each["name"]: dice.choice((*VALUES, "victim"))
                for each in command["parameters"]
                if each["required"] or dice.random() < 0.4
            }
            if command["verb"].startswith("pcap"):
                given.setdefault("seconds", "1")  # of its own accord it would capture for ten
            if "tenant" in given and dice.random() < 0.7:
                given["tenant"] = "victim"
            path = f"/commands/{command['noun']}/{command['verb']}"
            status, answer = admin.ask("POST", path, json.dumps(given).encode())
            assert status < 500, (path, given, answer)
            assert status == 200 or answer["detail"], (path, given, answer)
    admin.close()
    check_sound(gateway)
    gateway.signal(signal.SIGTERM)
    assert gateway.wait_end() == 0
    gateway.start()
    gateway.wait_ready()
    gateway.tenant.wait_state(gateway.tenant.send("+447700900999"), "delivered")
    check_sound(gateway)
    assert funds(gateway, "other") == (10, 0)
