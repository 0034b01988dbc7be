"""What a request costs the gateway's process when a worker brings it: `python -m tests.net.bench_edge`.

Frames as they come from a socket, the real link, a handler that answers at once, frames as they go out. The least of
several rounds, in microseconds a request, by requests in a frame.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from smsgwd.net.edge_child import EdgeChild
from smsgwd.net.edge_frames import Asked, Log, Ready, Setup, Splitter, ToGateway, encode, encode_requests
from smsgwd.net.edge_link import EdgeLink
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.net.turn import Turn

REQUESTS, ROUNDS = 6_400, 9
HEADERS = {
    "host": "127.0.0.1:8080",
    "authorization": "Bearer 0123456789-0123456789",
    "content-type": "application/json",
    "content-length": "96",
    "accept": "*/*",
    "user-agent": "bench",
}
BODY = b'{"from":"Bench","to":"+306912345678","text":"Message 12345","dlr_url":"http://127.0.0.1:9/dlr"}'
ANSWER = HttpResponse(202, (("Content-Type", "application/json"),), b'{"id":"1","messages":[{"id":"2"}]}' * 5)


class _Reactor:
    """Ends its turn when it is told to."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def at_turn_end(self, call: Any) -> None:
        self.calls.append(call)

    def end_turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def callLater(self, seconds: float, call: Any) -> Any:
        """Pings are not waited for here."""
        return SimpleNamespace(active=lambda: False, cancel=lambda: None)

    seconds = staticmethod(time.monotonic)


class _Transport:
    """Takes what is written."""

    written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def registerProducer(self, producer: object, streaming: bool) -> None:
        pass


def _answer(request: HttpRequest) -> HttpResponse:
    return ANSWER


def measure(batch: int) -> float:
    """Seconds a request."""
    reactor = _Reactor()
    setup = Setup(1, [], (-1, 0), {}, [], "", "", Log())
    child = EdgeChild(
        reactor, Turn(reactor), _answer, 1, [], setup=lambda n: setup, observer=None, changed=lambda number, how: None
    )
    link = EdgeLink(Splitter(ToGateway), child._received, lambda why: None)
    child._link = link
    link.makeConnection(_Transport())  # type: ignore[arg-type]
    link.dataReceived(encode(Ready()))
    asked = [Asked("POST", "/v1/messages", [], HEADERS, BODY, "127.0.0.1", number=n) for n in range(batch)]
    data = b"".join(encode_requests(time.monotonic(), asked, 1 << 20))
    best = 1.0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(REQUESTS // batch):
            link.dataReceived(data)
            reactor.end_turn()
        best = min(best, (time.perf_counter() - begun) / REQUESTS)
    return best


if __name__ == "__main__":
    for size in (1, 8, 64):
        print(f"{size:3} in a frame: {measure(size) * 1e6:.1f} us a request")
