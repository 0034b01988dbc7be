"""Pages worked through with smsgwctl against a live gateway: each command must answer what its page says."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.scenario.harness import Gateway
from tests.scenario.verbs import smsgwctl

OPERATE = Path(__file__).resolve().parents[2] / "docs" / "operate"
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def work_through(
    page: str,
    gateway: Gateway,
    stands_for: Mapping[str, str],
    before: Mapping[str, Callable[[], object]] | None = None,
) -> int:
    """Run the commands of a page in their order; how many there were. AssertionError where one answers otherwise.

    `stands_for` says what a word of the page is in this gateway (an id, an address); `before` is called before the
    commands that begin so.
    """
    commands = 0
    for console in _CONSOLE.findall((OPERATE / page).read_text("utf-8")):
        for part in re.split(r"^\$ smsgwctl ", console, flags=re.MULTILINE)[1:]:
            line, _, expected = part.partition("\n")
            for beginning, call in (before or {}).items():
                if line.startswith(beginning):
                    call()
            said = _said(gateway, line, stands_for)
            same = doctest.OutputChecker().check_output(expected.strip() + "\n", said.strip() + "\n", _SAME)
            assert same, f"$ smsgwctl {line}\nthe page says:\n{expected}\nthe gateway says:\n{said}"
            commands += 1
    return commands


def _said(gateway: Gateway, line: str, stands_for: Mapping[str, str]) -> str:
    """What it prints, in the page's words."""
    words = []
    for word in shlex.split(line):
        for written, live in stands_for.items():
            word = word.replace(written, live)
        words.append(word)
    _, out, err = smsgwctl(gateway, *words)
    said = out + err
    for written, live in stands_for.items():
        said = said.replace(live, written)
    return said
