import base64
import hashlib
import hmac
import json

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from smsgwd.simulator.catcher import MAX_HEAD, Catcher, CatcherFactory, CatcherOptions
from smsgwd.simulator.record import Recorder, read_pushes

KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1_795_262_400.0


class _Socket:
    """A transport's socket that takes so many octets a send."""

    def __init__(self, transport: "_Transport") -> None:
        self._transport = transport

    def send(self, data: bytes) -> int:
        if self._transport.room == 0:
            raise BlockingIOError
        taken = data[: self._transport.room]
        self._transport.written += taken
        return len(taken)


class _Transport(StringTransport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.room = 1 << 20

    def getHandle(self):
        return _Socket(self)

    def setTcpNoDelay(self, enabled):
        pass

    def write(self, data):
        self.written += data


class _Bench:
    def __init__(self, recorder=None, show=None, **options):
        self.clock = Clock()
        self.catcher = Catcher(CatcherOptions(**options), self.clock, recorder, show, wall=lambda: NOW)
        self.protocol = CatcherFactory(self.catcher).buildProtocol(None)
        self.transport = _Transport()
        self.protocol.makeConnection(self.transport)

    def statuses(self):
        return [int(part[:3]) for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]


def _push(number=1, state="delivered", webhook_id=None, headers="", **more) -> bytes:
    body = json.dumps(
        {"type": f"message.{state}", "id": str(number), "to": f"+3069{number}", "state": state, "parts": 1, **more}
    ).encode()
    head = f"POST /dlr HTTP/1.1\r\nHost: x\r\nWebhook-Id: {webhook_id or f'msg_{number}'}\r\n{headers}"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_pushes_are_answered_and_counted():
    bench = _Bench()
    bench.protocol.dataReceived(_push(1) + _push(2) + _push(3, state="undelivered"))
    assert bench.statuses() == [200, 200, 200]
    stats = bench.catcher.stats.summary()
    assert (stats["pushes"], stats["unique"], stats["repeated"], stats["contradictions"]) == (3, 3, 0, 0)
    assert stats["types"] == {"message.delivered": 2, "message.undelivered": 1}


def test_callbacks_in_the_style_of_a_provider():
    shown = []
    bench = _Bench(show=shown.append, secret=SECRET)
    form = b"id=1&message_status=DELIVRD"
    head = b"POST /dlr HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    get = b"GET /dlr?s=%d&to=306912345678 HTTP/1.1\r\nWebhook-Id: msg_1\r\n\r\n"
    bench.protocol.dataReceived(get + get + head % len(form) + form + b"PUT / HTTP/1.1\r\n\r\n")
    assert bench.statuses() == [200, 200, 200, 404]
    stats = bench.catcher.stats
    assert (stats.pushes, stats.repeated, stats.unique, stats.unsigned) == (3, 1, 0, 0)
    assert stats.types == {"callback": 3}
    assert [json.loads(line)["target"] for line in shown] == ["/dlr?s=%d&to=306912345678"] * 2 + ["/dlr"]
    assert json.loads(shown[2])["form"] == form.decode()


def test_a_request_may_come_octet_by_octet():
    bench = _Bench()
    for octet in _push(1):
        bench.protocol.dataReceived(bytes((octet,)))
    assert bench.statuses() == [200] and bench.catcher.stats.unique == 1


def test_repeats_and_contradictions():
    bench = _Bench()
    bench.protocol.dataReceived(_push(1) + _push(1) + _push(1, state="expired", webhook_id="msg_9"))
    stats = bench.catcher.stats
    assert (stats.unique, stats.repeated, stats.contradictions) == (1, 1, 1)


def test_message_sent_is_no_final_state():
    bench = _Bench()
    bench.protocol.dataReceived(_push(1, state="sent") + _push(1, webhook_id="msg_2"))
    assert (bench.catcher.stats.unique, bench.catcher.stats.contradictions) == (1, 0)


def test_signatures_are_verified():
    bench = _Bench(secret=SECRET)
    request = _push(1)
    body = request.partition(b"\r\n\r\n")[2]
    signature = base64.b64encode(hmac.new(KEY, b"msg_1.%d." % NOW + body, hashlib.sha256).digest()).decode()
    signed = f"webhook-timestamp: {int(NOW)}\r\nWebhook-Signature: v1,{signature}\r\n"
    bench.protocol.dataReceived(_push(1, headers=signed) + _push(2, headers=signed) + _push(3))
    assert bench.statuses() == [200, 401, 401]
    assert (bench.catcher.stats.unique, bench.catcher.stats.unsigned) == (1, 2)


def test_a_share_fails_and_does_not_count():
    bench = _Bench(fail_pct=50, fail_status=500)
    for number in range(200):
        bench.protocol.dataReceived(_push(number))
    failed = bench.statuses().count(500)
    assert (
        70 < failed < 130 and bench.catcher.stats.unique == 200 - failed == 200 - bench.catcher.stats.failed_on_purpose
    )


def test_delays_keep_the_order():
    bench = _Bench(delay_ms=100)
    bench.protocol.dataReceived(_push(1) + _push(2))
    bench.clock.advance(0.09)
    assert bench.statuses() == []
    bench.clock.advance(0.02)
    assert bench.statuses() == [200] and bench.catcher.stats.pushes == 2
    bench.clock.advance(0.1)
    assert bench.statuses() == [200, 200]


def test_a_delayed_answer_to_a_connection_that_is_gone():
    bench = _Bench(delay_ms=100)
    bench.protocol.dataReceived(_push(1))
    bench.protocol.connectionLost()
    bench.clock.advance(1)
    assert bench.statuses() == []


def test_a_share_hangs():
    bench = _Bench(hang_pct=100)
    bench.protocol.dataReceived(_push(1) + _push(2))
    assert bench.statuses() == [] and (bench.catcher.stats.pushes, bench.catcher.stats.unique) == (1, 0)


def test_the_record_has_what_was_answered(tmp_path):
    path = tmp_path / "pushes"
    bench = _Bench(recorder=Recorder(path), status=204)
    bench.protocol.dataReceived(_push(7, client_ref="order-1"))
    assert path.read_bytes() == b""
    bench.clock.advance(0.05)
    (line,) = read_pushes(path)
    assert (line.at, line.webhook_id, line.id, line.to, line.state, line.status, line.client_ref) == (
        NOW, "msg_7", "7", "+30697", "delivered", 204, "order-1",
    )  # fmt: skip
    bench.protocol.dataReceived(_push(8))
    bench.catcher.stop()
    assert [line.id for line in read_pushes(path)] == ["7", "8"]


def test_shown_as_json_lines():
    lines: list[str] = []
    bench = _Bench(show=lines.append)
    bench.protocol.dataReceived(_push(1))
    shown = json.loads(lines[0])
    assert (shown["event"], shown["status"], shown["webhook_id"], shown["body"]["id"]) == ("push", 200, "msg_1", "1")


def test_the_statistics_over_http():
    bench = _Bench()
    bench.protocol.dataReceived(_push(1) + b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n")
    found = json.loads(bench.transport.written.rpartition(b"\r\n\r\n")[2])
    assert found["pushes"] == 1


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (b"POST /dlr HTTP/1.1\r\nContent-Length: 3\r\n\r\nnot", [400]),
        (b"POST /dlr HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", [400]),
        (b"POST /dlr HTTP/1.1\r\nContent-Length: -1\r\n\r\n", [413]),
        (b"POST /dlr HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", [413]),
        (b"POST /dlr HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [411]),
        (b"HEAD / HTTP/1.1\r\n\r\n", [404]),
        (b"x" * (MAX_HEAD + 1), [431]),
    ],
)
def test_bad_requests_are_answered(request_, statuses):
    bench = _Bench()
    bench.protocol.dataReceived(request_)
    assert bench.statuses() == statuses and bench.catcher.stats.unique == 0


def test_a_peer_that_does_not_read_gets_its_answers_in_order():
    bench = _Bench()
    bench.transport.room = 10
    bench.protocol.dataReceived(_push(1))
    bench.transport.room = 1 << 20
    bench.protocol.dataReceived(_push(2, state="expired"))
    assert bench.statuses() == [200, 200]
