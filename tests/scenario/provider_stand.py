"""A provider's HTTP API within a test: it remembers what it was sent and does with it what the text says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.scenario.client import Answer, ask

CALLBACK = {
    "report": {
        "when": {"json": "$.status"},
        "state": {"json": "$.status"},
        "foreign_id": {"json": "$.id"},
        "message_id": {"json": "$.ours"},
        "states": {"delivered": "delivered", "failed": "undelivered", "on": "pending"},
    },
    "incoming": {
        "when": {"json": "$.from"},
        "from": {"json": "$.from"},
        "to": {"json": "$.to"},
        "text": {"json": "$.text"},
    },
}


class Provided:
    """What came, by text: the body, and how to call back. `port` is where it listens."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.port = 0

    def connector(self, name: str = "toy1", **fields: Any) -> dict[str, Any]:
        """A connector that speaks to it."""
        return {
            "id": name,
            "kind": "provider",
            "provider": "generic_http",
            "isolation": "none",
            "unknown_outcome": "wait",
            "timers": {"answer_s": 2},
            **fields,
            "options": {
                "base_url": f"http://127.0.0.1:{self.port}",
                "send": {
                    "url": "/send",
                    "body": {
                        "json": {
                            "to": "{to}",
                            "text": "{text}",
                            "id": "{id}",
                            "callback": "{callback_url}",
                            "common": "{common_callback_url}",
                        }
                    },
                },
                "answer": {"foreign_id": {"json": "$.id"}},
                "callback": CALLBACK,
            },
        }

    def of(self, text: str) -> dict[str, Any]:
        """The first that was sent with this text, or {}."""
        return next((each for each in self.sent if each["text"] == text), {})


def call(url: str, body: Mapping[str, Any], port: int | None = None, method: str = "POST") -> Answer:
    """Call back; at another port than the address names, where that is given."""
    parts = urlsplit(url)
    assert parts.port is not None
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return ask(port or parts.port, method, path, dict(body), {"Content-Type": "application/json"})


@contextmanager
def provider() -> Iterator[Provided]:
    """One that listens."""
    provided = Provided()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            provided.sent.append(body)
            number = f"Id-{len(provided.sent)}"
            if "early" in body["text"]:
                body["early"] = call(body["common"], {"status": "delivered", "id": number}).status
            if "told" in body["text"]:
                body["told"] = call(body["callback"], {"status": "delivered"}).status
            if "lost" in body["text"]:
                self.close_connection = True
                return
            answer = json.dumps({"id": number}).encode()
            body["given"] = number
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provided.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provided
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
