"""What a keep-alive POST of 300 bytes costs from `dataReceived` to the bytes given to the socket.

    python -m tests.net.bench_http_server

The least of many rounds, so that what else runs on the machine does not count. No assertion: figures are for people.
"""

import time

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock

from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener

try:
    from smsgwd.net.http_message import Later
except ImportError:  # a version before it
    Later = None

ROUNDS, REQUESTS = 15, 2000
BODY = (b'{"from": "Shop", "to": "+306912345678", "text": "' + b"x" * 300)[:298] + b'"}'
HEAD = (
    b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
    b"Authorization: Bearer abcdefghijklmnopqrstuvwxyz\r\nContent-Type: application/json\r\nX-Trace: %08d\r\n"
    b"Content-Length: 300\r\n\r\n"
)
ANSWER = b'{"id": "0123456789", "messages": []}'
HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


class _Reactor(Clock):
    def seconds(self):
        return time.monotonic()


class _Wire:
    """A transport that counts what it is given."""

    disconnecting = False

    def __init__(self):
        self.answers = 0

    def write(self, data):
        self.answers += data.startswith(b"HTTP/1.1 202 ")

    def getPeer(self):
        return IPv4Address("TCP", "192.0.2.7", 4711)

    getHost = getPeer

    def registerProducer(self, producer, streaming):
        pass

    def unregisterProducer(self):
        pass

    def resumeProducing(self):
        pass

    def pauseProducing(self):
        pass

    def loseConnection(self):
        pass


def _cost(handler, reads, requests, after=lambda: None):
    """Microseconds a request, of `requests` that come in `reads`."""
    wire = _Wire()
    channel = HttpListener(_Reactor(), handler, observer=lambda route, status, seconds: None).buildProtocol(None)
    channel.makeConnection(wire)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for data in reads:
            channel.dataReceived(data)
            after()
        best = min(best, time.perf_counter() - started)
    assert wire.answers == ROUNDS * requests
    return best / requests * 1e6


def _at_once(request):
    return HttpResponse(202, HEADERS, ANSWER, "POST /v1/messages")


def main():
    """Print the figures."""
    head = HEAD % 1
    same = [head + BODY] * REQUESTS
    chunked = head.replace(b"Content-Length: 300", b"Transfer-Encoding: chunked") + b"12c\r\n" + BODY + b"\r\n0\r\n\r\n"
    cases = {
        "same head, answered at once": same,
        "another head each time": [HEAD % n + BODY for n in range(REQUESTS)],
        "chunked": [chunked] * REQUESTS,
        "ten in one read": [b"".join(same[:10])] * (REQUESTS // 10),
        "head and body in two reads": [head, BODY] * REQUESTS,
    }
    for name, reads in cases.items():
        print(f"{name:<30} {_cost(_at_once, reads, REQUESTS):6.2f} us")
    if Later is None:
        return
    waiting = []

    def later(request):
        waiting.append(Later())
        return waiting[-1]

    def answer():
        waiting.pop().answer(HttpResponse(202, HEADERS, ANSWER, "POST /v1/messages"))

    print(f"{'same head, answered later':<30} {_cost(later, same, REQUESTS, answer):6.2f} us")


if __name__ == "__main__":
    main()
