"""The webhook catcher: an HTTP server that takes receipt pushes, checks their signature, counts and records them.

`GET /stats` answers the counters as JSON. Any other GET, and a form, is a callback in a provider's style, which is
counted and shown alone. The HTTP parser knows what a webhook sender needs (keep-alive,
Content-Length, chunked bodies are refused with 411) and nothing else, so that a bench measures the gateway.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from socket import socket
from typing import TYPE_CHECKING, Any, cast

import msgspec
from twisted.internet.interfaces import ISystemHandle, ITCPTransport
from twisted.internet.protocol import Factory, Protocol

from smsgwd.simulator.record import PushLine, Recorder
from smsgwd.simulator.stats import CpuMeter
from smsgwd.simulator.webhook import SignatureError, Verifier

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime

RECORD_SLICE_S = 0.02
MAX_HEAD = 16 * 1024
MAX_BODY = 1024 * 1024
_FORM = b"application/x-www-form-urlencoded"
_REASONS = {200: b"OK", 204: b"No Content", 400: b"Bad Request", 401: b"Unauthorized", 404: b"Not Found", 410: b"Gone"}


class _Data(msgspec.Struct, gc=False):
    """What is looked at in an event's `data`."""

    sender: str = msgspec.field(default="", name="from")
    missing: int = 0


class _Push(msgspec.Struct, gc=False):
    """The fields of a push that are counted; unknown ones are skipped unread."""

    type: str = ""
    id: str = ""
    to: str = ""
    state: str = ""
    client_ref: str | None = None
    data: _Data | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatcherOptions:
    """How the catcher answers. Shares are percent, times milliseconds."""

    host: str = "127.0.0.1"
    port: int = 0
    secret: str | None = None  #: "whsec_..."; None = signatures are not checked
    status: int = 200
    fail_pct: float = 0.0  #: share answered with fail_status
    fail_status: int = 503
    delay_ms: float = 0.0
    hang_pct: float = 0.0  #: share never answered
    seed: int = 42
    record: str | None = None
    show: bool = False


class CatcherStats:
    """The catcher's counters."""

    def __init__(self) -> None:
        self.connections = 0
        self.pushes = 0
        self.unique = 0  #: different message ids with a final receipt answered 2xx
        self.repeated = 0  #: pushes answered 2xx whose webhook-id had been answered 2xx before
        self.contradictions = 0  #: final receipts of one message that name different states
        self.bad_requests = 0
        self.unsigned = 0  #: signature missing or wrong
        self.failed_on_purpose = 0
        self.hung_on_purpose = 0
        self.types: Counter[str] = Counter()
        self._states: dict[str, str] = {}
        self._webhook_ids: set[str] = set()
        self._cpu = CpuMeter()

    def take(self, push: _Push, webhook_id: str) -> None:
        """Count a push that is answered with success."""
        if webhook_id in self._webhook_ids:
            self.repeated += 1
        else:
            self._webhook_ids.add(webhook_id)
        if push.type.startswith("message.") and push.type != "message.sent":
            first = self._states.setdefault(push.id, push.state)
            self.unique = len(self._states)
            if first != push.state:
                self.contradictions += 1

    def summary(self) -> dict[str, Any]:
        """Everything as one JSON-able dict."""
        found = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        found["types"] = dict(sorted(self.types.items()))
        return found | self._cpu.figures(self.pushes)


