"""What `smsgwctl help` says: all commands in a line each, or some with their parameters."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any, Final

from smsgwd.cli.tables import harmless

_WIDEST: Final = 120
_VALUES: Final = {
    "yes": "yes or no",
    "connector": "id of a connector",
    "node": "name of a node",
    "tenant": "id of a tenant",
    "account": "system_id of an ESME",
    "list": "name of a price list",
    "noun": "the first word of a command",
}


def overview(commands: Sequence[dict[str, Any]]) -> str:
    """Every command with what it does, in a line each, those of a noun together."""
    names = [f"{row['noun']} {row['verb']}" for row in commands]
    width = max(map(len, names), default=0)
    nouns = list(dict.fromkeys(row["noun"] for row in commands))
    order = sorted(range(len(commands)), key=lambda place: nouns.index(commands[place]["noun"]))
    lines = [_hanging(f"{names[place]:<{width}}  ", commands[place]["text"]) for place in order]
    return "\n".join([*lines, "", "smsgwctl help NOUN tells the parameters of its commands."])


def explained(commands: Sequence[dict[str, Any]]) -> str:
    """Commands with their parameters, the role they need, and examples."""
    return "\n\n".join(_explained(command) for command in commands)


def usage(command: dict[str, Any]) -> str:
    """`NOUN VERB required [optional=]`, without `smsgwctl`: what is bare may be given by position."""
    order = sorted(command["parameters"], key=lambda each: not each["required"])
    words = [each["name"].upper() if each["required"] else f"[{each['name']}=]" for each in order]
    return " ".join([command["noun"], command["verb"], *words])


def values_of(parameter: dict[str, Any]) -> str:
    """What may be given, where that is one of a few: `on, off`, `id of a tenant`; else ''."""
    values = parameter.get("values") or ""
    return _VALUES.get(values) or ", ".join(values.split("|")) if values else ""


def remarks(command: dict[str, Any]) -> list[str]:
    """What else there is to know: its role, and whether it changes something, takes long, goes on, makes a file."""
    told = [f"role {command['role']}"] if command.get("role") else []
    if command.get("changes"):
        told.append("changes something and stands in the audit")
    if command.get("long"):
        told.append("may take long")
    if command.get("follow"):
        told.append("goes on until Ctrl-C (--seconds N ends it)")
    if command.get("saves"):
        told.append(f"writes its answer to the file {command['saves']}")
    return told


def _explained(command: dict[str, Any]) -> str:
    lines = [_hanging("smsgwctl ", usage(command)), _hanging("  ", command["text"])]
    if told := remarks(command):
        lines.append(_hanging("  ", "(" + "; ".join(told) + ")"))
    order = sorted(command["parameters"], key=lambda each: not each["required"])
    words = [f"{each['name']}=" if each["required"] else f"[{each['name']}=]" for each in order]
    width = max(map(len, words), default=0)
    for word, each in zip(words, order, strict=True):
        values = values_of(each)
        lines.append(_hanging(f"    {word:<{width}}  ", each["text"] + (f" ({values})" if values else "")))
    lines += [f"  e.g. smsgwctl {harmless(example)}" for example in command.get("examples", ())]
    return "\n".join(lines)


def _hanging(begin: str, text: str) -> str:
    """A text behind its beginning, on as many lines as it takes, all as far from the left."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    wrapped = textwrap.wrap(harmless(text), max(20, width - len(begin))) or [""]
    return begin.rstrip() if not text else ("\n" + " " * len(begin)).join([begin + wrapped[0], *wrapped[1:]])
