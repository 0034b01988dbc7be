"""Nothing is acknowledged before its fsync has returned: neither an HTTP request nor an SMSC's receipt.

kill -9 cannot prove that, as the page cache outlives a process. Here the fsync itself is held back.
"""

from __future__ import annotations

import json
import select
import socket

import pytest

from tests.scenario.harness import TOKEN, Scene, wait
from tests.scenario.shim import Fsync
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

_SILENCE_S = 0.5


def _post(port: int, path: str) -> socket.socket:
    """A connection on which a message has been posted."""
    message = {"from": "Shop", "to": "+306912345678", "text": "held"}
    body = json.dumps({"messages": [message]} if path.endswith("batch") else message).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    sock = socket.create_connection(("127.0.0.1", port), 20)
    sock.sendall(head.encode() + body)
    return sock


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch"])
def test_no_202_and_no_submit_before_the_fsync_returned(scene: Scene, path: str, workers: int) -> None:
    """While the fsync waits the socket stays silent and the SMSC gets nothing; then 202 and delivery."""
    smsc, catcher, fsync = scene.smsc(), scene.catcher(), Fsync(scene.directory)
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=fsync.wrapper, http={"workers": workers})
    wait("the SMSC is bound", lambda: gateway.status()["connectors"][0]["up"])
    assert fsync.seen, "this Python's SQLite does not reach fsync through the library: the test cannot hold it"

    fsync.hold()
    try:
        with _post(gateway.http_port, path) as sock:
            wait("an fsync is held", lambda: fsync.waiting)
            readable, _, _ = select.select([sock], [], [], _SILENCE_S)
            assert not readable, sock.recv(1000)
            assert smsc.stats()["submits"] == 0
            fsync.release()
            answer = sock.recv(65536)
            assert answer.startswith(b"HTTP/1.1 202 "), answer
    finally:
        fsync.release()
    message = json.loads(answer.partition(b"\r\n\r\n")[2])["messages"][0]["id"]
    catcher.wait_push(message)
    assert [text.text for text in smsc.texts()] == ["held"]


def test_no_deliver_sm_resp_before_the_fsync_returned(scene: Scene) -> None:
    """A receipt that comes while the fsync is held is not acknowledged to the SMSC until it is on disk."""
    smsc, catcher, fsync = scene.smsc("--receipt-delay-ms", "1000"), scene.catcher(), Fsync(scene.directory)
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=fsync.wrapper)
    message = gateway.tenant.send()
    gateway.tenant.wait_state(message, "sent")  # this is durable: what comes next is the receipt's commit
    assert fsync.seen

    fsync.hold()
    try:
        wait("the SMSC has sent its receipt", lambda: smsc.stats()["receipts_sent"] == 1)
        wait("an fsync is held", lambda: fsync.waiting)
        select.select([], [], [], _SILENCE_S)
        stats = smsc.stats()
        assert (stats["receipts_acked"], stats["receipts_nacked"], stats["receipts_unacked"]) == (0, {}, 1)
        assert catcher.taken() == {}
        assert gateway.tenant.message(message)["state"] == "sent"
    finally:
        fsync.release()
    catcher.wait_push(message)
    wait("the receipt is acknowledged", lambda: smsc.stats()["receipts_acked"] == 1)
