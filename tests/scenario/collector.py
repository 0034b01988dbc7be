"""An OpenTelemetry collector for tests: takes OTLP over HTTP and keeps the spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Seen(NamedTuple):
    """One span as it came, with its resource's attributes."""

    span: Any
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    """Listens on a free port of this host. `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.requests = 0
        self._spans: list[Seen] = []
        outer = self

        class _Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                outer.requests += 1
                if self.path == "/v1/traces" and outer.status == 200:
                    outer.take(data)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, data: bytes) -> None:
        """Keep the spans of a request."""
        request = ExportTraceServiceRequest.FromString(data)
        for resource in request.resource_spans:
            about = _plain(resource.resource.attributes)
            for scope in resource.scope_spans:
                self._spans += [Seen(span, _plain(span.attributes), about) for span in scope.spans]

    def spans(self) -> list[Seen]:
        """All so far."""
        return list(self._spans)

    def trace(self, message_id: str) -> list[Seen]:
        """Those of a message, the earliest first."""
        begins = f"{int(message_id):016x}"
        found = [each for each in self.spans() if each.span.trace_id.hex().startswith(begins)]
        return sorted(found, key=lambda each: int(each.span.start_time_unix_nano))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that is closed at the end."""
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
