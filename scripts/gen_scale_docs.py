"""Writes the model's assumptions into docs/scale.md. `--check` exits 1 when the page differs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts._generated import write_or_check
from scripts._scale import between
from smsgwd.simulator.scale_model_assumptions import markdown

TARGET = Path(__file__).resolve().parent.parent / "docs" / "scale.md"


def main() -> int:
    """Write, or check with --check."""
    return write_or_check(TARGET, between(TARGET.read_text("utf-8"), "assumptions", markdown()))


if __name__ == "__main__":
    sys.exit(main())
