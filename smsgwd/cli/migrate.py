"""`smsgwd migrate`: the configuration of another gateway, converted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from smsgwd.cli.migrate_output import Output


@click.group()
def migrate() -> None:
    """Convert another gateway's configuration (docs/migrate-from-kannel.md, docs/migrate-from-jasmin.md)."""


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--force", is_flag=True, help="Write over files that are there."),
        click.option(
            "-o",
            "--output",
            "directory",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path(),
            help="Directory to write to; it is made. Without: the current one.",
        ),
        click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False)),
    ):
        command = option(command)
    return command


@migrate.command()
@_with_options
def kannel(path: Path, directory: Path, force: bool) -> None:
    """Convert a kannel.conf, with the files that it includes. What has no counterpart is told on standard error."""
    from smsgwd.cli.migrate_kannel import convert

    _migrate(convert, path, directory, force)


@migrate.command()
@_with_options
def jasmin(path: Path, directory: Path, force: bool) -> None:
    """Convert jcli commands, as they were typed. What has no counterpart is told on standard error."""
    from smsgwd.cli.migrate_jasmin import convert

    _migrate(convert, path, directory, force)


def _migrate(convert: Callable[[Path], Output], path: Path, directory: Path, force: bool) -> None:
    """Exit status: 0 done, 1 the result does not pass `smsgwd check`, 2 the file cannot be converted."""
    from smsgwd.cli.migrate_output import MAIN, MigrateError, check, write

    try:
        output = convert(path)
        written = write(output, directory, force)
    except MigrateError as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)
    for line in output.told:
        click.echo(line, err=True)
    for file in written:
        click.echo(f"wrote {file}")
    if wrong := check(directory):
        click.echo(f"{directory / MAIN}: needs your hand before it can run:\n{wrong}", err=True)
        sys.exit(1)
    click.echo(
        f"{len(output.connectors)} connectors, {len(output.routes)} routes, {len(output.tenants)} tenants;"
        f" {len(output.told)} things to look at. Next: smsgwd check -c {directory / MAIN}"
    )
