"""Receipts coalesced for a tenant that opts in (`dlr_batch`): each once, in fewer requests, across kill -9 too."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from smsgwd.simulator.webhook import SignatureError, Verifier
from tests.scenario.harness import Gateway, Scene, wait

SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="


class Hook:
    """A tenant's server of its own making: checks signatures and keeps what each request held."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, list[dict[str, Any]]]] = []
        self.statuses: list[int] = []  #: of the next requests, the last first; else 204
        self.wrong = 0
        hook, verifier = self, Verifier(SECRET)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                try:
                    stamp, signature = (self.headers[f"webhook-{what}"].encode() for what in ("timestamp", "signature"))
                    verifier.verify(self.headers["webhook-id"], stamp, signature, body, time.time())
                except SignatureError:
                    hook.wrong += 1
                pushed = json.loads(body)
                name = self.headers["webhook-id"]
                batch = pushed["type"] == "batch"
                status = hook.statuses.pop() if hook.statuses else 204
                if status == 204:
                    hook.requests.append((name, pushed["receipts"] if batch else [{"webhook_id": name, **pushed}]))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/dlr"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def receipts(self) -> list[dict[str, Any]]:
        """All receipts that were taken."""
        return [receipt for _, receipts in list(self.requests) for receipt in receipts]

    def wait_for(self, ids: list[str]) -> list[dict[str, Any]]:
        """All receipts, once there is one of each of these messages."""
        wait("all receipts", lambda: set(ids) <= {receipt["id"] for receipt in self.receipts()}, every_s=0.05)
        return self.receipts()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A server that is stopped at the end."""
    made = Hook()
    yield made
    made.stop()


def gateway_for(scene: Scene, hook: Hook, **options: Any) -> Gateway:
    """A gateway whose tenant takes up to 100 receipts at once."""
    tenant = {"dlr_url": hook.url, "dlr_batch": 100, "webhook": {"secret": SECRET}}
    return scene.gateway(scene.smsc(), tenant=tenant, **options)


def test_every_receipt_once_in_fewer_requests(scene: Scene, hook: Hook) -> None:
    """Signed as single ones are, each with an id of its own, and counted one by one."""
    gateway = gateway_for(scene, hook)
    sent = gateway.tenant.send_many(500)
    receipts = hook.wait_for(sent)
    assert sorted(receipt["id"] for receipt in receipts) == sorted(sent)
    assert len({receipt["webhook_id"] for receipt in receipts}) == 500
    assert {receipt["state"] for receipt in receipts} == {"delivered"}
    assert hook.wrong == 0
    assert len(hook.requests) < 100
    assert max(len(receipts) for _, receipts in hook.requests) <= 100
    wait("all counted", lambda: gateway.metric("smsgwd_pushes_total", result="ok") == 500)
    assert all(name.startswith(("batch_", "msg_")) for name, _ in hook.requests)


def test_refused_requests_come_again_with_all_they_held(scene: Scene, hook: Hook) -> None:
    """503 and 500 to some: nothing is lost, nothing that was taken comes again."""
    gateway = gateway_for(scene, hook)
    hook.statuses = [204, 503, 204, 500]
    sent = gateway.tenant.send_many(300)
    receipts = hook.wait_for(sent)
    assert sorted(receipt["id"] for receipt in receipts) == sorted(sent)


def test_a_kill_in_between_loses_none_and_changes_no_id(scene: Scene, hook: Hook) -> None:
    """At least once across kill -9; what comes twice has the same webhook_id, in whatever company."""
    gateway = gateway_for(scene, hook)
    sent = gateway.tenant.send_many(500)
    wait("the first receipts", lambda: len(hook.receipts()) >= 50, every_s=0.005)
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    receipts = hook.wait_for(sent)
    by_message: dict[str, set[str]] = {}
    for receipt in receipts:
        by_message.setdefault(receipt["id"], set()).add(receipt["webhook_id"])
    assert sorted(by_message) == sorted(sent)
    assert all(len(names) == 1 for names in by_message.values())
