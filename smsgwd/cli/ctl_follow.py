"""Commands whose answer goes on, shown row by row, and those whose answer is a file."""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from smsgwd.cli.ctl_socket import NO_ANSWER, CtlError, Daemon
from smsgwd.cli.ctl_words import wrong
from smsgwd.cli.tables import Look, harmless, table

_LINES: Final = ("line", "text")  #: a row of nothing but one of these is that line


def follow(daemon: Daemon, command: Mapping[str, Any], params: Mapping[str, str], seconds: float) -> Iterator[Any]:
    """The rows of a command that goes on, a list for each answer; until it is over, or `seconds` have passed (0 = for
    as long as it goes). Raises CtlError: one that says so where the daemon went away in between."""
    asked = dict(params)
    end = time.monotonic() + seconds
    began = False
    while True:
        try:
            answer = daemon.call(command["noun"], command["verb"], asked)
        except CtlError as error:
            if began and error.status == NO_ANSWER:
                raise CtlError(f"the daemon went away while it was followed: {error.message}", NO_ANSWER) from None
            raise
        began = True
        if not isinstance(answer, dict) or not isinstance(answer.get("rows"), list):
            raise CtlError(f"the daemon did not answer {command['noun']} {command['verb']} with rows")
        yield answer["rows"]
        if answer.get("ended", True) or (seconds and time.monotonic() >= end):
            return
        asked["after"] = str(answer.get("next", ""))


class Shown:
    """Prints rows as they come: aligned as far as it was known before, the header once."""

    def __init__(self, as_json: bool, look: Look) -> None:
        self._as_json = as_json
        self._look = look
        self._widths: dict[str, int] = {}
        self._names: list[str] | None = None

    def __call__(self, rows: list[Any]) -> None:
        """Print some. JSON: an object a line."""
        if not rows:
            return
        if self._as_json:
            for row in rows:
                click.echo(json.dumps(row))
        elif all(isinstance(row, dict) and len(row) == 1 and next(iter(row)) in _LINES for row in rows):
            for row in rows:
                click.echo(harmless(str(next(iter(row.values()))), "\n\t"))
        else:
            self._table([row if isinstance(row, dict) else {"row": row} for row in rows])
        sys.stdout.flush()

    def _table(self, rows: list[dict[str, Any]]) -> None:
        new = [name for row in rows for name in row if name not in (self._names or ())]
        headers = self._look.headers and bool(new)
        if new:  # what was shown so far lacked a column: the header is said again
            self._names = [*(self._names or ()), *dict.fromkeys(new)]
        columns = self._look.columns or tuple(self._names or ())
        missing = dict.fromkeys(columns)
        look = msgspec.structs.replace(self._look, headers=headers, columns=columns)
        click.echo(table([{**missing, **row} for row in rows], look, self._widths))


class Saved:
    """A local file that an answer is written to. `-` is standard output."""

    def __init__(self, name: str) -> None:
        """Raises CtlError where there is such a file, or where none can be made."""
        self._name = name
        if name == "-":
            if sys.stdout.isatty():
                raise wrong("this is nothing for a terminal: name a file")
            return
        path = Path(name)
        if path.exists() or path.is_symlink():
            raise wrong(f"there is a file {name} already")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise wrong(f"no file can be made in {path.parent}")

    def write(self, answer: Any) -> dict[str, Any]:
        """Write what the answer has as `data`; the answer with the file's name and size in its place. CtlError where
        that cannot be done: then there is no file."""
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), str):
            raise CtlError("the daemon's answer has no data to save")
        try:
            data = base64.b64decode(answer["data"], validate=True)
        except (binascii.Error, ValueError):
            raise CtlError("the data of the daemon's answer is not base64") from None
        if self._name == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            self._keep(data)
        rest = {name: value for name, value in answer.items() if name != "data"}
        return {"file": self._name, "bytes": len(data), **rest}

    def _keep(self, data: bytes) -> None:
        """Readable for its owner alone: it may have what others wrote to each other."""
        made = False
        try:
            descriptor = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            made = True
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError as error:
            if made:
                Path(self._name).unlink(missing_ok=True)
            raise CtlError(f"{self._name} cannot be written: {error.strerror}") from None
