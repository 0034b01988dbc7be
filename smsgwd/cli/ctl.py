"""`smsgwctl`: operations through the admin socket. It shows what the daemon's registry offers; it knows no command."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
from typing import Any
from urllib.parse import quote

import click

from smsgwd.cli.tables import render
from smsgwd.ops.registry import PROTOCOL_VERSION

_DEFAULT_SOCKET = "/run/smsgwd/admin.sock"
_TIMEOUT_S = 30.0


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _call(path: str, method: str, target: str, body: dict[str, str] | None = None) -> Any:
    """One request to the admin socket; a readable ClickException when it cannot be had."""
    connection = _UnixConnection(path)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, target, payload, {"Content-Type": "application/json"} if body is not None else {})
        answer = connection.getresponse()
        data = answer.read()
        version = answer.getheader("X-Smsgwd-Protocol", "")
    except (OSError, http.client.HTTPException) as error:
        raise click.ClickException(f"no answer on the admin socket {path}: {error}") from None
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
        raise click.ClickException(str(detail or f"the daemon answered {answer.status}"))
    return result


def _params(words: tuple[str, ...]) -> dict[str, str]:
    """`name=value` words as a mapping."""
    params = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{word!r} is no parameter: write name=value")
        params[name] = value
    return params


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--socket",
    "path",
    default=lambda: os.environ.get("SMSGWD_SOCKET", _DEFAULT_SOCKET),
    help=f"Admin socket (else $SMSGWD_SOCKET, else {_DEFAULT_SOCKET}).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("noun")
@click.argument("verb", default="show")
@click.argument("params", nargs=-1)
def main(path: str, as_json: bool, noun: str, verb: str, params: tuple[str, ...]) -> None:
    """Operate a running gateway: smsgwctl NOUN [VERB] [NAME=VALUE ...].

    `smsgwctl help` lists what the running daemon offers; `smsgwctl status` is where to begin.
    """
    if noun == "help":
        result = _call(path, "GET", "/commands")
    else:
        target = f"/commands/{quote(noun, safe='')}/{quote(verb, safe='')}"
        result = _call(path, "POST", target, _params(params))
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo(render(noun, result))
    sys.exit(0)


if __name__ == "__main__":
    main()
