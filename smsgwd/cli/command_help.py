"""What `smsgwctl help` says: all commands in a line each, or some with their parameters."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any, Final

_WIDEST: Final = 120


def overview(commands: Sequence[dict[str, Any]]) -> str:
    """Every command with what it does, in a line each, those of a noun together."""
    names = [f"{row['noun']} {row['verb']}" for row in commands]
    width = max(map(len, names))
    nouns = list(dict.fromkeys(row["noun"] for row in commands))
    order = sorted(range(len(commands)), key=lambda place: nouns.index(commands[place]["noun"]))
    lines = [_hanging(f"{names[place]:<{width}}  ", commands[place]["text"]) for place in order]
    return "\n".join([*lines, "", "smsgwctl help NOUN tells the parameters of its commands."])


def explained(commands: Sequence[dict[str, Any]]) -> str:
    """Commands with their parameters; what may be left out is in brackets."""
    return "\n\n".join(_explained(command) for command in commands)


def _explained(command: dict[str, Any]) -> str:
    lines = [f"smsgwctl {command['noun']} {command['verb']}", _hanging("  ", command["text"])]
    words = [f"{each['name']}=" if each["required"] else f"[{each['name']}=]" for each in command["parameters"]]
    width = max(map(len, words), default=0)
    for word, each in zip(words, command["parameters"], strict=True):
        lines.append(_hanging(f"    {word:<{width}}  ", each["text"]))
    return "\n".join(lines)


def _hanging(begin: str, text: str) -> str:
    """A text behind its beginning, on as many lines as it takes, all as far from the left."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    wrapped = textwrap.wrap(text, max(20, width - len(begin))) or [""]
    return begin.rstrip() if not text else ("\n" + " " * len(begin)).join([begin + wrapped[0], *wrapped[1:]])
