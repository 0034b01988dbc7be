"""A hostile and a clumsy user of the tenants' listener, the ops listener and the admin socket of the real gateway.

Each answer is the protocol's own error, nobody else notices, nothing is logged as an error, and what was answered 202
arrives at the SMSC once.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.harness import TOKEN, Gateway, Scene, Smsc, Tenant, wait

AUTH = f"Authorization: Bearer {TOKEN}\r\n"
HEAD = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\n{AUTH}"
BODY = '{"from": "Shop", "to": "+306912345678", "text": "x"}'
TO = '"from": "Shop", "to": "+306912345678"'
OTHER: dict[str, object] = {
    "id": "other",
    "credit": "10.0000",
    "currency": "EUR",
    "price": "0.0400",
    "senders": ["*"],
    "credentials": [
        {"kind": "token", "secret": "other-token"},
        {"kind": "password", "username": "other", "secret": "other"},
    ],
}


class World:
    """One gateway with its SMSC for all tests of this file."""

    def __init__(self, scene: Scene) -> None:
        self.smsc: Smsc = scene.smsc()
        self.gateway: Gateway = scene.gateway(self.smsc, tenants=[OTHER])
        self.tenant: Tenant = self.gateway.tenant
        self.other = Tenant(self.gateway.http_port, "other-token")

    def raw(self, data: bytes, *, port: int | None = None, path: Path | None = None, half: bool = False) -> bytes:
        """Send bytes and read until the gateway closes."""
        family = socket.AF_INET if path is None else socket.AF_UNIX
        with socket.socket(family) as sock:
            sock.settimeout(15)
            sock.connect(("127.0.0.1", port or self.gateway.http_port) if path is None else str(path))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered before all was sent
                sock.sendall(data)
                if half:
                    sock.shutdown(socket.SHUT_WR)
            found = b""
            while chunk := sock.recv(65536):
                found += chunk
            return found

    def post(self, body: str | bytes, headers: str = "") -> tuple[int, str]:
        """POST /v1/messages as written; the status and the problem's code."""
        data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        head = f"{HEAD}{headers}Connection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        return verdict(self.raw(head.encode("latin-1") + data))

    def rss_mib(self) -> float:
        """Memory of the gateway."""
        pages = int(Path(f"/proc/{self.gateway.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20


def verdict(answer: bytes) -> tuple[int, str]:
    """The status of the last answer in `answer`, and the code of its problem document."""
    head, _, body = answer.rpartition(b"\r\n\r\n")
    status = int(head[head.rindex(b"HTTP/1.1 ") :][9:12])
    if status < 400:
        return status, ""
    assert b"application/problem+json" in head and b"Traceback" not in body, answer
    return status, json.loads(body)["code"]


@pytest.fixture(scope="module")
def world(shared: Scene) -> Iterator[World]:
    """The world; at the end nothing was logged as an error."""
    world = World(shared)
    yield world
    errors = [line for line in world.gateway.log_lines() if line["level"] in ("error", "critical")]
    assert errors == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, "malformed")),
        ("{", (400, "malformed")),
        (f'{{{TO}, "text": "x"}} x', (400, "malformed")),
        (f'{{{TO}, "text": "x", "validity_s": NaN}}', (400, "malformed")),
        (f'{{{TO}, "text": "a\\ud800b"}}', (400, "malformed")),
        (f'{{{TO}, "text": "a\\udc00\\ud800"}}', (400, "malformed")),
        (b"{" + TO.encode() + b', "text": "\xff"}', (400, "malformed")),
        (b"\xef\xbb\xbf" + BODY.encode(), (400, "malformed")),
        (BODY.encode("utf-16"), (400, "malformed")),
        ("[" * 100_000, (422, "invalid")),
        (f'{{{TO}, "text": ' + "[" * 100_000 + "]" * 100_000 + "}", (422, "invalid")),
        ("null", (422, "invalid")),
        (f'{{{TO}, "text": 1}}', (422, "invalid")),
        (f'{{{TO}, "text": "x", "priority": {"9" * 5000}}}', (422, "invalid")),
        (f'{{{TO}, "text": "x", "validity_s": 1e999}}', (422, "invalid")),
        (f'{{{TO}, "text": "x", "more": 1}}', (422, "invalid")),
        (f'{{{TO}, "text": "{"a" * 1_000_000}"}}', (422, "invalid")),
        (f'{{{TO}, "text": "{"a" * 1_100_000}"}}', (413, "too_large")),
        (f'{{{TO}, "text": "a\\u0000"}}', (422, "invalid_text")),
        (f'{{{TO}, "text": "abc", "coding": "binary"}}', (422, "invalid_text")),
        ('{"from": "Shop", "to": [], "text": "x"}', (422, "invalid")),
        ('{"from": "Shop", "to": "", "text": "x"}', (422, "invalid_recipient")),
        (f'{{"from": "Shop", "to": "{"9" * 2000}", "text": "x"}}', (422, "invalid_recipient")),
        (json.dumps({"from": "S", "to": ["+306912345678"] * 1001, "text": "x"}), (422, "invalid")),
        (f'{{{TO}, "text": "x", "dlr_url": "http://example.net:/"}}', (422, "invalid_dlr_url")),
        (f'{{{TO}, "text": "x", "dlr_url": "http://2130706433/"}}', (422, "invalid_dlr_url")),
        (f'{{{TO}, "text": "x", "schedule_at": "9999-12-31T23:59:59-23:59"}}', (422, "invalid_schedule")),
    ],
)
def test_bodies(world: World, body: str | bytes, expected: tuple[int, str]) -> None:
    """Whatever is wrong with a body is said, and nothing is sent."""
    before = world.tenant.balance()
    assert world.post(body) == expected
    assert world.tenant.balance() == before


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (f"{HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, "malformed")),
        (f"{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}} ", (400, "malformed")),
        (f"{HEAD}Content-Length: -1\r\n\r\n", (400, "malformed")),
        (f"{HEAD}Content-Length: {'9' * 5000}\r\n\r\n", (413, "too_large")),
        (f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, "malformed")),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n", (400, "malformed")),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{'f' * 5000}", (400, "malformed")),
        (f"{HEAD}X: {'a' * 100_000}\r\n\r\n", (431, "headers_too_large")),
        (HEAD + "X: y\r\n" * 5000 + "\r\n", (431, "headers_too_large")),
        (f"{HEAD}X y: z\r\n\r\n", (400, "malformed")),
        (f"{HEAD}X: a\0b\r\n\r\n", (400, "malformed")),
        ("GET /v1/balance\r\n\r\n", (400, "malformed")),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, "malformed")),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 500, (400, "malformed")),
        ("\x00\x00\x00\x1f\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01gw\x00", (400, "malformed")),
        (f"GET /v1/balance HTTP/1.1\r\n{AUTH}\r\n", (400, "malformed")),
        ("GET / HTTP/1.1\nHost: x\n\n", (400, "malformed")),
    ],
)
def test_framing(world: World, data: str, expected: tuple[int, str]) -> None:
    """One answer, then the connection is closed, and what came behind is not taken for a request."""
    smuggled = f"GET /v1/balance HTTP/1.1\r\nHost: x\r\n{AUTH}\r\n"
    answer = world.raw((data + smuggled).encode("latin-1"))
    assert verdict(answer) == expected
    assert answer.count(b"\r\nContent-Length: ") == 1


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("GET /v1/%2e%2e/v1/balance", (404, "not_found")),
        ("GET //v1/balance", (404, "not_found")),
        ("GET /v1/balance%00", (404, "not_found")),
        ("GET /v1/messages/0", (404, "not_found")),
        ("GET /v1/messages/-1", (404, "not_found")),
        ("GET /v1/messages/9223372036854775807", (404, "not_found")),
        ("GET /v1/messages/9223372036854775808", (404, "not_found")),
        ("DELETE /v1/messages/9223372036854775807", (404, "not_found")),
        ("GET /v1/messages?cursor=gAAAAAAAAAC0bJ-X", (422, "invalid")),
        ("GET /v1/messages?cursor=__________8hRN8c", (422, "invalid")),
        ("GET /v1/messages?to_date=9999-12-31T23:59:59Z", (200, "")),
        ("GET /v1/messages?from_date=0001-01-01T00:00:00Z", (200, "")),
        ("GET /v1/messages?limit=%D9%A1", (422, "invalid")),
        ("GET /v1/messages?to=%ff", (400, "malformed")),
        ("GET http://elsewhere/v1/balance", (200, "")),
        ("FOO /v1/balance", (405, "method_not_allowed")),
    ],
)
def test_targets(world: World, target: str, expected: tuple[int, str]) -> None:
    """Paths are matched as sent; ids, cursors and dates may be any number."""
    request = f"{target} HTTP/1.1\r\nHost: x\r\n{AUTH}Connection: close\r\n\r\n"
    assert verdict(world.raw(request.encode("latin-1"))) == expected


