"""Finds the route of a request in the table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.routes import Route

_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_MAX_ID = (1 << 63) - 1
_SLOT = "{id}"


class MethodNotAllowed(Refused):
    """The path is there, the method is not; `allow` is the value of the Allow header."""

    def __init__(self, allow: str) -> None:
        super().__init__(Refusal.METHOD_NOT_ALLOWED, f"this path takes {allow}")
        self.allow = allow


class Router:
    """Routes by path and method. A path is matched as sent: no decoding, no dots, no trailing slash."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._with_id: dict[str, dict[str, Route]] = {}
        for route in routes:
            if route.path.endswith(_SLOT):
                table, path = self._with_id, route.path.removesuffix(_SLOT)
            else:
                table, path = self._plain, route.path
            methods = table.setdefault(path, {})
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route

    def knows(self, path: str) -> bool:
        """True when some method is taken at this path."""
        return self._methods(path)[0] is not None

    def find(self, method: str, path: str) -> tuple[Route, int]:
        """The route with the id in its path (0 when it has none). Raises Refused (NOT_FOUND) or MethodNotAllowed."""
        methods, any_id = self._methods(path)
        if methods is None:
            raise Refused(Refusal.NOT_FOUND, "there is nothing at this path")
        route = methods.get(method)
        if route is None:
            raise MethodNotAllowed(", ".join(sorted(methods)))
        return route, any_id

    def _methods(self, path: str) -> tuple[dict[str, Route] | None, int]:
        methods = self._plain.get(path)
        if methods is not None:
            return methods, 0
        parent, slash, last = path.rpartition("/")
        methods = self._with_id.get(parent + slash)
        if methods is None or _ID.match(last) is None or int(last) > _MAX_ID:
            return None, 0
        return methods, int(last)


def query_of(route: Route, request: HttpRequest) -> dict[str, list[str]]:
    """The query by name. Raises Refused(INVALID) for a name the route has not, or a repeat it does not take."""
    found: dict[str, list[str]] = {}
    for name, value in request.query:
        known = next((one for one in route.parameters if one.where == "query" and one.name == name), None)
        if known is None:
            raise Refused(Refusal.INVALID, f"there is no query parameter {name[:40]!r} here")
        values = found.setdefault(name, [])
        if values and not known.repeated:
            raise Refused(Refusal.INVALID, f"the query parameter {name!r} is given twice")
        values.append(value)
    return found
