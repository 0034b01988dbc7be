"""`smsgwctl`: operations through the admin socket. It shows what the daemon's registry offers; it knows no command."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import click

from smsgwd.cli.command_help import explained, overview
from smsgwd.cli.tables import harmless, progress, render
from smsgwd.ops.registry import PROTOCOL_VERSION

_DEFAULT_SOCKET = "/run/smsgwd/admin.sock"
_TIMEOUT_S = 30.0
_LOOK_EVERY_S = 1.0
_LARGEST = 32 * 1024 * 1024  # characters of a file that stands for a value


class _NoAnswer(click.ClickException):
    """Nobody answers on the admin socket."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _call(
    path: str, method: str, target: str, body: dict[str, str] | None = None, waiting: Callable[[], None] | None = None
) -> Any:
    """One request to the admin socket; a readable ClickException when it cannot be had.

    With `waiting`, which is called every second, the answer is waited for as long as that does not raise.
    """
    connection = _UnixConnection(path)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, target, payload, {"Content-Type": "application/json"} if body is not None else {})
        while waiting is not None and not select.select([connection.sock], [], [], _LOOK_EVERY_S)[0]:
            waiting()
        answer = connection.getresponse()
        data = answer.read()
        version = answer.getheader("X-Smsgwd-Protocol", "")
    except (OSError, http.client.HTTPException) as error:
        raise _NoAnswer(f"no answer on the admin socket {path}: {error}") from None
    finally:
        connection.close()
    if version != str(PROTOCOL_VERSION):
        raise click.ClickException(f"the daemon speaks protocol {version or 'unknown'}, this is {PROTOCOL_VERSION}")
    try:
        result = json.loads(data)
    except ValueError:
        raise click.ClickException(f"the daemon answered {answer.status} without JSON") from None
    if answer.status != 200:
        detail = result.get("detail") if isinstance(result, dict) else None
        raise click.ClickException(harmless(str(detail or f"the daemon answered {answer.status}"), "\n"))
    return result


class _Waiting:
    """What is done while a command takes its time: the daemon is asked how far it is, and so whether it lives."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._shown = False

    def __call__(self) -> None:
        """Raises _NoAnswer when the daemon does not answer any more."""
        try:
            store = _call(self._path, "POST", "/commands/store/show", {})
        except _NoAnswer:
            raise
        except click.ClickException:
            return  # it lives, and has a trouble with its store that the command will tell of
        if sys.stderr.isatty():
            work = "; ".join(f"{name} {progress(each)}" for name, each in store.get("upkeep", {}).items())
            click.echo(f"\r\x1b[K{work or 'waiting'}", nl=False, err=True)
            self._shown = True

    def clear(self) -> None:
        """Leave the line empty for the answer."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _params(words: Sequence[str]) -> dict[str, str]:
    """`name=value`, `--name=value` and `--name value` as a mapping; `--name` alone means yes."""
    params = {}
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not equals and word.startswith("--"):
            value = "yes" if not left or left[0].startswith("--") else left.pop(0)
        elif not equals:
            name = ""
        if not name:
            raise click.UsageError(f"{word!r} is no parameter: write name=value or --name value")
        params[name.replace("-", "_")] = _value(name, value)
    return params


def _value(name: str, written: str) -> str:
    """`@FILE` is what the file says, `@-` what comes on standard input, `@@...` a value that begins with `@`."""
    if not written.startswith("@"):
        return written
    if written.startswith("@@"):
        return written[1:]
    try:
        with click.open_file(written[1:], encoding="utf-8-sig") as file:
            text: str = file.read(_LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise click.UsageError(f"{name}: cannot read {written[1:]}: {why}") from None
    if len(text) > _LARGEST:
        raise click.UsageError(f"{name}: {written[1:]} is larger than {_LARGEST // 1024 // 1024} MiB")
    return text


def _help(commands: list[dict[str, Any]], noun: str, verb: Sequence[str], as_json: bool) -> None:
    """All commands in a line each, or those of a noun, or one of them, with parameters. UsageError for no such."""
    found = [row for row in commands if (not noun or row["noun"] == noun) and (not verb or row["verb"] == verb[0])]
    if not found:
        known = ", ".join(sorted({row["noun"] for row in commands}))
        raise click.UsageError(f"there is no command {' '.join((noun, *verb))}; there are: {known}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(explained(found) if noun else overview(found))


@click.command(context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@click.option(
    "--socket",
    "path",
    default=lambda: os.environ.get("SMSGWD_SOCKET", _DEFAULT_SOCKET),
    help=f"Admin socket (else $SMSGWD_SOCKET, else {_DEFAULT_SOCKET}).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("noun")
@click.argument("verb", default="show")
@click.argument("params", nargs=-1, type=click.UNPROCESSED)
def main(path: str, as_json: bool, noun: str, verb: str, params: tuple[str, ...]) -> None:
    """Operate a running gateway: smsgwctl NOUN [VERB] [NAME=VALUE or --NAME VALUE ...].

    A VALUE of @FILE is what the file says, of @- what comes on standard input (@@ for a value that begins with @).

    `smsgwctl help` lists what the running daemon offers, `smsgwctl help NOUN` tells the parameters of its commands;
    `smsgwctl status` is where to begin.
    """
    if noun == "help":
        _help(_call(path, "GET", "/commands"), "" if verb == "show" else verb, params[:1], as_json)
        sys.exit(0)
    if verb.startswith("--") or "=" in verb:
        verb, params = "show", (verb, *params)
    target = f"/commands/{quote(noun, safe='')}/{quote(verb, safe='')}"
    waiting = _Waiting(path)
    try:
        result = _call(path, "POST", target, _params(params), waiting)
    except KeyboardInterrupt:
        waiting.clear()
        click.echo("Not waited for any longer. The daemon goes on with it: smsgwctl store show", err=True)
        sys.exit(130)
    finally:
        waiting.clear()
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo(render(noun, result))
    sys.exit(0)


if __name__ == "__main__":
    main()
