"""What went wrong, as answers of this API: refusals, a store that cannot be asked, bugs; and how answers are marked."""

from __future__ import annotations

import secrets
from typing import Final

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_message import HttpResponse, problem
from smsgwd.northbound.credentials import CHALLENGES
from smsgwd.northbound.intake import TooFast
from smsgwd.northbound.router import MethodNotAllowed
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

NO_STORE: Final = ("Cache-Control", "no-store")

_log = get_logger("net")


def refused(error: Refused) -> HttpResponse:
    """The problem document of a refusal."""
    if error.refusal is Refusal.UNAUTHENTICATED:
        return problem(error.refusal, error.detail, CHALLENGES)
    if isinstance(error, MethodNotAllowed):
        return problem(error.refusal, error.detail, (("Allow", error.allow),))
    if isinstance(error, TooFast):
        return problem(error.refusal, error.detail, wait=error.wait)
    return problem(error.refusal, error.detail)


def expected(error: BaseException | None) -> HttpResponse | None:
    """The problem document of what the rules and the store refuse; None for a bug."""
    if isinstance(error, Refused):
        return refused(error)
    if isinstance(error, StoreUnavailable):
        return problem(Refusal.STORE_UNAVAILABLE)
    return None


def failed(error: BaseException, label: str) -> HttpResponse:
    """The answer to a request that met `error`: for a bug a 500 with an incident id, which is in the log with the
    traceback, as the engine answers what a handler raises."""
    response = expected(error)
    if response is None:
        incident = secrets.token_hex(8)
        _log.error("daemon.unhandled_error", reason=f"{label} incident {incident}", exc_info=error)
        response = problem(Refusal.INTERNAL, f"incident {incident}", incident=incident)
    return response


def labelled(response: HttpResponse, label: str) -> HttpResponse:
    """The answer of a route: nobody may keep it, and metrics count it under `label`."""
    response.route = label
    response.headers = (*response.headers, NO_STORE)
    return response
