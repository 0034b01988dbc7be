"""A file that is made from the code: written, or with `--check` compared."""

import sys
from pathlib import Path


def write_or_check(target: Path, text: str) -> int:
    """Write the file, or with `--check` in the command line compare it. Exit code: 1 on a difference."""
    if "--check" in sys.argv[1:]:
        if target.is_file() and target.read_text("utf-8") == text:
            return 0
        print(f"{target.parent.name}/{target.name} is out of date: run scripts/{Path(sys.argv[0]).name}")
        return 1
    target.write_text(text, "utf-8")
    return 0
