"""Servers of raw bytes on loopback: a test says for each request what goes back, and when."""

from twisted.internet.protocol import Factory, Protocol


class Peer(Protocol):
    """One connection; `requests` are the whole requests that came on it."""

    def __init__(self):
        self.buffer = b""
        self.requests = []

    def connectionMade(self):
        self.factory.peers.append(self)
        if self.factory.on_connect is not None:
            self.factory.on_connect(self)

    def dataReceived(self, data):
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            lines = head.lower().split(b"\r\n")
            length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.requests.append(head + b"\r\n\r\n" + rest[:length])
            self.factory.requests.append(self.requests[-1])
            self.factory.answer(self, self.requests[-1])

    def connectionLost(self, reason):
        self.factory.lost += 1

    def ok(self, body=b"ok", status=b"200 OK"):
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


class PeerFactory(Factory):
    """`answer(peer, request)` is called for each request; by default it answers 200."""

    noisy = False
    protocol = Peer

    def __init__(self, answer=None, on_connect=None):
        self.answer = answer or (lambda peer, request: peer.ok())
        self.on_connect = on_connect
        self.peers = []
        self.requests = []
        self.lost = 0
