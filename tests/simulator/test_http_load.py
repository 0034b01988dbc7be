"""The load against a scripted server on a real socket, in a thread of its own."""

import socket
import threading
from collections.abc import Callable

import pytest

from smsgwd.simulator.http_load import HttpLoad, Job, Next, parse_answer

OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (OK, (202, b"ok", False)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"", False)),
        (b"HTTP/1.1 503 Busy\r\nconnection: close\r\nContent-Length: 0\r\n\r\n", (503, b"", True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            (200, b"abc0123456789", False),
        ),
    ],
)
def test_answers_are_cut_and_never_before_they_are_whole(octets, answer):
    assert parse_answer(octets) == answer
    body_at = octets.find(b"\r\n\r\n") + 4
    for end in range(body_at if answer[1] or b"chunked" in octets else body_at - 1):
        assert parse_answer(octets[:end]) is None


def test_what_is_no_http():
    with pytest.raises(ValueError, match="not an HTTP answer"):
        parse_answer(b"SSH-2.0-x\r\n\r\n")


class Server:
    """Answers each request with what `answer(request number)` says: octets, or None to hang up."""

    def __init__(self, answer: Callable[[int], bytes | None]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.requests: list[bytes] = []
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            while data := sock.recv(65536):
                with self._lock:
                    self.requests.append(data)
                    answer = self._answer(len(self.requests))
                if answer is None:
                    return
                sock.sendall(answer)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def serve():
    servers = []

    def start(answer: Callable[[int], bytes | None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Owner:
    def __init__(self, on_lost: Next = Next.DONE) -> None:
        self.done: list[int] = []
        self.lost_jobs: list[int] = []
        self.again: set[int] = set()
        self._on_lost = on_lost

    def answered(self, job: Job, status: int, body: bytes) -> Next:
        if status != 202:
            self.again.add(job.tag)
            return Next.AGAIN
        self.done.append(job.tag)
        return Next.DONE

    def lost(self, job: Job) -> Next:
        self.lost_jobs.append(job.tag)
        return self._on_lost


def _jobs(count: int):
    return (Job(b"POST /%d HTTP/1.1\r\n\r\n" % number, number) for number in range(count))


def test_every_job_once_over_kept_connections(serve):
    server, owner = serve(lambda n: OK), Owner()
    assert HttpLoad(server.address, 4, _jobs(200), owner.answered, owner.lost).run(timeout_s=10)
    assert sorted(owner.done) == list(range(200)) and len(server.requests) == 200
    assert server.connections == 4 and owner.lost_jobs == []


def test_a_refusal_goes_again(serve):
    server = serve(lambda n: OK if n % 3 else b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    owner = Owner()
    assert HttpLoad(server.address, 2, _jobs(30), owner.answered, owner.lost, retry_s=0.01).run(timeout_s=10)
    assert sorted(owner.done) == list(range(30)) and owner.again


@pytest.mark.parametrize("then", [Next.AGAIN, Next.DONE])
def test_an_unanswered_job_is_the_owners_decision(serve, then):
    server, owner = serve(lambda n: None if n == 3 else OK), Owner(then)
    assert HttpLoad(server.address, 1, _jobs(6), owner.answered, owner.lost, retry_s=0.01).run(timeout_s=10)
    assert owner.lost_jobs == [2]
    assert sorted(owner.done) == [n for n in range(6) if n != 2 or then is Next.AGAIN]
    assert len(server.requests) == (7 if then is Next.AGAIN else 6)


def test_a_server_that_is_not_there_yet_is_waited_for_and_nothing_counts_as_lost(serve):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = reserved.getsockname()
    owner = Owner()
    started: list[Server] = []
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            server = Server.__new__(Server)
            server._answer, server._lock, server.requests, server.connections = lambda n: OK, threading.Lock(), [], 0
            server._listening = socket.create_server(address)
            threading.Thread(target=server._accept, daemon=True).start()
            started.append(server)

    try:
        assert HttpLoad(address, 2, _jobs(10), owner.answered, owner.lost, retry_s=0.01).run(tick, timeout_s=10)
    finally:
        for server in started:
            server.close()
    assert sorted(owner.done) == list(range(10)) and owner.lost_jobs == [] and ticks >= 5


def test_a_connection_that_the_server_closes_is_opened_again(serve):
    closing = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    server, owner = serve(lambda n: closing), Owner()
    load = HttpLoad(server.address, 1, _jobs(5), owner.answered, owner.lost)
    assert load.run(timeout_s=10) and len(owner.done) == load.connects == 5


def test_a_rate_is_kept(serve):
    server = serve(lambda n: OK)
    ended: list[float] = []
    dues: list[float] = []

    def answered(job: Job, status: int, body: bytes) -> Next:
        ended.append(job.ended)
        dues.append(job.due)
        return Next.DONE

    assert HttpLoad(server.address, 4, _jobs(50), answered, lambda job: Next.DONE, rate=200).run(timeout_s=10)
    assert max(dues) - min(dues) == pytest.approx(49 / 200)  # 50 starts, 5 ms apart
    assert max(ended) - min(dues) >= 0.24


def test_time_runs_out(serve):
    server = serve(lambda n: b"")
    owner = Owner()
    assert not HttpLoad(server.address, 1, _jobs(1), owner.answered, owner.lost).run(timeout_s=0.2)
