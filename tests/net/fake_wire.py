"""Transports in memory, joined in pairs or alone: what is written stays put until it is moved."""

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock as TaskClock
from twisted.python.failure import Failure

BUFFER = 65536


class FakeClock:
    """ports.Clock over a task.Clock; the wall clock starts in 2026."""

    def __init__(self, reactor=None):
        self.reactor = reactor or TaskClock()
        self.offset_ms = 1_780_000_000_000

    def now_ms(self):
        return self.offset_ms + int(self.reactor.seconds() * 1000)

    def monotonic(self):
        return self.reactor.seconds()


class FakeTransport:
    """One end. `writes` are the writes as they came; `peer_reads` False lets them pile up as a full socket does."""

    def __init__(self, port=2775):
        self.writes = []
        self.buffer = bytearray()
        self.producer = None
        self.producer_paused = False
        self.peer_reads = True
        self.reading = True
        self.disconnecting = False
        self.disconnected = False
        self.aborted = False
        self.no_delay = False
        self.protocol = None
        self.port = port

    def attach(self, protocol):
        self.protocol = protocol
        protocol.makeConnection(self)

    def write(self, data):
        if self.disconnected:
            return
        self.writes.append(bytes(data))
        self.buffer += data
        if len(self.buffer) > BUFFER and self.producer is not None and not self.producer_paused:
            self.producer_paused = True
            self.producer.pauseProducing()

    def take(self):
        """What was written and not yet taken; empty while the peer does not read."""
        if not self.peer_reads:
            return b""
        data, self.buffer = bytes(self.buffer), bytearray()
        if self.producer_paused and self.producer is not None:
            self.producer_paused = False
            self.producer.resumeProducing()
        return data

    def getPeer(self):
        return IPv4Address("TCP", "192.0.2.1", self.port)

    def getHost(self):
        return IPv4Address("TCP", "192.0.2.2", 40000)

    def setTcpNoDelay(self, enabled):
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled):
        pass

    def registerProducer(self, producer, streaming):
        assert streaming
        self.producer = producer

    def unregisterProducer(self):
        self.producer = None

    def pauseProducing(self):
        self.reading = False

    def resumeProducing(self):
        self.reading = True

    def loseConnection(self):
        self.disconnecting = True

    def abortConnection(self):
        self.aborted = True
        self.buffer.clear()
        self.end(ConnectionAborted())

    def end(self, error=None):
        """The connection ends here."""
        if not self.disconnected:
            self.disconnected = True
            self.protocol.connectionLost(Failure(error or ConnectionDone()))


class Wire:
    """Two protocols joined: `pump` moves octets until nothing moves any more, on one task.Clock."""

    def __init__(self, reactor, left, right, port=2775):
        self.reactor = reactor
        self.left = FakeTransport(port)
        self.right = FakeTransport(50000)
        self.right.attach(right)
        self.left.attach(left)

    def pump(self):
        """True when something moved."""
        moved = False
        while self._step():
            moved = True
        return moved

    def _step(self):
        self.reactor.advance(0)
        moved = False
        for near, far in ((self.left, self.right), (self.right, self.left)):
            if far.reading and not far.disconnected:
                data = near.take()
                if data:
                    moved = True
                    far.protocol.dataReceived(data)
            if near.disconnecting and not near.disconnected and not near.buffer:
                near.end()
                moved = True
            if near.disconnected and not far.disconnected and not near.buffer:
                far.end(ConnectionLost() if near.aborted else ConnectionDone())
                moved = True
        return moved

    def cut(self):
        """The network goes away: both ends lose the connection, what was on its way is gone."""
        self.left.buffer.clear()
        self.right.buffer.clear()
        self.left.end(ConnectionLost())
        self.right.end(ConnectionLost())
