"""The admin socket: the command registry over HTTP and JSON, version 2.

`GET /commands` lists the commands, `GET /me` tells who asks and what role that is; `POST /commands/NOUN/VERB` with a
JSON object of texts runs one. Who may connect is the socket's file mode, who may do what `callers.py`. Every answer
carries the protocol version, so that a client of another release can tell.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

import msgspec
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response, problem
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.unix_peer import UnixPeer
from smsgwd.ops.callers import Callers
from smsgwd.ops.registry import PROTOCOL_VERSION, CommandError, NotPermittedError, Registry

_log = Logger()
_VERSION = ("X-Smsgwd-Protocol", str(PROTOCOL_VERSION))
_MOST_BODY: Final = 64 * 1024 * 1024  # price lists of a million rows come this way
_MOST_OF_OTHERS: Final = 1024 * 1024
_MOST_CONNECTIONS: Final = 256
_MOST_TOLD: Final = 4000  # characters
_params = msgspec.json.Decoder(dict[str, str])


def admin_listener(reactor: Any, registry: Registry, callers: Callers) -> HttpListener:
    """What listens on the admin socket: nobody but root and the daemon's own user can take all of its connections, and
    only the role admin sends much."""

    def most(peer: UnixPeer | None) -> int:
        return _MOST_BODY if callers.caller(peer).may("admin") else _MOST_OF_OTHERS

    limits = HttpLimits(max_connections=_MOST_CONNECTIONS)
    return HttpListener(reactor, AdminSocket(registry, callers).handle, limits, max_body_of=most)


class AdminSocket:
    """Answers requests on the admin socket."""

    def __init__(self, registry: Registry, callers: Callers) -> None:
        self._registry = registry
        self._callers = callers

    def handle(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """The answer to one request; errors are problem documents whose `detail` is for the operator."""
        caller = self._callers.caller(request.peer)
        if not caller.may("read"):
            return _fault(Refusal.FORBIDDEN, f"{caller.who} has no role here (admin.roles)")
        parts = request.path.strip("/").split("/")
        if request.path == "/commands" and request.method == "GET":
            return _answer(self._registry.describe())
        if request.path == "/me" and request.method == "GET":
            return _answer({"who": caller.who, "role": caller.role})
        if len(parts) != 3 or parts[0] != "commands":
            return _fault(Refusal.NOT_FOUND, "there is /commands, /me and /commands/NOUN/VERB here")
        if request.method != "POST":
            return problem(Refusal.METHOD_NOT_ALLOWED, "commands are run with POST", (_VERSION, ("Allow", "POST")))
        try:
            params = _params.decode(request.body) if request.body else {}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _fault(Refusal.MALFORMED, f"the parameters must be a JSON object of texts: {error}")
        noun, verb = unquote(parts[1]), unquote(parts[2])
        done = maybeDeferred(self._registry.run, noun, verb, params, caller)
        return done.addCallbacks(_answer, _failed)


def _answer(data: Any) -> HttpResponse:
    return json_response(200, msgspec.json.encode(data), (_VERSION,))


def _failed(failure: Failure) -> HttpResponse:
    if isinstance(failure.value, NotPermittedError):
        return _fault(Refusal.FORBIDDEN, str(failure.value))
    if isinstance(failure.value, CommandError):
        return _fault(Refusal.INVALID, str(failure.value))
    _log.failure("an operator's command failed", failure)
    return _fault(Refusal.INTERNAL, "the command failed; the log says why")


def _fault(refusal: Refusal, detail: str) -> HttpResponse:
    if len(detail) > _MOST_TOLD:  # it quotes what was given, which may be a whole file
        detail = detail[:_MOST_TOLD] + "..."
    return problem(refusal, detail, (_VERSION,))
