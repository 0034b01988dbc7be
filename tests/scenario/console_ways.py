"""How every page of the console is reached: what stands in its slots. A page more needs a line here.

Slots go by the first part of the path and the slot's name; a test fails for a page that nobody thought of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from smsgwd.console.page import Page

_SLOT = re.compile(r"\{([a-z_]+)\}")


def way(page: Page, ways: Mapping[str, str]) -> str:
    """Where a page is, below the base; AssertionError where no line of `ways` tells what stands in a slot."""

    def fill(found: re.Match[str]) -> str:
        family = page.path.removeprefix("/live").split("/")[1]
        key = f"{family}.{found[1]}"
        assert key in ways, f"{page.method} {page.path}: say in console_ways.py what stands in {key}"
        return quote(ways[key], safe="")

    return _SLOT.sub(fill, page.path)


def gets(pages: Sequence[Page], ways: Mapping[str, str]) -> Iterator[tuple[Page, str]]:
    """Every page that is looked at, and where it is."""
    return ((page, way(page, ways)) for page in pages if page.method == "GET")


def posts(pages: Sequence[Page], ways: Mapping[str, str]) -> Iterator[tuple[Page, str]]:
    """Every page that does something, and where it is."""
    return ((page, way(page, ways)) for page in pages if page.method == "POST")
