"""A lean HTTP/1.1 load: N keep-alive connections, one request in flight on each, on a bare epoll loop.

No framework, so that the CPU it takes is small beside that of the gateway it measures. A job that was never written
goes again whatever happens; what becomes of a job that was written and not answered is the owner's decision.
"""

import errno
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum

_AGAIN = (errno.EAGAIN, errno.EINPROGRESS, errno.EWOULDBLOCK)
RECONNECT_S = 0.02


class Job:
    """One request. `due` is when it was to start (s, monotonic), `started` when it was written first, `ended` when
    its answer was there; `tag` is the owner's."""

    __slots__ = ("due", "ended", "not_before", "request", "started", "tag", "tries")

    def __init__(self, request: bytes, tag: int, due: float = 0.0) -> None:
        self.request = request
        self.tag = tag
        self.due = due
        self.started = 0.0
        self.ended = 0.0
        self.not_before = 0.0
        self.tries = 0


class Next(Enum):
    """What the owner wants done with a job."""

    DONE = 0
    AGAIN = 1


class _Connection:
    """A socket and the job on it."""

    __slots__ = ("buffer", "connected", "job", "not_before", "sock", "unsent")

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.connected = False
        self.job: Job | None = None
        self.unsent = b""
        self.buffer = b""
        self.not_before = 0.0


