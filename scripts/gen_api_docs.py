"""Write docs/openapi.json and docs/errors.md from the code; `--check` only says whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from smsgwd.northbound.markdown import errors_markdown
from smsgwd.northbound.openapi import openapi_bytes

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main() -> int:
    """Write the files, or with `--check` compare them. Exit code 1 on a difference."""
    wrong = 0
    for name, content in (("openapi.json", openapi_bytes()), ("errors.md", errors_markdown().encode("utf-8"))):
        target = DOCS / name
        if "--check" not in sys.argv[1:]:
            target.write_bytes(content)
        elif not target.is_file() or target.read_bytes() != content:
            print(f"docs/{name} is out of date: run scripts/gen_api_docs.py")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