def test_a_client_that_never_reads_costs_no_memory_and_nobody_notices(world: World) -> None:
    """A thousand lists asked for on each of some connections, and not a byte of the answers read."""
    numbers = [f"+3069200{n:05d}" for n in range(1000)]
    assert world.tenant.post(numbers, "Hello", schedule_at="2099-01-01T00:00:00Z").status == 422
    assert world.tenant.post(numbers).status == 202
    request = f"GET /v1/messages?limit=1000 HTTP/1.1\r\nHost: x\r\n{AUTH}\r\n".encode() * 1000
    world.tenant.ask("GET", "/v1/messages?limit=1000")

    def lists() -> float:
        return world.gateway.metric("smsgwd_http_requests_total", route="GET /v1/messages")

    asked, before = lists(), world.rss_mib()
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", world.gateway.http_port))
            sock.setblocking(False)
            sock.send(request)
        wait("the lists are asked for", lambda: lists() >= asked + 5)

        def settled() -> bool:
            now = lists()
            time.sleep(0.5)
            return lists() == now

        wait("no more lists are answered", settled, 15)
        assert world.rss_mib() - before < 40


def test_a_client_that_closes_its_half_gets_its_answer(world: World) -> None:
    """As `nc -N` does."""
    data = f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}".encode()
    assert verdict(world.raw(data, half=True)) == (202, "")
    assert world.raw(data[:-1], half=True) == b""


