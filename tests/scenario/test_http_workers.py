"""`listeners.http.workers`: other processes take tenants' HTTP, and nothing that is promised changes."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.certificates import Authority
from tests.scenario.harness import TOKEN, Catcher, Gateway, Scene, ask, scene_in, wait

AUTH = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


class Load(threading.Thread):
    """Posts single messages on a kept-alive connection until it is told to stop or the listener is closed.

    A connection that ends is opened anew, as a client does; `unknown` counts the posts that had no answer.
    """

    def __init__(self, gateway: Gateway, prefix: str) -> None:
        super().__init__(daemon=True)
        self._port, self._prefix = gateway.http_port, prefix
        self.ids: list[str] = []
        self.unknown = 0
        self.other: list[int] = []
        self.enough = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.enough.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            try:
                while not self.enough.is_set():
                    number += 1
                    body = json.dumps({"from": "Shop", "to": f"{self._prefix}{number:06d}", "text": "x"})
                    connection.request("POST", "/v1/messages", body, AUTH)
                    answer = connection.getresponse()
                    data = answer.read()
                    if answer.status == 202:
                        self.ids.append(json.loads(data)["messages"][0]["id"])
                    else:
                        self.other.append(answer.status)
            except ConnectionRefusedError:
                return  # the listener is closed
            except (OSError, http.client.HTTPException):
                self.unknown += 1
            finally:
                connection.close()


def loads(gateway: Gateway, count: int = 4) -> list[Load]:
    """Several clients, begun."""
    found = [Load(gateway, f"+3069{n:02d}") for n in range(count)]
    for load in found:
        load.start()
    return found


def pids(gateway: Gateway) -> list[int]:
    """The process ids of the workers."""
    found: list[int] = gateway.status()["http_workers"]["pids"]
    return found


def runs(pid: int) -> bool:
    """True while there is a process of that id that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_counted(gateway: Gateway, status: str) -> None:
    """Until an answer of that status is in the counters."""
    wait(f"{status} is counted", lambda: gateway.metric("smsgwd_http_requests_total", status=status))


def wait_replaced(gateway: Gateway, victim: int) -> None:
    """Until two workers are up, neither of which is the victim."""

    def look() -> bool:
        status = gateway.status()["http_workers"]
        return status["up"] == 2 and victim not in status["pids"]

    wait(f"worker {victim} is replaced", look)


def wait_going_on(clients: list[Load]) -> None:
    """Until every client has had further messages taken."""
    before = [len(client.ids) for client in clients]
    wait("all clients go on", lambda: all(len(c.ids) > n + 5 for c, n in zip(clients, before, strict=True)))


def raw(port: int, data: bytes) -> bytes:
    """Send bytes and read until the gateway closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        sock.sendall(data)
        found = b""
        while chunk := sock.recv(65536):
            found += chunk
        return found


World = tuple[int, Gateway, Catcher]


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway with one worker, then one with two."""
    with scene_in(tmp_path_factory.mktemp("workers")) as scene:
        smsc, catcher = scene.smsc(), scene.catcher()
        yield (
            request.param,
            scene.gateway(
                smsc,
                catcher=catcher,
                http={"workers": request.param, "max_body": 20_000, "trusted_proxies": ["127.0.0.0/8"]},
                auth={"max_failures_address": 3},
            ),
            catcher,
        )


def test_submitted_and_pushed(world: World) -> None:
    _, gateway, catcher = world
    before = gateway.metric("smsgwd_accept_seconds_count")
    message = gateway.tenant.send("+306912345678", "Γειά σου")
    assert catcher.wait_push(message)["state"] == "delivered"
    assert gateway.tenant.message(message)["to"] == "+306912345678"
    assert gateway.metric("smsgwd_accept_seconds_count") == before + 1
    assert 0 < gateway.metric("smsgwd_accept_seconds_sum") < 10, "the clocks of the processes are one"


def test_the_processes_are_seen(world: World) -> None:
    count, gateway, _ = world
    status = gateway.status()["http_workers"]
    assert (status["up"], status["of"], len(set(status["pids"]))) == (count, count, count)
    assert gateway.metric("smsgwd_http_workers") == count
    with socket.create_connection(("127.0.0.1", gateway.http_port)):
        wait("the connection is counted", lambda: gateway.metric("smsgwd_connections", listener="http") >= 1)


def test_a_connection_is_kept(world: World) -> None:
    _, gateway, _ = world
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=20)
    connection.connect()
    sock = connection.sock
    for n in range(50):
        connection.request("GET", f"/v1/messages?limit={n + 1}", headers=AUTH)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        assert connection.sock is sock
    connection.close()


def test_pipelined_requests_are_answered_in_order(world: World) -> None:
    _, gateway, _ = world
    one = b"GET /v1/balance HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    found = raw(gateway.http_port, one + b"PUT /v1/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", found) == [b"401", b"404", b"405"]


