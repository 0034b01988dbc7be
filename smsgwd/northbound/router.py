"""Finds the route of a request in the tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.route import SLOT, Route

_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_MAX_ID = (1 << 63) - 1
_MAX_SLOT = 800  #: characters as sent: 200 that are each four octets, percent-encoded, are the most a key has and more
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Methods = dict[str, Route]


class MethodNotAllowed(Refused):
    """The path is there, the method is not; `allow` is the value of the Allow header."""

    def __init__(self, allow: str) -> None:
        super().__init__(Refusal.METHOD_NOT_ALLOWED, f"this path takes {allow}")
        self.allow = allow


class _Node:
    """The paths that begin alike: what may come as the next segment."""

    __slots__ = ("any_id", "any_text", "methods", "named")

    def __init__(self) -> None:
        self.named: dict[str, _Node] = {}
        self.any_id: _Node | None = None
        self.any_text: _Node | None = None
        self.methods: Methods = {}

    def below(self, segment: str) -> _Node:
        """The node of a segment of a route's path, made where there is none."""
        slot = SLOT.match(segment)
        if slot is None:
            return self.named.setdefault(segment, _Node())
        if slot[1] == "id":
            self.any_id = self.any_id or _Node()
            return self.any_id
        self.any_text = self.any_text or _Node()
        return self.any_text

    def find(self, segments: list[str], place: int, slots: tuple[str, ...]) -> tuple[Methods, tuple[str, ...]] | None:
        """The methods taken at a path with what stands in its slots; names go before ids, ids before other texts."""
        if place == len(segments):
            return (self.methods, slots) if self.methods else None
        segment = segments[place]
        named = self.named.get(segment)
        found = None if named is None else named.find(segments, place + 1, slots)
        if found is None and self.any_id is not None and _ID.match(segment) is not None and int(segment) <= _MAX_ID:
            found = self.any_id.find(segments, place + 1, (*slots, segment))
        if found is None and self.any_text is not None:
            text = slot_text(segment)
            found = None if text is None else self.any_text.find(segments, place + 1, (*slots, text))
        return found


class Router:
    """Routes by path and method. A path is matched as sent: no dots, no trailing slash; only slots are decoded."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._plain: dict[str, Methods] = {}
        self._slotted = _Node()
        for route in routes:
            if "{" in route.path:
                node = self._slotted
                for segment in route.path.split("/"):
                    node = node.below(segment)
                methods = node.methods
            else:
                methods = self._plain.setdefault(route.path, {})
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route

    def knows(self, path: str) -> bool:
        """True when some method is taken at this path."""
        return path in self._plain or self._slotted.find(path.split("/"), 0, ()) is not None

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """The route with what stands in the slots of its path. Raises Refused (NOT_FOUND) or MethodNotAllowed."""
        slots: tuple[str, ...] = ()
        methods = self._plain.get(path)
        if methods is None:
            found = self._slotted.find(path.split("/"), 0, ())
            if found is None:
                raise Refused(Refusal.NOT_FOUND, "there is nothing at this path")
            methods, slots = found
        route = methods.get(method)
        if route is None:
            raise MethodNotAllowed(", ".join(sorted(methods)))
        return route, slots


def slot_text(segment: str) -> str | None:
    """What a segment stands for: percent-decoded UTF-8 without control characters; None where it is nothing such."""
    if not 0 < len(segment) <= _MAX_SLOT or segment in (".", "..") or _BROKEN.search(segment) is not None:
        return None
    try:
        text = unquote(segment, errors="strict") if "%" in segment else segment
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) is not None else text


def query_of(route: Route, request: HttpRequest) -> dict[str, list[str]]:
    """The query by name. Raises Refused: INVALID for a name the route has not, or a repeat it does not take; MALFORMED
    for a query that cannot be read."""
    if request.query_fault:
        raise Refused(Refusal.MALFORMED, request.query_fault)
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
