"""`smsgwd`: the daemon and what goes with it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from smsgwd import __version__
from smsgwd.app.provider_checks import load_config
from smsgwd.app.support import Unsupported, refuse_unsupported
from smsgwd.config import ConfigErrors

_FILE = click.option(
    "-c", "--config", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Configuration file."
)


#: Imported when they are asked for: the daemon shall not hold in memory what only they need.
_BESIDE = {name: f"smsgwd.cli.{name}" for name in ("bench", "migrate", "simulate", "store")}


class _Commands(click.Group):
    """The commands of this module, and those of `_BESIDE`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, by name."""
        return sorted([*super().list_commands(ctx), *_BESIDE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        module = _BESIDE.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(module), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smsgwd")
def main() -> None:
    """A carrier-grade SMS gateway: HTTP and SMPP in, SMPP out, receipts back, nothing lost."""


@main.command()
@_FILE
def run(path: Path) -> None:
    """Run the gateway in the foreground (systemd: Type=notify)."""
    try:
        config = load_config(path, os.environ)
    except ConfigErrors as errors:
        click.echo(str(errors), err=True)
        sys.exit(2)
    from smsgwd.app.daemon import run_daemon  # the reactor is installed by importing it: not for `check` or `--help`

    sys.exit(run_daemon(config))


@main.command()
@_FILE
def check(path: Path) -> None:
    """Validate a configuration and its plugins: exit 0, or 2 with every mistake as file:line: key: what is wrong."""
    try:
        config = load_config(path, os.environ)
        refuse_unsupported(config)
    except (ConfigErrors, Unsupported) as errors:
        click.echo(str(errors), err=True)
        sys.exit(2)
    click.echo(f"{path}: ok")


@main.group()
def config() -> None:
    """The configuration file."""


@config.command("describe")
def config_describe() -> None:
    """Print the annotated reference of every option."""
    from smsgwd.config import describe  # a megabyte that `run` has no use for

    click.echo(describe())


if __name__ == "__main__":
    main()
