"""Writes the table of statuses into docs/failures.md. `--check` exits 1 when the file differs."""

import sys
from pathlib import Path

from smsgwd.delivery.trouble import OTHERS, Rule, defaults
from smsgwd.smpp.status import status_name

TARGET = Path(__file__).resolve().parent.parent / "docs" / "failures.md"
_BEGIN = "<!-- statuses: made from smsgwd/delivery/trouble.py by scripts/gen_failures_docs.py -->\n"
_END = "<!-- end of statuses -->\n"


def table() -> str:
    """The table of all statuses that have a rule."""
    lines = ["| command_status | name | scope | action |", "|---|---|---|---|"]
    lines += [
        f"| 0x{status:02X} | {status_name(status)} | {_words(rule)} |" for status, rule in sorted(defaults().items())
    ]
    lines.append(f"| all others, 0x400 and up included | | {_words(OTHERS)} |")
    return "\n".join(lines) + "\n"


def document(text: str) -> str:
    """The page with the table as it should be. Raises ValueError when the marks are missing."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{TARGET.name} lacks the marks of the table")
    return before + _BEGIN + table() + _END + after


def _words(rule: Rule) -> str:
    return f"{rule.scope.value} | {rule.action.value}"


def main() -> int:
    """Write, or check with --check."""
    text = TARGET.read_text()
    if "--check" in sys.argv[1:]:
        return 0 if document(text) == text else 1
    TARGET.write_text(document(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
