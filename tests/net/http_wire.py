"""A client side for HttpListener tests, in memory: bytes in, bytes out, a clock that is turned by hand."""

import json

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpLimits, HttpListener


class Answer:
    """One parsed answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Transport(StringTransport):
    """A transport that knows half-close and abort."""

    half_closed = aborted = False

    def loseWriteConnection(self):
        self.half_closed = True

    def abortConnection(self):
        self.aborted = True

    @property
    def closed(self):
        return self.half_closed or self.aborted or self.disconnecting


class Wire:
    """One connection to a listener of its own, or to `listener`."""

    def __init__(self, handler=None, limits=None, listener=None, peer="192.0.2.7", **options):
        self.seen = []
        self.observed = []
        if listener is None:
            self.reactor = MemoryReactorClock()
            self.reactor.advance(1_700_000_000)
            listener = HttpListener(
                self.reactor,
                handler or self._echo,
                limits or HttpLimits(),
                observer=lambda *row: self.observed.append(row),
                **options,
            )
        self.listener = listener
        self.reactor = listener.reactor
        self.transport = Transport(peerAddress=IPv4Address("TCP", peer, 4711))
        self.channel = listener.buildProtocol(None)
        if self.channel is not None:
            self.channel.makeConnection(self.transport)

    def _echo(self, request):
        self.seen.append(request)
        body = f"{request.method} {request.path} {len(request.body)}".encode()
        return HttpResponse(200, (("Content-Type", "text/plain"),), body, "echo")

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        self.channel.dataReceived(data)

    def lose(self):
        self.channel.connectionLost(Failure(ConnectionDone()))

    def answers(self, head=False):
        """Everything written so far, parsed and taken."""
        data = self.transport.value()
        self.transport.clear()
        found = []
        while data:
            top, _, data = data.partition(b"\r\n\r\n")
            lines = top.decode("latin-1").split("\r\n")
            version, status, _ = lines[0].split(" ", 2)
            assert version == "HTTP/1.1"
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(": ")
                assert name.lower() not in headers or name == "WWW-Authenticate"
                headers[name.lower()] = value
            length = 0 if head or status == "100" else int(headers["content-length"])
            assert len(data) >= length
            found.append(Answer(int(status), headers, data[:length]))
            data = data[length:]
        return found

    def answer(self, **options):
        (only,) = self.answers(**options)
        return only
