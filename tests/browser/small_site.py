"""A small site with one of each thing that a page may have, for the tests of the browser itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRIPT_OCTETS = 20_000
FORM = """<!doctype html><html lang="en"><head><title>Form</title><meta name="color-scheme" content="light dark">
<script src="/script.js" defer></script></head><body><main><h1>Before</h1>
<form method="post" action="/form" enctype="multipart/form-data"><label>Name <input name="name"></label>
<label>Kind <select name="kind"><option value="a">Alpha<option value="b">Beta</select></label>
<label><input type="checkbox" name="sure"> Sure</label><label>File <input type="file" name="file"></label>
<button>Send</button></form><p id="part">old</p><button id="more">More</button><button id="delete">Delete</button>
<p><a href="/file.csv" id="export">Export</a></p><noscript><p id="plain">No scripts</p></noscript></main></body>
</html>"""
DONE = '<!doctype html><html lang="en"><title>Done</title><h1>After</h1></html>'
STREAM = """<!doctype html><html lang="en"><title>Stream</title><main><h1>Stream</h1><p id="state">none</p></main>
<script>const source = new EventSource("/events"), state = document.getElementById("state");
source.onmessage = () => state.textContent = "open"; source.onerror = () => state.textContent = "cut"</script></html>"""
WITH_HTMX = """<!doctype html><html lang="en"><title>htmx</title><meta name="htmx-config" content='{"allowEval": false,
"includeIndicatorStyles": false}'><script src="/htmx.js" defer></script><main><h1>Before</h1><p id="part">old</p>
<button hx-get="/part" hx-target="#part">More</button>
<form action="/form" method="post" hx-boost="true"><button>Send</button></form></main></html>"""
HTMX = Path(__file__).resolve().parents[2] / "smsgwd" / "console" / "static" / "htmx.js"
WRONG = """<!doctype html><html lang="en"><title>Wrong</title><body><h1>Wrong</h1><img src="/not-there.png">
<script>console.error("said"); alert("xss"); throw new Error("thrown")</script>
<script src="http://sms.example/elsewhere.js"></script></body></html>"""
SCRIPT = """
document.getElementById("more").onclick = async () => {
  document.getElementById("part").textContent = await (await fetch("/part")).text();
};
document.getElementById("delete").onclick = () => {
  document.getElementById("part").textContent = confirm("Delete it?") ? "deleted" : "kept";
};
""".ljust(SCRIPT_OCTETS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self.path:
            case "/":
                self._answer(200, "text/html", FORM, [("Set-Cookie", "seen=yes; HttpOnly; SameSite=Lax")])
            case "/done":
                self._answer(200, "text/html", DONE)
            case "/stream":
                self._answer(200, "text/html", STREAM)
            case "/wrong":
                policy = "script-src 'self' 'unsafe-inline'"
                self._answer(200, "text/html", WRONG, [("Content-Security-Policy", policy)])
            case "/script.js":
                self._answer(200, "text/javascript", SCRIPT)
            case "/htmx":
                self._answer(200, "text/html", WITH_HTMX, [("Content-Security-Policy", "default-src 'self'")])
            case "/htmx.js":
                self._answer(200, "text/javascript", HTMX.read_text("utf-8"))
            case "/part":
                self._answer(200, "text/plain", "new")
            case "/file.csv":
                self._answer(200, "text/csv", "a,b\n", [("Content-Disposition", 'attachment; filename="numbers.csv"')])
            case "/favicon.ico":
                self._answer(204, "text/plain", "")
            case "/events":
                self._stream()
            case _:
                self._answer(404, "text/plain", "nothing here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(body.decode())  # type: ignore[attr-defined]
        self._answer(303, "text/plain", "", [("Location", "/done")])

    def _answer(self, status: int, kind: str, body: str, headers: list[tuple[str, str]] | None = None) -> None:
        octets = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(octets)))
        for name, value in headers or []:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(octets)

    def _stream(self) -> None:
        """One event, then it stays open until it is cut."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"retry: 50\ndata: x\n\n")
        self.rfile.read(1)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Site(ThreadingHTTPServer):
    """The site; `posted` has the bodies of forms."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[str] = []
        self.base = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def small_site() -> Iterator[Site]:
    """The site, running."""
    site = Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