class Catcher:
    """What all connections share: options, dice, counters, record."""

    def __init__(
        self,
        options: CatcherOptions,
        reactor: "IReactorTime",
        recorder: Recorder | None = None,
        show: Callable[[str], None] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.reactor = reactor
        self.stats = CatcherStats()
        self.wall = wall
        self._recorder = recorder
        self._show = show
        self._verifier = Verifier(options.secret) if options.secret else None
        self._dice = Random(options.seed)
        self._decode = msgspec.json.Decoder(_Push).decode
        self._flush_call: IDelayedCall | None = None

    def answer(self, headers: bytes, body: bytes) -> int:
        """Count one POST and return the status to answer with; 0 = let it hang.

        `headers` are the raw lines with their names in lower case.
        """
        now = self.wall()
        stats = self.stats
        stats.pushes += 1
        try:
            push = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            stats.bad_requests += 1
            return 400
        webhook_id = header(headers, b"webhook-id").decode("latin-1")
        signed = True
        if self._verifier is not None:
            try:
                self._verifier.verify(
                    webhook_id, header(headers, b"webhook-timestamp"), header(headers, b"webhook-signature"), body, now
                )
            except SignatureError:
                stats.unsigned += 1
                signed = False
        status = self._status(signed)
        if status and 200 <= status < 300:
            stats.types[push.type] += 1
            stats.take(push, webhook_id)
        if self._recorder is not None:
            ref = push.client_ref or ""
            line = PushLine(now, webhook_id, push.type, push.id, push.to, push.state, status, signed, ref)
            if push.data is not None:
                line.sender, line.missing = push.data.sender, push.data.missing
            self._recorder.add(line)
            if self._flush_call is None:
                self._flush_call = self.reactor.callLater(RECORD_SLICE_S, self._flush)
        if self._show is not None:
            event = {"event": "push", "status": status, "webhook_id": webhook_id, "signed": signed}
            self._show(msgspec.json.encode(event | {"body": msgspec.json.decode(body)}).decode())
        return status

    def styled(self, method: str, target: str, headers: bytes, form: bytes) -> int:
        """Count one callback in a provider's style, which nobody signs, and return the status; 0 = let it hang."""
        stats = self.stats
        stats.pushes += 1
        webhook_id = header(headers, b"webhook-id").decode("latin-1")
        status = self._status(True)
        if 200 <= status < 300:
            stats.types["callback"] += 1
            stats.take(_Push(), webhook_id)
        if self._show is not None:
            event = {"event": "push", "status": status, "webhook_id": webhook_id, "method": method, "target": target}
            self._show(msgspec.json.encode(event | {"form": form.decode("latin-1")}).decode())
        return status

    def _status(self, signed: bool) -> int:
        options = self.options
        if not signed:
            return 401
        if options.hang_pct and self._dice.random() * 100 < options.hang_pct:
            self.stats.hung_on_purpose += 1
            return 0
        if options.fail_pct and self._dice.random() * 100 < options.fail_pct:
            self.stats.failed_on_purpose += 1
            return options.fail_status
        return options.status

    def _flush(self) -> None:
        self._flush_call = None
        if self._recorder is not None:
            self._recorder.flush()

    def stop(self) -> None:
        """Nothing is recorded any more; the record is complete afterwards."""
        if self._flush_call is not None:
            self._flush_call.cancel()
            self._flush_call = None
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None


def header(lines: bytes, name: bytes) -> bytes:
    """The value of a header, b'' when it is absent; `lines` start with CRLF, `name` is lower case."""
    low = lines.lower()
    at = low.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    at += len(name) + 3
    end = lines.find(b"\r\n", at)
    return lines[at : end if end >= 0 else len(lines)].strip()


class CatcherConnection(Protocol):
    """One keep-alive connection: requests are answered in their order, one at a time."""

    def __init__(self, catcher: Catcher) -> None:
        self._catcher = catcher
        self._buffer = b""
        self._waiting = False  # an answer is delayed or hangs; what follows stays in the buffer
        self._closed = False
        self._through_transport = False

    def connectionMade(self) -> None:
        """Count, and send small answers at once."""
        self._catcher.stats.connections += 1
        cast(ITCPTransport, self.transport).setTcpNoDelay(True)

    def connectionLost(self, reason: object = None) -> None:
        """Nothing delayed may be written any more."""
        self._closed = True

    def dataReceived(self, data: bytes) -> None:
        """Take octets; serve every request that is complete."""
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and not self._waiting and self._serve_one():
            pass

    def _serve_one(self) -> bool:
        """Serve the first request of the buffer; False when it is not complete, or the connection is done with."""
        buffer = self._buffer
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            if len(buffer) > MAX_HEAD:
                self._refuse(b"431 Request Header Fields Too Large")
            return False
        start = buffer.find(b"\r\n")
        lines = buffer[start : head + 2]
        raw_length = header(lines, b"content-length") or b"0"
        if not raw_length.isdigit() or int(raw_length) > MAX_BODY:
            self._refuse(b"413 Content Too Large")
            return False
        if header(lines, b"transfer-encoding"):
            self._refuse(b"411 Length Required")
            return False
        end = head + 4 + int(raw_length)
        if len(buffer) < end:
            return False
        self._buffer = buffer[end:]
        body = buffer[head + 4 : end]
        method, _, rest = buffer[:start].decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        if method == "GET" and target == "/stats":
            self._write(200, msgspec.json.encode(self._catcher.stats.summary()))
        elif method == "GET" or (method == "POST" and header(lines, b"content-type").startswith(_FORM)):
            self._answer_push(self._catcher.styled(method, target, lines, body))
        elif method == "POST":
            self._answer_push(self._catcher.answer(lines, body))
        else:
            self._write(404, b"")
        return True

    def _answer_push(self, status: int) -> None:
        delay = self._catcher.options.delay_ms
        if status == 0:
            self._waiting = True
        elif delay:
            self._waiting = True
            self._catcher.reactor.callLater(delay / 1000, self._resume, status)
        else:
            self._write(status, b"")

    def _resume(self, status: int) -> None:
        if self._closed:
            return
        self._waiting = False
        self._write(status, b"")
        self.dataReceived(b"")

    def _write(self, status: int, body: bytes) -> None:
        reason = _REASONS.get(status, b"Status")
        length = b"" if status == 204 else b"Content-Length: %d\r\n" % len(body)
        answer = b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, reason, length, body)
        # One send at once: through transport.write it would cost two epoll calls and a turn of the reactor. As soon
        # as the socket has no room (the peer does not read), the order is the transport's affair for good.
        sent = 0
        if not self._through_transport:
            try:
                sent = cast(socket, cast(ISystemHandle, self.transport).getHandle()).send(answer)
            except OSError:
                sent = 0
        if sent < len(answer):
            self._through_transport = True
            assert self.transport is not None
            self.transport.write(answer[sent:])

    def _refuse(self, status: bytes) -> None:
        self._catcher.stats.bad_requests += 1
        self._buffer = b""
        self._waiting = True
        assert self.transport is not None
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        self.transport.loseConnection()


class CatcherFactory(Factory):
    """Makes the connections of a catcher."""

    noisy = False

    def __init__(self, catcher: Catcher) -> None:
        self.catcher = catcher

    def buildProtocol(self, addr: "IAddress | None") -> CatcherConnection:
        """One connection."""
        return CatcherConnection(self.catcher)
