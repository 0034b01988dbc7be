"""Write docs/log.md from the catalogue of log events; `--check` only says whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from smsgwd.telemetry.events import markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "log.md"


def main() -> int:
    """Write the page, or with `--check` compare it. Exit code 1 on a difference."""
    text = markdown()
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text("utf-8") == text:
            return 0
        print("docs/log.md is out of date: run scripts/gen_log_docs.py")
        return 1
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
