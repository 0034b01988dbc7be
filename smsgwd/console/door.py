"""Which requests are the console's. The rest of it is imported when the first of them comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse

#: Every page stands under it, on either listener.
BASE = "/ui"


class Door:
    """Stands before a listener's handler; `build` makes the site that is behind it (a `net.http_message.Handler`)."""

    def __init__(self, build: Callable[[], Handler]) -> None:
        self._build = build
        self._site: Handler | None = None

    def over(self, handler: Handler) -> Handler:
        """A handler that answers the console's requests itself and hands on all others."""

        def handle(request: HttpRequest) -> Any:
            path = request.path
            if path.startswith(BASE) and (len(path) == len(BASE) or path[len(BASE)] == "/"):
                return self(request)
            return handler(request)

        return handle

    def __call__(self, request: HttpRequest) -> Any:
        """The answer to a request of the console's."""
        if self._site is None:
            self._site = self._build()
        return self._site(request)


def to_console(request: HttpRequest) -> HttpResponse | None:
    """Sends a browser that asks for `/` to the console; None for every other request."""
    if request.path == "/" and request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
        return HttpResponse(302, (("Location", f"{BASE}/"), ("Cache-Control", "no-store")), route=f"{BASE}/")
    return None
