"""`cdr show` and `cdr rotate`: the files of detail records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from smsgwd.ops.registry import Command, CommandError, Params


class Writer(Protocol):
    """What writes the records (`app.cdr.CdrWriter`)."""

    @property
    def path(self) -> Path | None:
        """The file that lines go to; None when none are written."""

    @property
    def written(self) -> int:
        """Lines since start."""

    @property
    def trouble(self) -> str:
        """Why lines wait; empty when they do not."""

    def rotate(self) -> None:
        """Put the file aside before the next line."""


class Cdr:
    """Commands about detail records."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "cdr",
                "show",
                "Where detail records go, and whether they do",
                self._show,
                examples=("cdr show",),
            ),
            Command(
                "cdr",
                "rotate",
                "Put the file of detail records aside now",
                self._rotate,
                changes=True,
                role="operate",
                look=self._show,
                examples=("cdr rotate",),
            ),
        ]

    def _show(self, params: Params) -> dict[str, Any]:
        writer = self._writer
        path = writer.path
        if path is None:
            return {"on": False, "hint": "cdr.directory in the configuration turns them on"}
        try:
            size: int | None = path.stat().st_size
        except OSError:
            size = None
        return {
            "on": True,
            "path": str(path),
            "bytes": size,
            "lines": writer.written,
            "trouble": writer.trouble or None,
        }

    def _rotate(self, params: Params) -> dict[str, Any]:
        writer = self._writer
        if writer.path is None:
            raise CommandError("no detail records are written: cdr.directory is not set")
        writer.rotate()
        return {"path": str(writer.path), "put_aside": "within a second, where it has lines"}
