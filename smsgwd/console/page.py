"""A page, how it is found by method and path, and the menu that leads to it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from smsgwd.model.operators import Role
from smsgwd.net.http_message import HttpResponse

#: Answers a visit. (The visit is an OperatorVisit or a TenantVisit: each face has its own pages.)
View = Callable[[Any], Awaitable[HttpResponse]]

_SLOT = re.compile(r"\{([a-z_]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Page(msgspec.Struct, frozen=True):
    """One page or one thing that a form does.

    `path` is below the console's base, with slots such as `{id}`, a segment each. When a command or the API refuses
    what a POST wanted, `again` shows the page that it came from, with the refusal and the form as it was filled. A GET
    with filters may have one, too: it asks for nothing by filters of which `visit.alert` says that they were refused.
    """

    method: str  #: GET or POST
    path: str
    view: View
    role: Role = "read"  #: of operators: least role that is shown it; commands check for themselves
    scope: str = ""  #: of tenants: what the credential must be good for; '' = any
    again: View | None = None

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of what varies in the path."""
        return tuple(_SLOT.findall(self.path))


class Item(msgspec.Struct, frozen=True):
    """An entry of the menu. `text` is English, marked for translation with `N_`."""

    path: str
    text: str
    role: Role = "read"
    scope: str = ""


class Group(msgspec.Struct, frozen=True):
    """Entries of the menu under a heading ('' = none)."""

    text: str
    items: tuple[Item, ...]


class Pages:
    """Finds pages."""

    def __init__(self, pages: Sequence[Page]) -> None:
        """Raises ValueError for two pages at one place."""
        self.pages = tuple(pages)
        self._plain: dict[str, dict[str, Page]] = {}
        self._slotted: list[tuple[re.Pattern[str], dict[str, Page]]] = []
        patterns: dict[str, dict[str, Page]] = {}
        for page in pages:
            if page.slots:
                pattern = _SLOT.sub("([^/]{1,800})", page.path)
                methods = patterns.setdefault(pattern, {})
            else:
                methods = self._plain.setdefault(page.path, {})
            if page.method in methods:
                raise ValueError(f"there are two pages at {page.method} {page.path}")
            methods[page.method] = page
        self._slotted = [(re.compile(pattern + r"\Z"), methods) for pattern, methods in patterns.items()]

    def find(self, path: str) -> tuple[Mapping[str, Page], tuple[str, ...]] | None:
        """Pages by method at a path (as sent), and what stands in its slots, decoded; None where there is nothing."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain, ()
        for pattern, methods in self._slotted:
            found = pattern.match(path)
            if found is not None:
                slots = _decoded(found.groups())
                return None if slots is None else (methods, slots)
        return None

    def above(self, path: str) -> str:
        """The path of a page to look at: this one, unless it is only sent forms to, else the nearest above it."""
        found = self.find(path)
        if found is None or "GET" in found[0]:
            return path
        while path and (found is None or "GET" not in found[0]):
            path = path.rpartition("/")[0]
            found = self.find(path)
        return path or "/"


def _decoded(slots: tuple[str, ...]) -> tuple[str, ...] | None:
    """Percent-decoded; None where that is no text."""
    try:
        texts = tuple(unquote(slot, errors="strict") for slot in slots)
    except UnicodeDecodeError:
        return None
    return None if any(_CONTROL.search(text) for text in texts) else texts


def is_path(to: str) -> bool:
    """True for the path of a page below the base: no other host, nothing that a browser reads as one."""
    return to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