def test_refusals_of_the_edge_are_counted(world: World) -> None:
    _, gateway, _ = world
    for data, status in (
        (b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 20001\r\n\r\n", b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
    ):
        answer = raw(gateway.http_port, data)
        assert answer.startswith(b"HTTP/1.1 " + status), answer
        assert b"application/problem+json" in answer
        wait_counted(gateway, status.decode())


def test_the_largest_body_arrives(world: World) -> None:
    _, gateway, _ = world
    body = {"messages": [{"from": "Shop", "to": f"+30691{n:07d}", "text": "x"} for n in range(300)]}
    assert 15_000 < len(json.dumps(body)) <= 20_000
    answer = gateway.tenant.ask("POST", "/v1/messages/batch", body)
    assert (answer.status, len(answer.body["messages"])) == (202, 300)


def test_the_address_is_the_one_a_trusted_proxy_names(world: World) -> None:
    _, gateway, _ = world

    def fail(address: str) -> int:
        headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": address}
        return ask(gateway.http_port, "GET", "/v1/balance", headers=headers).status

    assert [fail("203.0.113.7") for _ in range(5)][-1] == 429
    assert fail("203.0.113.8") == 401


def test_a_drain_answers_what_was_taken(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, http={"workers": 2})
    workers = pids(gateway)
    clients = loads(gateway)
    wait("messages come in", lambda: min(len(client.ids) for client in clients) > 20)
    assert gateway.stop() == 0
    for client in clients:
        client.join(20)
        assert not client.is_alive()
        assert set(client.other) <= {503}
    assert not any(runs(pid) for pid in workers)
    lines = gateway.log_lines()
    assert not [line for line in lines if line["level"] in ("error", "warning")]

    gateway.start()
    gateway.wait_ready()
    ids = [one for client in clients for one in client.ids]
    catcher.wait_all(ids, 60)
    assert smsc.stats()["duplicates"] == 0


def test_a_killed_worker_loses_nothing_and_is_replaced(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, http={"workers": 2})
    clients = loads(gateway)
    wait("messages come in", lambda: min(len(client.ids) for client in clients) > 20)
    for victim in pids(gateway):  # both: whichever of them has the connections
        os.kill(victim, signal.SIGKILL)
        wait_replaced(gateway, victim)
        wait_going_on(clients)
    for client in clients:
        client.enough.set()
    for client in clients:
        client.join(30)
        assert not client.other
    assert sum(client.unknown for client in clients) > 0, "no client had been with the workers that were killed"
    catcher.wait_all([one for client in clients for one in client.ids], 60)
    lost = [line for line in gateway.log_lines() if line["event"] == "worker.lost"]
    assert [line["status"] for line in lost] == [-signal.SIGKILL] * 2
    assert gateway.metric("smsgwd_http_workers") == 2
    assert gateway.stop() == 0


def test_signals_to_the_group_are_the_gateways_alone(scene: Scene) -> None:
    gateway = scene.gateway(http={"workers": 1})
    (worker,) = pids(gateway)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(worker, number)
    for _ in range(3):
        assert gateway.tenant.balance() == "1000.0000"
    assert pids(gateway) == [worker]


def test_workers_end_with_a_killed_gateway(scene: Scene) -> None:
    gateway = scene.gateway(http={"workers": 2})
    workers = pids(gateway)
    with socket.create_connection(("127.0.0.1", gateway.http_port)):  # an open connection keeps none of them
        gateway.kill()
        wait("the workers end", lambda: not any(runs(pid) for pid in workers), 5)
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.balance() == "1000.0000"


def test_tls_and_a_certificate_that_is_replaced(scene: Scene) -> None:
    authority = Authority(scene.directory, "authority")
    files = authority.sign("server")
    gateway = scene.gateway(http={"workers": 2, "tls": {"cert": str(files.cert), "key": str(files.key)}})
    context = ssl.create_default_context(cafile=str(authority.cert))

    def serial() -> str:
        with (
            socket.create_connection(("127.0.0.1", gateway.http_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as sock,
        ):
            return str((sock.getpeercert() or {})["serialNumber"])

    connection = http.client.HTTPSConnection("127.0.0.1", gateway.http_port, context=context, timeout=20)
    connection.request("GET", "/v1/balance", headers=AUTH)
    assert json.loads(connection.getresponse().read())["balance"] == "1000.0000"
    first = serial()

    authority.sign("server")
    gateway.signal(signal.SIGHUP)
    wait("new connections of both workers get the new one", lambda: first not in {serial() for _ in range(10)})
    gateway.wait_event("listener.certificate_reloaded")
    connection.request("GET", "/v1/balance", headers=AUTH)  # goes on with what it began with
    assert connection.getresponse().status == 200
    second = serial()

    files.cert.write_text("no certificate")
    gateway.signal(signal.SIGHUP)
    gateway.wait_event("config.refused")
    assert {serial() for _ in range(10)} == {second}
    connection.close()
