"""The words behind NOUN VERB: which parameter each of them is, and which are `smsgwctl`'s own options."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from smsgwd.cli.ctl_socket import WRONG_USE, CtlError

_LARGEST = 32 * 1024 * 1024  # characters of a file that stands for a value
_NAMED: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*=")
#: Options that may stand among the words, and whether a value follows. A command's parameter of that name goes first.
_OWN: Final = {"columns": True, "seconds": True, "no-headers": False}
_ALWAYS_OWN: Final = {"socket": True, "json": False, "help": False}


def wrong(text: str) -> CtlError:
    """A mistake in what was typed."""
    return CtlError(text, WRONG_USE)


def own_options(words: Sequence[str], command: Mapping[str, Any] | None = None) -> tuple[list[str], dict[str, str]]:
    """The words without `smsgwctl`'s own options, and those (`yes` for one without value).

    Before the command is known only --socket, --json and --help are taken out; `--json=TEXT` is a parameter. Raises
    CtlError for an option that lacks its value.
    """
    options = dict(_ALWAYS_OWN)
    if command is not None:
        taken = {each["name"] for each in command["parameters"]}
        options = {name: value for name, value in _OWN.items() if name not in taken}
    rest: list[str] = []
    found: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            rest += [word, *left]
            break
        name, equals, value = word.removeprefix("--").partition("=")
        if word == "-h" and "help" in options:
            found["help"] = "yes"
        elif not word.startswith("--") or name not in options or (equals and not options[name]):
            rest.append(word)
        elif not options[name]:
            found[name] = "yes"
        elif equals or left:
            found[name] = value if equals else left.pop(0)
        else:
            raise wrong(f"--{name} needs a value")
    return rest, found


def parameters(words: Sequence[str], command: Mapping[str, Any] | None = None) -> dict[str, str]:
    """`name=value`, `--name=value`, `--name value` and, of a known command, values alone, which fill its required
    parameters, then its optional ones, in their order. `--name` alone means yes. Raises CtlError for anything else."""
    params: dict[str, str] = {}
    alone: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            alone += left
            break
        if not word.startswith("--") and _NAMED.match(word) is None:
            if not word or word.startswith("="):
                raise wrong(f"{word!r} is no parameter: write name=value or --name value")
            alone.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        if not name:
            raise wrong(f"{word!r} is no parameter: write name=value or --name value")
        if not equals:
            follows = bool(left) and not left[0].startswith("--") and _may_follow(name, left[0], command)
            value = left.pop(0) if follows else "yes"
        _put(params, name.replace("-", "_"), value, command)
    _place(params, alone, command)
    return params


def missing(params: Mapping[str, str], command: Mapping[str, Any]) -> bool:
    """True where the daemon is going to say that these are not the parameters of the command."""
    names = {each["name"]: each["required"] for each in command["parameters"]}
    saves = command.get("saves") or None
    return any(name not in names for name in params) or any(
        needed and name not in params and name != saves for name, needed in names.items()
    )


def nearest(word: str, known: Sequence[str], begin: str = "") -> str:
    """`; did you mean X?` where something that is known looks like it, with `begin` before it, else ''."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(begin + each for each in close)}?" if close else ""


def _may_follow(name: str, word: str, command: Mapping[str, Any] | None) -> bool:
    """True when the word behind `--name` is its value: what can be yes alone takes no other word."""
    for each in () if command is None else command["parameters"]:
        if each["name"] == name.replace("-", "_") and each.get("values") == "yes":
            return word in ("yes", "no")
    return True


def _put(params: dict[str, str], name: str, written: str, command: Mapping[str, Any] | None) -> None:
    if name in params:
        raise wrong(f"{name} is given twice")
    kinds = {each["name"]: each.get("values") for each in (command or {}).get("parameters", ())}
    is_target = kinds.get(name) == "target" and not written.startswith("@@")  # @shop is one, as `outbox list` shows it
    params[name] = written if is_target else _value(name, written)


def _place(params: dict[str, str], alone: list[str], command: Mapping[str, Any] | None) -> None:
    """Give the words that stand alone to the parameters that were not named."""
    if not alone:
        return
    if command is None:
        raise wrong(f"{alone[0]!r} is no parameter: write name=value or --name value")
    order = sorted(command["parameters"], key=lambda each: not each["required"])
    free = [each["name"] for each in order if each["name"] not in params]
    name = f"{command['noun']} {command['verb']}"
    if len(alone) > len(free):
        takes = ", ".join(each["name"] for each in order) or "no parameters"
        raise wrong(f"{alone[len(free)]!r} is one word too many: {name} takes {takes}")
    for each, written in zip(free, alone, strict=False):
        _put(params, each, written, command)


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
        raise wrong(f"{name}: cannot read {written[1:]}: {why} (@@ for a value that begins with @)") from None
    if len(text) > _LARGEST:
        raise wrong(f"{name}: {written[1:]} is larger than {_LARGEST // 1024 // 1024} MiB")
    return text