class HttpLoad:
    """Drives jobs from an iterator against one address until all are done.

    `answered(job, status, body)` and `lost(job)` (written, but the connection went without an answer) return what to do
    next; AGAIN puts the job behind the waiting ones, after `retry_s`. `rate` (jobs/s, 0 = unlimited) paces the starts.
    """

    def __init__(
        self,
        address: tuple[str, int],
        connections: int,
        jobs: Iterator[Job],
        answered: Callable[[Job, int, bytes], Next],
        lost: Callable[[Job], Next],
        rate: float = 0.0,
        retry_s: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._connections = [_Connection() for _ in range(connections)]
        self._jobs = jobs
        self._again: deque[Job] = deque()
        self._answered = answered
        self._lost = lost
        self._interval = 1.0 / rate if rate > 0 else 0.0
        self._retry_s = retry_s
        self._clock = clock
        self._epoll = select.epoll()
        self._by_fd: dict[int, _Connection] = {}
        self._idle: deque[_Connection] = deque(self._connections)
        self._exhausted = False
        self._next_due = 0.0
        self.in_flight = 0
        self.connects = 0

    def run(self, tick: Callable[[], None] | None = None, timeout_s: float = 600.0) -> bool:
        """Run until every job is done; `tick` is called at least every 50 ms. False when `timeout_s` passed first."""
        end = self._clock() + timeout_s
        self._next_due = self._clock()
        try:
            while True:
                now = self._clock()
                if now > end:
                    return False
                wait = self._start_jobs(now)
                if self._exhausted and not self.in_flight and not self._again:
                    return True
                for fd, mask in self._epoll.poll(wait):
                    connection = self._by_fd.get(fd)
                    if connection is not None:
                        self._ready(connection, mask)
                if tick is not None:
                    tick()
        finally:
            self.close()

    def close(self) -> None:
        """Close every socket."""
        for connection in self._connections:
            if connection.sock is not None:
                connection.sock.close()
                connection.sock = None
        self._by_fd.clear()
        if not self._epoll.closed:
            self._epoll.close()

    def _start_jobs(self, now: float) -> float:
        """Give jobs to idle connections; return how long to wait for events (s)."""
        resting = 0
        while self._idle and resting < len(self._idle):
            connection = self._idle[0]
            if connection.not_before > now:
                self._idle.rotate(-1)
                resting += 1
                continue
            job = self._next_job(now)
            if job is None:
                break
            self._idle.popleft()
            self.in_flight += 1
            connection.job = job
            if connection.sock is None:
                self._connect(connection)
            else:
                self._write_job(connection)
        if self._interval and not self._exhausted and self._idle:
            return min(0.05, max(0.0, self._next_due - now))
        return RECONNECT_S if self._again or resting else 0.05

    def _next_job(self, now: float) -> Job | None:
        if self._again and self._again[0].not_before <= now:
            return self._again.popleft()
        if self._exhausted or (self._interval and self._next_due > now):
            return None
        job = next(self._jobs, None)
        if job is None:
            self._exhausted = True
            return None
        job.due = self._next_due if self._interval else now
        self._next_due += self._interval
        return job

    def _connect(self, connection: _Connection) -> None:
        sock = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connects += 1
        connection.sock = sock
        connection.connected = False
        connection.buffer = b""
        self._by_fd[sock.fileno()] = connection
        self._epoll.register(sock, select.EPOLLOUT | select.EPOLLIN)
        problem = sock.connect_ex(self._address)
        if problem and problem not in _AGAIN:
            self._broken(connection)

    def _write_job(self, connection: _Connection) -> None:
        job = connection.job
        assert job is not None
        job.tries += 1
        job.started = job.started or self._clock()
        connection.unsent = job.request
        self._flush(connection)

    def _flush(self, connection: _Connection) -> None:
        assert connection.sock is not None
        try:
            sent = connection.sock.send(connection.unsent)
        except OSError as problem:
            if problem.errno in _AGAIN:
                sent = 0
            else:
                self._broken(connection)
                return
        had_rest = sent < len(connection.unsent)
        connection.unsent = connection.unsent[sent:] if had_rest else b""
        if had_rest:
            self._epoll.modify(connection.sock, select.EPOLLOUT | select.EPOLLIN)

    def _ready(self, connection: _Connection, mask: int) -> None:
        assert connection.sock is not None
        if not connection.connected:
            if mask & (select.EPOLLERR | select.EPOLLHUP) or connection.sock.getsockopt(
                socket.SOL_SOCKET, socket.SO_ERROR
            ):
                self._broken(connection)
                return
            connection.connected = True
            self._epoll.modify(connection.sock, select.EPOLLIN)
            self._write_job(connection)
            return
        if mask & select.EPOLLOUT and connection.unsent:
            self._epoll.modify(connection.sock, select.EPOLLIN)
            self._flush(connection)
        if mask & ~select.EPOLLOUT and connection.sock is not None:
            self._read(connection)

    def _read(self, connection: _Connection) -> None:
        assert connection.sock is not None
        try:
            data = connection.sock.recv(65536)
        except OSError as problem:
            if problem.errno not in _AGAIN:
                self._broken(connection)
            return
        if not data:
            self._broken(connection)
            return
        buffer = connection.buffer + data if connection.buffer else data
        answer = parse_answer(buffer)
        if answer is None:
            connection.buffer = buffer
            return
        status, body, close = answer
        connection.buffer = b""
        job = connection.job
        connection.job = None
        if close or job is None:
            self._drop_socket(connection)
        if job is None:  # an answer nobody asked for, such as 408 on an idle connection
            return
        job.ended = self._clock()
        self.in_flight -= 1
        self._idle.append(connection)
        self._then(job, self._answered(job, status, body))

    def _broken(self, connection: _Connection) -> None:
        """The connection failed: rest a little; the job goes again when it was not written, else the owner decides."""
        connected = connection.connected
        self._drop_socket(connection)
        connection.not_before = self._clock() + (0.0 if connected else RECONNECT_S)
        job = connection.job
        connection.job = None
        if job is None:
            return
        self.in_flight -= 1
        self._idle.append(connection)
        self._then(job, self._lost(job) if connected else Next.AGAIN)

    def _then(self, job: Job, what: Next) -> None:
        if what is Next.AGAIN:
            job.not_before = self._clock() + self._retry_s
            self._again.append(job)

    def _drop_socket(self, connection: _Connection) -> None:
        if connection.sock is not None:
            self._by_fd.pop(connection.sock.fileno(), None)
            connection.sock.close()
            connection.sock = None
        connection.connected = False
        connection.buffer = b""
        connection.unsent = b""


def parse_answer(buffer: bytes) -> tuple[int, bytes, bool] | None:
    """Cut one HTTP/1.1 answer: (status, body, whether the connection closes); None when it is not complete.

    Knows Content-Length and chunked bodies. Raises ValueError for what is no HTTP answer.
    """
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    if not buffer.startswith(b"HTTP/1.") or not buffer[9:12].isdigit():
        raise ValueError(f"not an HTTP answer: {buffer[:40]!r}")
    status = int(buffer[9:12])
    headers = buffer[:head].lower()
    close = b"\r\nconnection: close" in headers
    start = head + 4
    at = headers.find(b"\r\ncontent-length:")
    if at >= 0:
        line_end = headers.find(b"\r\n", at + 2)
        length = int(headers[at + 17 : line_end if line_end >= 0 else None])
        return (status, buffer[start : start + length], close) if len(buffer) >= start + length else None
    if b"\r\ntransfer-encoding: chunked" in headers:
        body = _dechunk(buffer, start)
        return None if body is None else (status, body, close)
    return status, b"", close


def _dechunk(buffer: bytes, at: int) -> bytes | None:
    parts: list[bytes] = []
    while True:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        size = int(buffer[at:line_end].split(b";")[0], 16)
        at = line_end + 2
        if len(buffer) < at + size + 2:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(buffer[at : at + size])
        at += size + 2
