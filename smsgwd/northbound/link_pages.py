"""Short links on the tenants' listener: recipients are led on from here. Everything else goes to the API behind it.

Below the path of short links on any host, and on the host of links alone (`links.base_url`) for whatever is asked
there: that host answers nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse, Later
from smsgwd.northbound.link_bots import is_bot
from smsgwd.ports.store import StoreUnavailable

if TYPE_CHECKING:
    from smsgwd.ports.links import LinkOpener

LABEL: Final = "GET /l/{code}"
BELOW: Final = "/l/"
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
)
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"), *_HEADERS)
_GONE: Final = b"There is nothing at this address, or not any more.\n"
_LATER: Final = b"This cannot be opened at the moment. Please try again in a few seconds.\n"


class LinkPages:
    """A `net.http_message.Handler` in front of another one."""

    def __init__(self, links: LinkOpener, behind: Handler, *, path: str = BELOW, host: str | None = None) -> None:
        """`path` is what stands before the code in short links; `host` the one that serves links alone, lower case
        and with its port where that is not the scheme's. Below /l/ they are found on every host."""
        self._links = links
        self._behind = behind
        self._host = host
        self._paths = (BELOW,) if host is not None else tuple(dict.fromkeys((path, BELOW)))
        self._host_paths = tuple(sorted({path, BELOW}, key=len, reverse=True))

    def __call__(self, request: HttpRequest) -> HttpResponse | Later | Deferred[HttpResponse]:
        """Answer a request; never raises for what a client did."""
        if self._host is not None and _host_of(request) == self._host:
            return self._page(request, self._host_paths)
        if request.path.startswith(self._paths):
            return self._page(request, self._paths)
        return self._behind(request)

    def _page(self, request: HttpRequest, paths: tuple[str, ...]) -> HttpResponse | Deferred[HttpResponse]:
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(405, (("Allow", "GET, HEAD"), *_TEXT), b"Links are opened with GET.\n", LABEL)
        path = next((each for each in paths if request.path.startswith(each)), None)
        code = "" if path is None else request.path[len(path) :]
        if not (code.isascii() and code.isalnum()):
            return _plain(404, _GONE)
        found = self._links.open(code, request.address, bot=is_bot(request.method, request.headers))
        return found.addCallbacks(_led, _not_read)


def _host_of(request: HttpRequest) -> str:
    host = request.headers.get("host", "").lower()
    return host.removesuffix(":443").removesuffix(":80")


def _led(url: str | None) -> HttpResponse:
    if url is None:
        return _plain(404, _GONE)
    return HttpResponse(302, (("Location", url), *_HEADERS), b"", LABEL)


def _not_read(failure: Failure) -> HttpResponse:
    if not isinstance(failure.value, StoreUnavailable):
        failure.raiseException()
    return HttpResponse(503, (("Retry-After", "5"), *_TEXT), _LATER, LABEL)


def _plain(status: int, text: bytes) -> HttpResponse:
    return HttpResponse(status, _TEXT, text, LABEL)