def test_what_is_another_tenants_is_not_there(world: World) -> None:
    """Ids, keys and cursors of one tenant tell another nothing."""
    first = world.tenant.post("+306912345678", "mine", key="same")
    assert world.tenant.post("+306912345678", "mine", key="same").body == first.body
    assert world.tenant.post("+306912345678", "changed", key="same").body["code"] == "idempotency_mismatch"
    theirs = world.other.post("+306912345678", "mine", key="same")
    assert theirs.status == 202 and theirs.body["id"] != first.body["id"]
    for any_id in (first.body["id"], first.body["messages"][0]["id"]):
        for method in ("GET", "DELETE"):
            found = world.other.ask(method, f"/v1/messages/{any_id}")
            assert (found.status, found.body["code"]) == (404, "not_found")
    page = world.tenant.ask("GET", "/v1/messages?limit=1").body
    found = world.other.ask("GET", f"/v1/messages?limit=5&cursor={page['next_cursor']}").body
    assert {message["submission"] for message in found["messages"]} <= {theirs.body["id"]}


def test_wrong_passwords_close_a_name_at_an_address_only(world: World) -> None:
    """Neither the tenant's token there nor its password elsewhere notices."""

    def ask(source: str, secret: bytes) -> int:
        pair = base64.b64encode(b"other:" + secret).decode()
        with socket.socket() as sock:
            sock.bind((source, 0))
            sock.connect(("127.0.0.1", world.gateway.http_port))
            sock.sendall(f"GET /v1/balance HTTP/1.1\r\nHost: x\r\nAuthorization: basic {pair}\r\n\r\n".encode())
            return int(sock.recv(4096)[9:12])

    answers = [ask("127.0.0.1", b"wrong %d" % n) for n in range(12)]
    assert answers[0] == 401 and answers[-1] == 429
    assert ask("127.0.0.1", b"other") == 429
    assert ask("127.0.0.2", b"other") == 200
    assert world.other.ask("GET", "/v1/balance").status == 200


