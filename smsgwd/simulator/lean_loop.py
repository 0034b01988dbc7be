"""Sockets of many SMPP peers on a bare epoll loop: large reads, one write a read, no object a PDU.

What measures the gateway must cost little beside it, so there is neither a framework nor the session of `smpp` here:
a link walks the headers of what it has read and collects octets in `out`.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from struct import Struct

READ_SIZE = 256 * 1024
MAX_PDU = 64 * 1024
unpack_header = Struct(">IIII").unpack_from
pack_header = Struct(">IIII").pack
pack_number = Struct(">I").pack
_AGAIN = (errno.EAGAIN, errno.EINPROGRESS, errno.EWOULDBLOCK)


class LeanLink(ABC):
    """One connection. A subclass says what its octets mean in `take`; what it puts in `out` leaves after that."""

    __slots__ = ("_rest", "_unsent", "connected", "loop", "out", "sock")
    read_size = READ_SIZE  #: octets taken from the socket at once

    def __init__(self, loop: LeanLoop) -> None:
        self.loop = loop
        self.sock: socket.socket | None = None
        self.connected = False
        self.out: list[bytes] = []
        self._rest = b""
        self._unsent = b""

    @abstractmethod
    def take(self, data: bytes, now: float) -> int:
        """Handle the whole PDUs in `data`, read at `now` (s, monotonic); return the octets used. Raises ValueError."""
        ...

    @abstractmethod
    def opened(self, now: float) -> None:
        """The connection is there."""
        ...

    @abstractmethod
    def closed(self, now: float) -> None:
        """It was there and is gone, or could not be made."""
        ...

    def connect(self, address: tuple[str, int]) -> None:
        """Begin to connect; `opened` or `closed` will be called."""
        sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.attach(sock)
        problem = sock.connect_ex(address)
        if problem and problem not in _AGAIN:
            self.close()

    def attach(self, sock: socket.socket, *, connected: bool = False) -> None:
        """Take a socket; it is watched from now on."""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.connected = connected
        self._rest = self._unsent = b""
        self.out.clear()
        self.loop.watch(self, writing=not connected)
        if connected:
            self.opened(self.loop.clock())

    def close(self) -> None:
        """Close it; `closed` is called once."""
        sock = self.sock
        if sock is None:
            return
        self.loop.forget(self)
        sock.close()
        self.sock = None
        self.connected = False
        self.closed(self.loop.clock())

    def flush(self) -> None:
        """Write what `out` holds; what the socket does not take waits until it can."""
        sock = self.sock
        if sock is None or not self.connected:
            return
        data = b"".join(self.out)
        self.out.clear()
        waiting = bool(self._unsent)
        if waiting:
            data = self._unsent + data
        if not data:
            return
        try:
            sent = sock.send(data)
        except OSError as problem:
            if problem.errno not in _AGAIN:
                self.close()
                return
            sent = 0
        self._unsent = data[sent:]
        if bool(self._unsent) != waiting:
            self.loop.rewatch(self, writing=not waiting)

    def ready(self, mask: int, now: float) -> None:
        """The loop's call when something happened on the socket."""
        sock = self.sock
        assert sock is not None
        if not self.connected:
            if mask & (select.EPOLLERR | select.EPOLLHUP) or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.close()
                return
            self.connected = True
            self.loop.rewatch(self, writing=False)
            self.opened(now)
            self.flush()
            return
        if mask & ~select.EPOLLOUT:
            try:
                data = sock.recv(self.read_size)
            except OSError as problem:
                if problem.errno not in _AGAIN:
                    self.close()
                return
            if not data:
                self.close()
                return
            if self._rest:
                data = self._rest + data
            try:
                used = self.take(data, now)
            except ValueError:
                self.close()
                return
            self._rest = data[used:]
        if self.out or mask & select.EPOLLOUT:
            self.flush()


class LeanLoop:
    """The loop of many links.

    With `coalesce_s` it looks at its sockets at most once in so long (s): what came meanwhile is one batch. A wake-up
    costs more than a message, and a latency seen by this loop then has up to that much more in it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, coalesce_s: float = 0.0) -> None:
        self.clock = clock
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[int, float], None]] = {}
        self._coalesce = coalesce_s
        self._awake = 0.0  # when it last looked

    def watch(self, link: LeanLink, *, writing: bool) -> None:
        """A new link."""
        assert link.sock is not None
        self._ready[link.sock.fileno()] = link.ready
        self._epoll.register(link.sock, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def rewatch(self, link: LeanLink, *, writing: bool) -> None:
        """A link begins, or ends, to wait until it can write."""
        assert link.sock is not None
        self._epoll.modify(link.sock, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def forget(self, link: LeanLink) -> None:
        """A link's socket is about to be closed."""
        assert link.sock is not None
        self._ready.pop(link.sock.fileno(), None)
        self._epoll.unregister(link.sock)

    def on_readable(self, sock: socket.socket, call: Callable[[], None]) -> None:
        """Call when a socket that is no link, such as a listening one, can be read."""
        self._ready[sock.fileno()] = lambda mask, now: call()
        self._epoll.register(sock, select.EPOLLIN)

    def turn(self, wait: float) -> float:
        """Wait up to `wait` seconds for something and handle it; returns the time (s, monotonic)."""
        if self._coalesce:
            rest = self._awake + self._coalesce - self.clock()
            if rest > 0:
                time.sleep(rest)
                wait -= rest
                if wait < 0.001:  # epoll would make a whole millisecond of it
                    wait = 0.0
        events = self._epoll.poll(wait)
        self._awake = now = self.clock()
        ready = self._ready
        for fd, mask in events:
            call = ready.get(fd)
            if call is not None:
                call(mask, now)
        return now

    def close(self) -> None:
        """Close the epoll descriptor; links are closed by their owner."""
        if not self._epoll.closed:
            self._epoll.close()
