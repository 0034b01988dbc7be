"""One end of the socket pair between the gateway's process and an HTTP worker: messages in, messages out."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from smsgwd.net.edge_frames import FrameError, Splitter, ToGateway, ToWorker, encode
from smsgwd.net.send import send_now


def join(reactor: Any, end: socket.socket, link: EdgeLink) -> None:
    """Have `link` read and write this end of a socket pair, which is duplicated: the caller closes its own.

    By Twisted's TCP transport: the one for Unix sockets looks for descriptors in each read, which takes twice as long.
    """
    server: Any = tcp.Server
    protocol: Any = link
    protocol.makeConnection(server(end.dup(), link, ("socket pair", None), None, 0, reactor))


@implementer(IPushProducer)
class EdgeLink(Protocol):
    """Reads frames and hands their messages on; knows when the other side does not keep up with reading."""

    transport: Any

    def __init__(
        self,
        splitter: Splitter,
        received: Callable[[Any], None],
        lost: Callable[[str], None],
        resumed: Callable[[], None] | None = None,
        *,
        reads_when_full: bool = True,
    ) -> None:
        """`received` gets each message; `lost` is told once, why; `resumed` when there is room again.

        Of the two ends one reads always, or both could wait for each other; the other (`reads_when_full` False) reads
        nothing while what it sent is not taken.
        """
        self.full = False  #: the other side has not read what was sent: send no more than must be
        self._splitter = splitter
        self._received = received
        self._lost = lost
        self._resumed = resumed
        self._reads_when_full = reads_when_full
        self._fault = ""

    def connectionMade(self) -> None:
        """The pair is ours."""
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """A piece of the stream."""
        try:
            for message in self._splitter.feed(data):
                self._received(message)
                if self._fault:
                    return
        except FrameError as error:
            self.break_off(str(error))

    def send(self, message: ToWorker | ToGateway) -> None:
        """Send one message. Raises FrameError when it is too large for any frame."""
        self.send_frames([encode(message)])

    def send_frames(self, frames: list[bytes]) -> None:
        """Send frames in one write; dropped when the link is broken."""
        if self.transport is not None and not self._fault:
            send_now(self.transport, frames[0] if len(frames) == 1 else b"".join(frames))

    def break_off(self, why: str) -> None:
        """Close at once; `lost` hears why."""
        self._fault = self._fault or why
        if self.transport is not None:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The other side is gone, or was given up."""
        self.transport = None
        self._lost(self._fault or "its end of the socket pair was closed")

    # -- IPushProducer ---------------------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        """The transport has enough to send."""
        self.full = True
        if not self._reads_when_full:
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """The transport has sent what it had."""
        self.full = False
        if not self._reads_when_full and self.transport is not None:
            self.transport.resumeProducing()
        if self._resumed is not None:
            self._resumed()

    def stopProducing(self) -> None:
        """The transport closes: `connectionLost` follows."""
