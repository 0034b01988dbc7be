"""Requests and answers as handlers see them, whatever engine reads and writes them, and the problem document."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_stream import Stream
from smsgwd.net.unix_peer import UnixPeer

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

PROBLEM_TYPE = "application/problem+json"
JSON_TYPE = "application/json"

#: Seconds after which asking again makes sense (RFC 9110 s10.2.3), for the refusals that pass.
RETRY_AFTER = {
    Refusal.TOO_MANY_FAILURES: 60,
    Refusal.OVER_RATE: 1,
    Refusal.OVERLOADED: 2,
    Refusal.STORE_UNAVAILABLE: 5,
    Refusal.SHUTTING_DOWN: 5,
}


class HttpRequest(msgspec.Struct, gc=False):
    """One request, whole. `query` keeps order and repeats; header names are in lower case, repeats joined by ', '.

    `query` and `headers` are shared by requests whose heads are the same: nobody changes them.
    """

    method: str
    path: str  #: as sent: percent-encoded, without query
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    address: str  #: the client's IP address, behind trusted proxies the one they name
    raw_query: str = ""  #: as sent, a character a byte, without the question mark
    query_fault: str = ""  #: why `query` is empty though there is one: not UTF-8, too many fields
    peer: UnixPeer | None = None  #: who is at the other end of a unix socket, as the kernel says


class HttpResponse(msgspec.Struct, gc=False):
    """One answer. Content-Length, Date and Connection are the engine's; `route` is the label metrics count it under.

    With a `stream` the answer goes on after `body` until either side ends it; it is counted once, when it begins.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    route: str = ""
    stream: Stream | None = None


class Later:
    """An answer that is not there yet, for one request: a Deferred without a chain, at a tenth of its cost.

    The handler that returned it calls `answer` once; whoever got it calls `on_answer` once. Either may come first.
    """

    __slots__ = ("_arg", "_response", "_then")

    def __init__(self) -> None:
        self._response: HttpResponse | None = None
        self._then: Callable[[HttpResponse, Any], None] | None = None
        self._arg: Any = None

    def answer(self, response: HttpResponse) -> None:
        """The answer is there."""
        if self._then is None:
            self._response = response
        else:
            self._then(response, self._arg)

    def on_answer(self, then: Callable[[HttpResponse, Any], None], arg: Any) -> None:
        """Call `then(response, arg)` when the answer is there, now if it is."""
        if self._response is None:
            self._then, self._arg = then, arg
        else:
            then(self._response, arg)


#: What answers requests. A Deferred may also fail: the engine answers 500 and logs it. A Later never fails.
Handler = Callable[[HttpRequest], "HttpResponse | Later | Deferred[HttpResponse]"]

#: Tells a refusal of the engine's own (too large, too slow, malformed) in the way of whoever is at a path: method,
#: path, headers (as far as they were read), refusal, detail. None: as a problem document. Never raises.
Refuser = Callable[[str, str, Mapping[str, str], Refusal, str], "HttpResponse | None"]

#: Told of every answer: route label, status, seconds from the whole request to its answer.
Observer = Callable[[str, int, float], None]


def json_response(status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """An answer with a JSON body that is encoded already."""
    return HttpResponse(status, (("Content-Type", JSON_TYPE), *headers), body)


def problem(
    refusal: Refusal,
    detail: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    *,
    wait: float | None = None,
    **members: Any,
) -> HttpResponse:
    """An RFC 9457 document for a refusal, with further members; `type` is an anchor of /docs.

    `wait`: seconds after which asking again makes sense, where that is known better than `RETRY_AFTER` does.
    """
    document = {
        "type": f"/docs#{refusal.code}",
        "title": refusal.title,
        "status": refusal.http,
        "code": refusal.code,
        "detail": detail or refusal.title,
        **members,
    }
    after = RETRY_AFTER.get(refusal) if wait is None else math.ceil(wait)
    if after is not None:
        headers = (*headers, ("Retry-After", str(after)))
    return HttpResponse(refusal.http, (("Content-Type", PROBLEM_TYPE), *headers), msgspec.json.encode(document))
