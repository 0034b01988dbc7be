"""`smsgwctl`: operations through the admin socket. It shows what the daemon's registry offers; it knows no command."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from smsgwd import __version__
from smsgwd.cli.command_help import explained, overview
from smsgwd.cli.completion import completed, script
from smsgwd.cli.ctl_follow import Saved, Shown, follow
from smsgwd.cli.ctl_socket import DONE, FAILED, FOUND, INTERRUPTED, WRONG_USE, CtlError, Daemon, Waiting
from smsgwd.cli.ctl_words import missing, nearest, own_options, parameters, wrong
from smsgwd.cli.tables import Look, NoSuchColumnError, render

_DEFAULT_SOCKET: Final = "/run/smsgwd/admin.sock"
_WITHOUT_VERB: Final = ("show", "list")
_EXAMPLES: Final = """\b
Examples:
  smsgwctl status
  smsgwctl help connector
  smsgwctl tenant show demo
  smsgwctl --json message show id=7400000000000000001
  smsgwctl price import standard csv=@rates.csv

\b
Exit status:
  0    done
  1    the daemon refused, or the command failed
  2    wrong use: no such command, parameter or option
  3    no answer on the admin socket
  4    not permitted: the command needs another role
  5    a check found something
  130  interrupted
"""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "allow_interspersed_args": False}, epilog=_EXAMPLES
)
@click.version_option(__version__, prog_name="smsgwctl")
@click.option(
    "--socket",
    "path",
    default=lambda: os.environ.get("SMSGWD_SOCKET", _DEFAULT_SOCKET),
    help=f"Admin socket (else $SMSGWD_SOCKET, else {_DEFAULT_SOCKET}).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the daemon's JSON; of what goes on, an object a line.")
@click.option("--columns", default="", help="Only these columns of a table, with commas, in this order.")
@click.option("--no-headers", is_flag=True, help="No line of headers above a table.")
@click.option("--seconds", default="", help="End a command that goes on after so many seconds.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="NOUN [VERB] [VALUE | NAME=VALUE | --NAME VALUE]...")
def main(path: str, as_json: bool, columns: str, no_headers: bool, seconds: str, words: tuple[str, ...]) -> None:
    """Operate a running gateway.

    Values alone fill the parameters that a command needs, then the others, in their order. A VALUE of @FILE is what the
    file says, of @- what comes on standard input (@@ for a value that begins with @). Options may stand anywhere.

    `smsgwctl help` lists what the running daemon offers, `smsgwctl help NOUN` and `smsgwctl NOUN VERB --help` tell the
    parameters, `smsgwctl status` is where to begin; `smsgwctl top` is a screen that renews itself. `smsgwctl completion
    bash`, `zsh` or `fish` prints what makes the shell complete all of it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal has not is no reason to say nothing
            stream.reconfigure(errors="backslashreplace")
    given = {"columns": columns, "seconds": seconds, "no-headers": "yes" if no_headers else ""}
    try:
        status = _run(path, as_json, {name: value for name, value in given.items() if value}, list(words))
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    except KeyboardInterrupt:
        status = INTERRUPTED
    except NoSuchColumnError as error:
        click.echo(f"Error: {error}", err=True)
        status = WRONG_USE
    except CtlError as error:
        click.echo(f"Error: {error.message}", err=True)
        status = error.status
    sys.exit(status)


def _run(path: str, as_json: bool, given: dict[str, str], words: list[str]) -> int:
    """Do what the words say; the exit status. Raises CtlError, NoSuchColumnError."""
    if words[:1] == ["_complete"]:
        return completed(path, words[1:])
    words, own = own_options(words)
    path = own.get("socket", path)
    as_json = as_json or "json" in own
    if not words:
        click.echo(click.get_current_context().get_help(), err="help" not in own)
        return DONE if "help" in own else WRONG_USE
    noun, *rest = words
    if noun == "completion":
        return _completion(rest)
    daemon = Daemon(path)
    if noun == "top" and "help" not in own:
        return _top(daemon, rest, as_json)
    commands = daemon.commands()
    if noun == "help":
        return _help(commands, rest, as_json)
    if rest[:1] == ["help"] or "help" in own:
        return _help(commands, [noun, *rest[1 if rest[:1] == ["help"] else 0 :][:1]], as_json)
    command, rest = _find(commands, noun, rest)
    if command is None:
        return _help(commands, [noun], as_json)
    rest, more = own_options(rest, command)
    return _carry_out(daemon, command, rest, {**given, **more}, as_json)


def _carry_out(
    daemon: Daemon, command: dict[str, Any], words: Sequence[str], own: Mapping[str, str], as_json: bool
) -> int:
    """Run one command and show what comes of it."""
    params = parameters(words, command)
    look, seconds = _look(own), _seconds(own)
    if command.get("follow"):
        shown = Shown(as_json, look)
        for rows in follow(daemon, command, params, seconds):
            shown(rows)
        return DONE
    if "seconds" in own:
        raise wrong(f"{command['noun']} {command['verb']} does not go on: --seconds is nothing for it")
    file = _file(command, params)
    answer = _answer(daemon, command, params)
    if file is not None:
        answer = file.write(answer)
        if as_json or params.get(command["saves"]) == "-":
            return DONE if not as_json else _print(json.dumps(answer, indent=2))
    _print(json.dumps(answer, indent=2) if as_json else render(command["noun"], answer, look))
    return FOUND if command["verb"] == "check" and _found(answer) else DONE