def test_the_admin_socket_and_the_ops_listener_answer_garbage(world: World) -> None:
    """In HTTP, whatever it was."""
    path = world.gateway.admin_socket
    head = b"POST /commands/status/show HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    for body, expected in ((b'{"a": "\xff"}', 400), (b'{"a":' * 10_000, 400), (b'{"a": "b"}', 422), (b"{}", 200)):
        assert verdict(world.raw(head % len(body) + body, path=path))[0] == expected
    assert verdict(world.raw(b"\0\xff" * 100, path=path)) == (400, "malformed")
    for request, status in (("POST /metrics", 405), ("GET /", 404), ("HEAD /ready", 200)):
        data = f"{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        assert verdict(world.raw(data, port=world.gateway.ops_port))[0] == status


def test_what_is_cancelled_while_it_is_sent_is_either_sent_or_cancelled(scene: Scene) -> None:
    """Cancels race with a connector at work: money and SMSC agree with every answer."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, connector={"throughput": 200, "burst": 10})
    ids = gateway.tenant.send_many(200)
    answers: dict[str, int] = {}

    def cancel(own: list[str]) -> None:
        for message in own:
            answers[message] = gateway.tenant.ask("DELETE", f"/v1/messages/{message}").status

    threads = [threading.Thread(target=cancel, args=(list(reversed(ids))[n::3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers.values()) == {200, 409}
    cancelled = [message for message in ids if answers[message] == 200]
    wait("all have ended", lambda: set(gateway.tenant.states().values()) <= {"delivered", "cancelled"})
    states = gateway.tenant.states()
    assert [message for message in ids if states[message] == "cancelled"] == cancelled
    texts = Counter(text.text for text in smsc.texts())
    assert texts == Counter(f"Message {n}" for n, message in enumerate(ids) if answers[message] == 409)
    assert gateway.tenant.balance() == f"{1000 - 0.04 * (200 - len(cancelled)):.4f}"


def test_a_signal_at_any_time_ends_it_well(scene: Scene) -> None:
    """During the start, and while requests run: exit 0, and what was answered 202 arrives after the next start."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, start=False)
    for event in ("daemon.starting", "store.opened"):
        gateway.start()
        gateway.wait_event(event)
        assert gateway.stop() == 0
        gateway.log_path.write_bytes(b"")
    gateway.start()
    gateway.wait_ready()
    taken: list[str] = []
    ended = threading.Event()

    def post(who: int) -> None:
        for number in range(100_000):
            if ended.is_set():
                return
            try:
                answer = gateway.tenant.post("+306912345678", f"{who}-{number}")
            except OSError:
                continue
            if answer.status == 202:
                taken.append(f"{who}-{number}")
            else:
                assert answer.body["code"] == "shutting_down"

    threads = [threading.Thread(target=post, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    wait("requests are running", lambda: len(taken) > 100)
    os.kill(gateway.pid, signal.SIGTERM)
    wait("it has ended", lambda: not gateway.running)
    ended.set()
    for thread in threads:
        thread.join()
    assert gateway.stop() == 0
    assert [line for line in gateway.log_lines() if line["level"] == "error"] == []
    gateway.start()
    gateway.wait_ready()
    texts = Counter(text.text for text in smsc.wait_texts(len(taken)))
    assert set(taken) <= set(texts) and max(texts.values()) == 1
