"""What is in a page: its tables, and its blocks of code."""

from __future__ import annotations

import re
from pathlib import Path


def table(page: Path, *header: str) -> list[tuple[str, ...]]:
    """The rows of the first table with this header; a cell that is code is its text. Fails where there is none."""
    lines = iter(page.read_text("utf-8").splitlines())
    for line in lines:
        if _cells(line) == header:
            next(lines)
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append(_cells(row))
            assert rows
            assert all(len(row) == len(header) for row in rows)
            return rows
    raise AssertionError(f"{page.name} has no table {header}")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def _cells(line: str) -> tuple[str, ...]:
    if not line.startswith("|"):
        return ()
    cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
    return tuple(_text(cell.strip(" ")) for cell in cells)


def _text(cell: str) -> str:
    cell = cell.replace(r"\|", "|")
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "`" else cell
