"""The lean sink takes receipts in every shape that a gateway sends them in."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from smsgwd.simulator.http_sink import HttpSink


class RunningSink:
    """A sink on a thread of its own."""

    def __init__(self, **options: object) -> None:
        self.service = HttpSink(**options)  # type: ignore[arg-type]
        self.port = self.service.listen("127.0.0.1", 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.service.turn()

    def ask(self, octets: bytes) -> bytes:
        """Send, and read until the sink has nothing more to say."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
            sock.sendall(octets)
            sock.shutdown(socket.SHUT_WR)
            found = b""
            while data := sock.recv(65536):
                found += data
            return found

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.service.close()


@pytest.fixture
def sink() -> Iterator[Callable[..., RunningSink]]:
    running: list[RunningSink] = []

    def start(**options: object) -> RunningSink:
        running.append(RunningSink(**options))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def receipt(number: int, state: str = "delivered", **more: object) -> dict[str, object]:
    return {
        **more, "type": f"message.{state}", "id": str(7_000 + number), "to": f"+30690{number:08d}", "from": "bench",
        "state": state, "error": None,
    }  # fmt: skip


def post(body: object, name: str = "content-length") -> bytes:
    octets = json.dumps(body, separators=(",", ":")).encode()
    head = b"POST /dlr HTTP/1.1\r\nhost: x\r\nwebhook-id: msg_1\r\n%b: %d\r\n\r\n" % (name.encode(), len(octets))
    return head + octets


def test_pushes_are_noted_by_number_with_their_ids(sink):
    one = sink()
    answers = one.ask(post(receipt(3)) + post(receipt(5), "Content-Length") + post(receipt(5)))
    assert answers == b"HTTP/1.1 204 No Content\r\n\r\n" * 3
    report = one.service.report
    assert (report.copies[3], report.copies[4], report.copies[5]) == (1, 0, 2)
    assert (report.ids[3], report.ids[5]) == (b"7003", b"7005") and report.arrived[3] > 0 == report.arrived[4]
    found = one.service.summary()
    assert (found["requests"], found["receipts"], found["unique"], found["repeated"]) == (3, 3, 2, 1)
    assert found["bad_requests"] == found["not_good"] == 0


def test_coalesced_receipts_are_each_noted(sink):
    one = sink()
    receipts = [receipt(number, webhook_id=f"msg_{number}") for number in (1, 2, 9)]
    one.ask(post({"type": "batch", "receipts": receipts}))
    assert [one.service.report.ids[number] for number in (1, 2, 9)] == [b"7001", b"7002", b"7009"]
    assert one.service.summary()["receipts"] == 3 and one.service.summary()["requests"] == 1


def test_a_request_in_pieces_is_one_request(sink):
    one = sink()
    octets = post(receipt(3)) + post(receipt(4))
    with socket.create_connection(("127.0.0.1", one.port), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(octets), 7):
            sock.sendall(octets[at : at + 7])
        answers = b""
        while answers.count(b"\r\n\r\n") < 2:
            answers += sock.recv(1000)
    assert one.service.summary()["unique"] == 2 and one.service.summary()["bad_requests"] == 0


def test_a_state_that_is_not_expected_is_counted(sink):
    one = sink()
    one.ask(post({"type": "batch", "receipts": [receipt(1, "undelivered"), receipt(2)]}))
    assert one.service.summary()["not_good"] == 1 and one.service.summary()["unique"] == 2


def test_receipts_of_other_gateways(sink):
    one = sink(mark=b"d=30690", good=b"", reply=b"OK")
    answer = one.ask(b"GET /d?d=3069000000012&t=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
    assert one.service.report.copies[12] == 1 and one.service.report.ids[12] == b""


@pytest.mark.parametrize(
    "octets",
    [
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_what_is_no_push_ends_the_connection_alone(sink, octets):
    one = sink()
    assert one.ask(octets) == b""
    assert one.ask(post(receipt(1))).startswith(b"HTTP/1.1 204")


def test_a_push_without_a_number_is_counted(sink):
    one = sink()
    one.ask(post({"type": "message.delivered"}) + post({"to": "+30690abcdefgh"}))
    assert one.service.summary()["bad_requests"] == 2 and one.service.summary()["unique"] == 0


def test_statistics_can_be_asked_for(sink):
    one = sink()
    one.ask(post(receipt(1)))
    asked = http.client.HTTPConnection("127.0.0.1", one.port, timeout=5)
    asked.request("GET", "/stats")
    assert json.loads(asked.getresponse().read())["unique"] == 1
    asked.close()
