"""The pages of the dialects: each `$` line of a ```console block is carried out, and says what stands below it.

`$URL` is the gateway, `$CATCHER` where callbacks may go. A page's lines run in one shell, one after another, so that a
line may use what an earlier one kept (`$ ID=$(curl ...)`). `...` below a line stands for anything.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.dialects.stand import NAMES, Stand

_PAGES = Path(__file__).parents[2] / "docs" / "dialects"
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MARK = "-- end of line --"


class Line(NamedTuple):
    """A command and what it says."""

    command: str
    said: str


def lines_of(page: str) -> list[Line]:
    """The commands of a page; one that ends in a backslash or within quotes goes on in the next line."""
    found: list[Line] = []
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, said = "", part
            while said and (not command or not _is_whole(command)):
                line, _, said = said.partition("\n")
                command += line + "\n"
            found.append(Line(command, said.strip()))
    return found


def _is_whole(command: str) -> bool:
    if command.endswith("\\\n"):
        return False
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def pattern_of(said: str) -> re.Pattern[str]:
    """What fits the output that a page shows."""
    return re.compile(".*?".join(re.escape(part) for part in said.split("...")), re.DOTALL)


def test_lines_are_found() -> None:
    """With what they say, over several lines, and nothing of other blocks."""
    page = "x\n```console\n$ a \\\n  'b\nb'\nsaid\nmore\n$ c\n```\n```\n$ no\n```\n```console\n$ d\n...z\n```\n"
    assert lines_of(page) == [Line("a \\\n  'b\nb'\n", "said\nmore"), Line("c\n", ""), Line("d\n", "...z")]
    assert pattern_of("a...c").fullmatch("a b c")
    assert not pattern_of("a...c").fullmatch("a b")
    assert not pattern_of("a.c").fullmatch("abc")


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_page(name: str) -> None:
    """Of each dialect, with commands that show what they say."""
    lines = lines_of((_PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert len([line for line in lines if line.said.replace(".", "").strip()]) >= 3


@pytest.mark.parametrize("page", sorted(path.name for path in _PAGES.glob("*.md")))
def test_the_lines_do_what_they_say(stand: Stand, page: str, tmp_path: Path) -> None:
    """Each, in order."""
    lines = lines_of((_PAGES / page).read_text(encoding="utf-8"))
    script = "".join(f"{line.command}echo; echo '{_MARK}'\n" for line in lines)
    url = f"http://127.0.0.1:{stand.gateway().http_port}"
    # The page is ours; it runs as a reader would run it.
    done = subprocess.run(
        ["bash"],
        input=script,
        env={"URL": url, "CATCHER": stand.catcher.url, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout.split(f"{_MARK}\n")
    for line, got in zip(lines, said, strict=False):
        assert pattern_of(line.said).fullmatch(got.strip()), f"$ {line.command}said\n{got}\n{done.stderr[-2000:]}"
    assert len(said) == len(lines) + 1, done.stderr
