"""Completion of `smsgwctl` by bash, zsh and fish: the scripts, and the words that they ask for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from smsgwd.cli.ctl_socket import DONE, CtlError, Daemon
from smsgwd.cli.ctl_words import own_options
from smsgwd.cli.tables import harmless

_PATIENCE_S: Final = 1.0
_MOST: Final = 1000
#: What a shell takes as one word as it stands.
_WORD: Final = re.compile(r"[\w@%+=:,./-]+")
#: Where the daemon tells the values of a kind: noun, verb, field.
_ASKED: Final = {
    "connector": ("connector", "list", "id"),
    "tenant": ("tenant", "list", "id"),
    "account": ("esme", "list", "system_id"),
    "list": ("price", "list", "name"),
    "target": ("outbox", "list", "target"),
    "node": ("node", "list", "node"),
}
_OPTIONS: Final = {
    "--socket": "admin socket",
    "--json": "the daemon's JSON",
    "--columns": "only these, with commas",
    "--no-headers": "no line of headers",
    "--help": "what there is, and its parameters",
}
_OURS: Final = {
    "help": "commands and their parameters",
    "top": "a screen that renews itself",
    "completion": "for shells",
}
_SHELLS: Final = ("bash", "zsh", "fish")
_TOP: Final = {"--once": "print it once", "--interval": "seconds", "--cluster": "rates of all nodes together"}

_BASH: Final = r"""# bash completion for smsgwctl; load it with: source <(smsgwctl completion bash)
_smsgwctl() {
    mapfile -t COMPREPLY < <("$1" _complete bash "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -F _smsgwctl smsgwctl
"""
_ZSH: Final = r"""#compdef smsgwctl
# zsh completion for smsgwctl; load it with: source <(smsgwctl completion zsh), or keep it as _smsgwctl in $fpath
_smsgwctl() {
    local line word
    local -a plain plain_told begun begun_told
    for line in "${(@f)$("$words[1]" _complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        word=${line%%$'\t'*}
        if [[ -z $word ]]; then
            continue
        elif [[ $word == *[=/] ]]; then
            begun+=("$word"); begun_told+=("${line/$'\t'/  }")
        else
            plain+=("$word"); plain_told+=("${line/$'\t'/  }")
        fi
    done
    (( $#plain )) && compadd -l -d plain_told -a plain
    (( $#begun )) && compadd -S '' -l -d begun_told -a begun
    return 0
}
if [[ "$funcstack[1]" == _smsgwctl ]]; then
    _smsgwctl "$@"
else
    compdef _smsgwctl smsgwctl
fi
"""
_FISH: Final = r"""# fish completion for smsgwctl; load it with: smsgwctl completion fish | source
function __smsgwctl_complete
    set -l typed (commandline -opc)
    $typed[1] _complete fish $typed[2..-1] (commandline -ct) 2>/dev/null
end
complete -c smsgwctl -f -a '(__smsgwctl_complete)'
"""


def script(shell: str) -> str:
    """What a shell has to load. KeyError for one that is not known."""
    return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell].rstrip("\n")


def completed(path: str, words: Sequence[str]) -> int:
    """Print what may stand in the place of the last word, a line each. Silent where the daemon does not answer.

    Of bash it comes as the characters that part its words, and the line up to the cursor; of the others as words.
    """
    if len(words) < 2 or words[0] not in _SHELLS:
        return DONE
    shell, breaks = words[0], ""
    typed = list(words[1:])
    if shell == "bash":
        breaks, typed = words[1], _parted(words[2] if len(words) > 2 else "")
    *before, current = typed
    try:
        path = own_options(before)[1].get("socket", path)
    except CtlError:  # its value is what is being typed
        return _print(shell, breaks, current, _files(current))
    found = Words(Daemon(path, _PATIENCE_S)).candidates(before, current)
    return _print(shell, breaks, current, found)


class Words:
    """What may come next, as the running daemon tells. It asks when it has to, and never fails."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def candidates(self, before: Sequence[str], current: str) -> Iterator[tuple[str, str]]:
        """Words in the place of `current`, each with what it is; `before` stands between `smsgwctl` and it."""
        try:
            words = self._without_options(before)
            yield from self._next(words, current)
            if current.startswith("-"):
                yield from _OPTIONS.items()
        except CtlError:
            return

    def _without_options(self, before: Sequence[str]) -> list[str]:
        words, _ = own_options(before)
        return own_options(words, {"parameters": []})[0] if words and words[0].startswith("-") else words

    def _next(self, words: list[str], current: str) -> Iterator[tuple[str, str]]:
        noun = words[0] if words else ""
        if noun == "completion":
            yield from ((shell, "") for shell in _SHELLS if len(words) == 1)
            return
        if noun == "top":
            yield from _TOP.items()
            return
        if not words:
            yield from _OURS.items()
        commands = self._daemon.commands()
        if noun == "help":
            words = words[1:]
        if not words:
            yield from _nouns(commands)
        elif len(words) == 1:
            yield from ((row["verb"], row["text"]) for row in commands if row["noun"] == words[0])
        elif noun != "help":
            for row in commands:
                if (row["noun"], row["verb"]) == (words[0], words[1]):
                    yield from self._parameters(row, words[2:], current)

    def _parameters(self, command: dict[str, Any], words: list[str], current: str) -> Iterator[tuple[str, str]]:
        by_name = {each["name"]: each for each in command["parameters"]}
        given, open_name, alone = _given(words, by_name)
        if open_name:
            yield from self._values(by_name[open_name], command, current)
            return
        name, equals, written = current.partition("=")
        if equals and name.removeprefix("--").replace("-", "_") in by_name:
            parameter = by_name[name.removeprefix("--").replace("-", "_")]
            yield from ((f"{name}={word}", text) for word, text in self._values(parameter, command, written))
            return
        left = [each for each in by_name.values() if each["name"] not in given]
        if current.startswith("--"):
            yield from ((f"--{each['name'].replace('_', '-')}", each["text"]) for each in left)
            return
        places = sorted(left, key=lambda each: not each["required"])[alone:]
        if places:
            yield from self._values(places[0], command, current)
        yield from ((f"{each['name']}=", each["text"]) for each in places)

    def _values(self, parameter: dict[str, Any], command: dict[str, Any], written: str) -> Iterator[tuple[str, str]]:
        if parameter["name"] == command.get("saves"):
            yield from _files(written)
        elif written.startswith("@") and parameter.get("values") != "target":
            yield from ((f"@{word}", text) for word, text in _files(written[1:]))
        else:
            yield from self._known(parameter.get("values") or "")

    def _known(self, kind: str) -> Iterator[tuple[str, str]]:
        if kind == "yes":
            yield from (("yes", ""), ("no", ""))
        elif kind in _ASKED:
            noun, verb, field = _ASKED[kind]
            rows = self._daemon.call(noun, verb, {})
            yield from ((str(row[field]), kind) for row in rows if isinstance(row, dict) and field in row)
        elif kind == "noun":
            yield from _nouns(self._daemon.commands())
        else:
            yield from ((word, "") for word in kind.split("|") if word)


def _nouns(commands: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    verbs: dict[str, list[str]] = {}
    for row in commands:
        verbs.setdefault(row["noun"], []).append(row["verb"])
    return ((noun, ", ".join(each)) for noun, each in verbs.items())


def _given(words: Sequence[str], by_name: Mapping[str, dict[str, Any]]) -> tuple[set[str], str, int]:
    """Parameters that are named already, the one whose value comes next, and how many words stand alone."""
    given: set[str] = set()
    open_name, alone = "", 0
    for word in words:
        name, equals, _ = word.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        if open_name:
            open_name = ""
        elif word.startswith("--") and name in by_name:
            given.add(name)
            open_name = "" if equals or by_name[name].get("values") == "yes" else name
        elif equals and name in by_name:
            given.add(name)
        elif not word.startswith("--"):
            alone += 1
    return given, open_name, alone


def _files(written: str) -> Iterator[tuple[str, str]]:
    """Files whose path begins so; directories with the slash behind them."""
    directory, slash, name = written.rpartition("/")
    try:
        entries = sorted(Path(f"{directory}{slash}" or ".").iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith(".")):
            yield f"{directory}{slash}{entry.name}{'/' if entry.is_dir() else ''}", ""


def _parted(line: str) -> list[str]:
    """The words of a command line behind `smsgwctl`, the last of them as far as it was typed."""
    for closing in ("", "'", '"'):
        try:
            words = shlex.split(line + closing)
            break
        except ValueError:
            continue
    else:
        words = line.split()
    if not words or (line[-1:].isspace() and not closing):
        words.append("")
    names = [Path(word).name for word in words]
    return words[names.index("smsgwctl") + 1 :] if "smsgwctl" in names[:-1] else words[1:] or [""]


def _print(shell: str, breaks: str, current: str, found: Iterator[tuple[str, str]]) -> int:
    """Those that begin as the word does. bash replaces only what is behind the last character that parts words."""
    cut = max((current.rfind(each) + 1 for each in breaks if each in "=:@"), default=0)
    lines = []
    for word, text in dict(found).items():
        if word.startswith(current) and _WORD.fullmatch(word) is not None:
            told = "" if shell == "bash" or not text else "\t" + harmless(re.sub(r"\s+", " ", text))[:80]
            lines.append(word[cut:] + told)
    if lines:
        click.echo("\n".join(lines[:_MOST]))
    return DONE
