"""The admin socket: the command registry over HTTP and JSON, version 1.

`GET /commands` lists the commands; `POST /commands/NOUN/VERB` with a JSON object of texts runs one. Who may connect is
the socket's file mode. Every answer carries the protocol version, so that a client of another release can tell.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response, problem
from smsgwd.ops.registry import PROTOCOL_VERSION, CommandError, Registry

_log = Logger()
_VERSION = ("X-Smsgwd-Protocol", str(PROTOCOL_VERSION))
_MOST_TOLD: Final = 4000  # characters
_params = msgspec.json.Decoder(dict[str, str])


class AdminSocket:
    """Answers requests on the admin socket."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def handle(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """The answer to one request; errors are problem documents whose `detail` is for the operator."""
        parts = request.path.strip("/").split("/")
        if request.path == "/commands" and request.method == "GET":
            return _answer(self._registry.describe())
        if len(parts) != 3 or parts[0] != "commands":
            return _fault(Refusal.NOT_FOUND, "there is /commands and /commands/NOUN/VERB here")
        if request.method != "POST":
            return problem(Refusal.METHOD_NOT_ALLOWED, "commands are run with POST", (_VERSION, ("Allow", "POST")))
        try:
            params = _params.decode(request.body) if request.body else {}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _fault(Refusal.MALFORMED, f"the parameters must be a JSON object of texts: {error}")
        done = maybeDeferred(self._registry.run, parts[1], parts[2], params)
        return done.addCallbacks(_answer, _failed)


def _answer(data: Any) -> HttpResponse:
    return json_response(200, msgspec.json.encode(data), (_VERSION,))


def _failed(failure: Failure) -> HttpResponse:
    if isinstance(failure.value, CommandError):
        return _fault(Refusal.INVALID, str(failure.value))
    _log.failure("an operator's command failed", failure)
    return _fault(Refusal.INTERNAL, "the command failed; the log says why")


def _fault(refusal: Refusal, detail: str) -> HttpResponse:
    if len(detail) > _MOST_TOLD:  # it quotes what was given, which may be a whole file
        detail = detail[:_MOST_TOLD] + "..."
    return problem(refusal, detail, (_VERSION,))