def _answer(daemon: Daemon, command: dict[str, Any], params: dict[str, str]) -> Any:
    """Ask the daemon, however long it takes. Raises CtlError."""
    waiting = Waiting(daemon)
    sent = {name: value for name, value in params.items() if name != (command.get("saves") or None)}
    try:
        return daemon.call(command["noun"], command["verb"], sent, waiting)
    except CtlError as error:
        if error.status == FAILED and missing(params, command):
            raise wrong(error.message) from None
        raise
    except KeyboardInterrupt:
        waiting.clear()
        if command.get("long") or command.get("changes"):
            click.echo("Not waited for any longer. The daemon goes on with it: smsgwctl store show", err=True)
        raise
    finally:
        waiting.clear()


def _file(command: dict[str, Any], params: dict[str, str]) -> Saved | None:
    """The local file for the answer, where the command makes one."""
    name = command.get("saves")
    if not name:
        return None
    if not params.get(name):
        raise wrong(f"{command['noun']} {command['verb']} needs the parameter {name}: the file to write, here")
    return Saved(params[name])


def _print(text: str) -> int:
    if text:
        click.echo(text)
    return DONE


def _found(answer: Any) -> bool:
    """True for the answer of a check that is not all well."""
    return isinstance(answer, dict) and (bool(answer.get("problems")) or answer.get("ok") is False)


def _look(own: Mapping[str, str]) -> Look:
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if terminal else 0
    columns = tuple(each.strip() for each in own.get("columns", "").split(",") if each.strip())
    return Look(width, colour, "no-headers" not in own, columns)


def _seconds(own: Mapping[str, str]) -> float:
    written = own.get("seconds", "0")
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise wrong(f"--seconds must be a number of seconds, not {written!r}")
    return seconds


def _find(commands: list[dict[str, Any]], noun: str, words: list[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """The command that is meant, and the words that are left; None where only the noun was given and nothing shows it
    without parameters. Raises CtlError for one that there is not."""
    verbs = {row["verb"]: row for row in commands if row["noun"] == noun}
    if not verbs:
        raise _unknown(commands, noun, "")
    if words and not words[0].startswith("-") and "=" not in words[0]:
        if words[0] not in verbs:
            raise _unknown(commands, noun, words[0])
        return verbs[words[0]], words[1:]
    names = {word.removeprefix("--").partition("=")[0].replace("-", "_") for word in words if not word.startswith("@")}
    for verb in _WITHOUT_VERB:
        each = verbs.get(verb)
        if each is not None and names >= {given["name"] for given in each["parameters"] if given["required"]}:
            return each, words
    if not words:
        return None, words
    for verb in _WITHOUT_VERB:
        if verb in verbs:
            return verbs[verb], words
    raise wrong(f"which command of {noun}? there are: {', '.join(f'{noun} {verb}' for verb in verbs)}")


def _unknown(commands: list[dict[str, Any]], noun: str, verb: str) -> CtlError:
    """There is no such command, but perhaps one that looks like it."""
    nouns = list(dict.fromkeys(row["noun"] for row in commands))
    verbs = [row["verb"] for row in commands if row["noun"] == noun]
    if verbs:
        near = nearest(verb, verbs, f"{noun} ")
        there = ", ".join(f"{noun} {each}" for each in verbs)
    else:
        near = nearest(noun, nouns) or nearest(verb, [f"{row['noun']} {row['verb']}" for row in commands])
        there = ", ".join(sorted(nouns)) + " (smsgwctl help lists them)"
    named = f"{noun} {verb}".strip()
    return wrong(
        f"there is no command {named!r}{near}" if near else f"there is no command {named!r}; there are: {there}"
    )


def _help(commands: list[dict[str, Any]], words: Sequence[str], as_json: bool) -> int:
    """All commands in a line each, or those of a noun, or one of them, with parameters. CtlError for no such."""
    noun, verb = [*words, "", ""][:2]
    found = [row for row in commands if noun in ("", row["noun"]) and verb in ("", row["verb"])]
    if not found:
        raise _unknown(commands, noun, verb)
    if as_json:
        return _print(json.dumps(found, indent=2))
    return _print(explained(found) if noun else overview(found))


def _completion(words: Sequence[str]) -> int:
    """Print the script that makes a shell complete."""
    if len(words) != 1:
        raise wrong("completion of which shell? smsgwctl completion bash, zsh or fish")
    try:
        return _print(script(words[0]))
    except KeyError:
        raise wrong(f"no completion for {words[0]!r}: there is bash, zsh and fish") from None


def _top(daemon: Daemon, words: Sequence[str], as_json: bool) -> int:
    """The screen that renews itself. `--once` prints it once, `--interval S` says how often it is renewed."""
    from smsgwd.cli.top import run  # textual takes its time, and is not needed for anything else

    params = parameters(words, {"noun": "smsgwctl", "verb": "top", "parameters": _TOP})
    for name in params:
        if name not in ("once", "interval", "cluster"):
            raise wrong(f"smsgwctl top takes no {name}: --once, --interval SECONDS, --cluster")
    if as_json:
        raise wrong("smsgwctl top has no --json: `smsgwctl figures show --json` is what it is made of")
    for name in ("once", "cluster"):
        if params.get(name, "yes") not in ("yes", "no"):
            raise wrong(f"{name} must be yes or no")
    written = params.get("interval", "1")
    interval_s = _seconds({"seconds": written})
    if interval_s < 0.1:
        raise wrong("--interval must be 0.1 seconds at least")
    return run(daemon.call, params.get("once") == "yes", interval_s, cluster=params.get("cluster") == "yes")


_TOP: Final = [
    {"name": "once", "text": "Print it once", "required": False, "values": "yes"},
    {"name": "interval", "text": "Seconds", "required": False, "values": ""},
    {"name": "cluster", "text": "Rates of all nodes together", "required": False, "values": "yes"},
]


if __name__ == "__main__":
    main()
