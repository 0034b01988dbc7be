"""`smsgwd store`: all that a gateway has stored, out of its store and into another one (docs/move-the-store.md)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import click
from twisted.internet.defer import Deferred

from smsgwd.app.provider_checks import load_config
from smsgwd.config import Config, ConfigErrors

_EVERY: Final = 10_000  # messages between two lines of progress
_OPTIONS = (
    click.option(
        "-c",
        "--config",
        "path",
        required=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file.",
    ),
    click.argument("file", type=click.Path(path_type=Path, dir_okay=False)),
)


@click.group()
def store() -> None:
    """The whole store into a file and out of one, while the gateway is stopped (docs/move-the-store.md)."""


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@store.command("export")
@_with_options
def export(path: Path, file: Path) -> None:
    """Write all that is stored into a new FILE."""
    from smsgwd.app.store_files import export

    counts = _run(path, lambda config, reactor: export(config, file, reactor, _progress("read")))
    _tell(counts, f"written to {file}")


@store.command("import")
@_with_options
def import_(path: Path, file: Path) -> None:
    """Fill a store that is empty from FILE, an export or a backup of the Redis store, and compare the two."""
    from smsgwd.app.store_files import import_

    counts = _run(path, lambda config, reactor: import_(config, file, reactor, _progress("done")))
    _tell(counts, "written, read again and compared: nothing differs")


def _run(path: Path, work: Callable[[Config, Any], Coroutine[Any, Any, dict[str, int]]]) -> dict[str, int]:
    """Do it on the reactor. Exit status: 0 done, 1 not done, 2 the configuration is wrong."""
    try:
        config = load_config(path, os.environ)
    except ConfigErrors as errors:
        click.echo(str(errors), err=True)
        sys.exit(2)
    from twisted.internet import reactor
    from twisted.internet.task import react

    from smsgwd.app.store_files import NotCopied

    found: dict[str, int] = {}
    wrong: list[str] = []

    async def main() -> None:
        try:
            found.update(await work(config, reactor))
        except NotCopied as error:
            wrong.append(str(error))

    try:
        react(lambda _: Deferred.fromCoroutine(main()))
    except SystemExit as ended:
        if ended.code:
            raise
    if wrong:
        click.echo(wrong[0], err=True)
        sys.exit(1)
    return found


def _progress(word: str) -> Callable[[int, int], None]:
    last = 0

    def told(done: int, total: int) -> None:
        nonlocal last
        if done < last:  # once more, to be compared
            last = 0
        if done - last >= _EVERY:
            last = done
            click.echo(f"{done} of {total} messages {word}" if total else f"{done} messages {word}", err=True)

    return told


def _tell(counts: dict[str, int], what: str) -> None:
    for kind, count in sorted(counts.items()):
        click.echo(f"{kind:10}{count:>12}")
    click.echo(what)
