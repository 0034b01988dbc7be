"""The dialects there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from smsgwd.dialects.dialect import Dialect, Options

#: How each is made.
DIALECTS: Final[Mapping[str, Callable[[Options], Dialect]]] = {}
