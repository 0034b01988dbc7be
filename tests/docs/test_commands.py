"""What operators' commands say of themselves holds, and pages name no command that there is not."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from smsgwd.cli.ctl_socket import CtlError
from smsgwd.cli.ctl_words import missing, own_options, parameters
from smsgwd.model.operators import ROLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
KINDS = ("", "yes", "connector", "tenant", "account", "list", "noun", "target", "node")
OURS = ("help", "top", "completion", "_complete", "--help", "--version")


@cache
def commands() -> dict[tuple[str, str], dict[str, Any]]:
    """What a gateway offers, as the generator of the page asks for it."""
    scripts = str(ROOT / "scripts")
    sys.path.insert(0, scripts)
    try:
        module = importlib.import_module("gen_commands_docs")
    finally:
        sys.path.remove(scripts)
    return {(row["noun"], row["verb"]): row for row in module.commands()}


def wrong_with(words: list[str]) -> str:
    """What is wrong with a command as it is written somewhere; '' if nothing is."""
    words, _ = own_options(words)
    noun, verb, *rest = [*words, "", ""]
    if noun in OURS or noun.startswith("NOUN") or noun == "...":
        return ""
    verbs = [each for name, each in commands() if name == noun]
    if not verbs:
        return f"there is no noun {noun}"
    if verb in ("", "help", "VERB") or verb not in verbs:
        return "" if verb in ("", "help", "VERB") or "=" in verb or verb.startswith("--") else f"no {noun} {verb}"
    command = commands()[noun, verb]
    rest, _ = own_options([word for word in rest if word], command)
    try:
        given = parameters([word.replace("@", "@@") for word in rest], command)
    except CtlError as error:
        return error.message
    names = {each["name"] for each in command["parameters"]}
    unknown = [name for name in given if name not in names]
    return f"{noun} {verb} takes no {unknown[0]}" if unknown else ""


def test_every_command_says_who_may_and_how() -> None:
    """Role, text, an example, and values that completion knows."""
    assert len(commands()) > 80
    for (noun, verb), command in commands().items():
        assert command["role"] in ROLES, (noun, verb)
        assert command["text"], (noun, verb)
        assert command["examples"], f"{noun} {verb} has no example"
        for each in command["parameters"]:
            assert each["values"] in KINDS or "|" in each["values"], (noun, verb, each)
            assert each["text"], (noun, verb, each)


def test_examples_are_of_their_command_and_can_be_typed() -> None:
    """They give what is needed, and nothing that it does not take."""
    for (noun, verb), command in commands().items():
        for example in command["examples"]:
            words = shlex.split(re.split(r" [>|] ", example)[0])  # what the shell makes of it is its own
            assert wrong_with(words) == "", example
            assert words[0] == noun, example
            if words[1:2] != [verb]:
                assert verb in ("show", "list"), example
                continue
            rest, _ = own_options(own_options(words[2:])[0], command)
            given = parameters([word.replace("=@", "=@@") for word in rest], command)  # files are not here
            assert not missing(given, command), f"{example} lacks a parameter"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_pages_name_commands_that_there_are(page: Path) -> None:
    """`smsgwctl ...` in code, with the words behind it as far as they can be read."""
    wrong = []
    for written in re.findall(r"smsgwctl ([a-z][^`\n|<>]*)", "\n".join(_code(page.read_text("utf-8")))):
        try:
            words = shlex.split(written.split(" #")[0].rstrip(" \\"))
        except ValueError:  # it goes on in the next line
            words = written.split()[:2]
        if "..." in words or any(each.startswith("(") for each in words):
            words = words[:2]
        if found := wrong_with([word.rstrip(",;") for word in words]):
            wrong.append(f"{written}: {found}")
    assert wrong == []


def _code(text: str) -> list[str]:
    """What stands in code, blocks and spans; not what is shown to be refused."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    typed = re.compile(r"^(?:\$ |sudo )?(\S*smsgwctl [^\n]*)\n(?!Error)", re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in typed.findall(block)] + re.findall(r"`(smsgwctl [^`]*)`", rest)
