"""structlog without rich: it takes that in wherever it is installed, for tracebacks in colours.

The gateway has no use for it, and it is 3 MB of every process: `rich` is there for `smsgwctl top`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, cast


def take_structlog() -> None:
    """Import structlog as if there were no rich, unless one of them is there already."""
    if "rich" in sys.modules or "structlog" in sys.modules:
        return
    modules = cast(dict[str, Any], sys.modules)
    modules["rich"] = None  # so an import of it fails
    try:
        importlib.import_module("structlog")
    finally:
        del modules["rich"]


take_structlog()
