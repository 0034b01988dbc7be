"""Write docs/metrics.md from the declared metrics; `--check` only says whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from _generated import write_or_check

from smsgwd.telemetry.metrics import markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"


def main() -> int:
    """Write the page, or with `--check` compare it. Exit code 1 on a difference."""
    text = markdown()
    return write_or_check(TARGET, text)


if __name__ == "__main__":
    sys.exit(main())
