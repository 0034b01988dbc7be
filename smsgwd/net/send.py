"""A write that goes to the socket at once.

`transport.write` registers with epoll, waits for the next turn, sends and unregisters: about 25 µs more than the send
itself, which for a small request or answer always fits the socket's buffer. This is the one place that looks into
Twisted's TCP transport for it; whatever is unusual goes through `transport.write`.
"""

from __future__ import annotations

from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection


def send_now(transport: ITransport, data: bytes) -> None:
    """Write `data`; by `socket.send` when the transport is plain TCP with nothing buffered and not closing."""
    if (
        isinstance(transport, Connection)
        and transport.connected
        and not transport.disconnecting
        and not transport.dataBuffer
        and not transport._tempDataBuffer
    ):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0  # would block, or broken: the transport finds out which
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)
