"""Reading kannel.conf: groups of `name = value` lines, with the place of each. Nothing is understood here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from smsgwd.cli.migrate_output import MigrateError, Output, Place

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,63})\s*=\s*(.*)\Z", re.DOTALL)
MAX_BYTES = 8 * 1024 * 1024
_MAX_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """One line's value."""

    value: str
    place: Place


@dataclass(slots=True)
class Group:
    """One group. What is taken out of `said` is converted; what stays is told at the end."""

    name: str
    place: Place
    said: dict[str, Said] = field(default_factory=dict)

    def take(self, key: str) -> Said | None:
        """The value of a variable, which then counts as dealt with; None when it was not said."""
        return self.said.pop(key, None)

    def text(self, key: str, default: str = "") -> str:
        """The same, its text alone."""
        said = self.take(key)
        return said.value if said is not None else default

    def number(self, key: str) -> int | None:
        """The same as a whole number (0x... too). Raises MigrateError."""
        said = self.take(key)
        if said is None:
            return None
        try:
            return int(said.value, 16) if said.value.lower().startswith("0x") else int(said.value)
        except ValueError:
            raise MigrateError(f"{said.place}: {key}: '{said.value[:40]}' is not a number") from None

    def real(self, key: str) -> float | None:
        """The same with decimals. Raises MigrateError."""
        said = self.take(key)
        if said is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", said.value):
            raise MigrateError(f"{said.place}: {key}: '{said.value[:40]}' is not a number")
        return float(said.value)

    def yes(self, key: str) -> bool | None:
        """The same as Kannel reads truths: 'true', 'yes', 'on' and 1."""
        said = self.take(key)
        return None if said is None else said.value.lower() in ("true", "yes", "on", "1")


def networks(parts: list[str]) -> tuple[list[str], list[str]]:
    """Addresses as Kannel writes them ('192.0.2.*') as networks ('192.0.2.0/24'), and those that are none."""
    found, wrong = [], []
    for part in parts:
        match = re.fullmatch(r"((?:[0-9]{1,3}\.){0,3}[0-9]{1,3})((?:\.\*){0,3})", part)
        octets = match[1].split(".") if match else []
        if match is None or len(octets) + match[2].count("*") != 4 or any(int(octet) > 255 for octet in octets):
            wrong.append(part)
            continue
        address = ".".join([*(str(int(octet)) for octet in octets), *["0"] * (4 - len(octets))])
        found.append(f"{address}/{8 * len(octets)}" if len(octets) < 4 else address)
    return found, wrong


def read(path: Path, output: Output) -> list[Group]:
    """The groups of a file and of those that it includes, in order. Raises MigrateError with file and line."""
    groups: list[Group] = []
    _read(path, output, groups, [])
    if not groups:
        raise MigrateError(f"{path}:1: there is no group in it: is it a kannel.conf?")
    return groups


def _read(path: Path, output: Output, groups: list[Group], above: list[Path]) -> None:
    if path.resolve() in above:
        raise MigrateError(f"{path}:1: the file includes itself")
    above = [*above, path.resolve()]
    if len(above) > 50:
        raise MigrateError(f"{path}:1: files are included more than 50 deep")
    block: list[tuple[str, Said]] = []
    for place, line in _lines(path):
        if not line:
            _close(block, output, groups)
            continue
        match = _LINE.match(line)
        if match is None:
            raise MigrateError(f"{place}: neither 'name = value' nor a comment: is it a kannel.conf?")
        said = Said(_value(match[2]), place)
        if match[1] == "include":
            for included in _included(path, said):
                _read(included, output, groups, above)
        else:
            block.append((match[1], said))
    _close(block, output, groups)


def _lines(path: Path) -> Iterator[tuple[Place, str]]:
    """Lines without comments, '' between groups, and those that end in a backslash joined with the next."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MigrateError(f"{path}: cannot read it: {error.strerror or 'unreadable'}") from None
    if len(raw) > MAX_BYTES:
        raise MigrateError(f"{path}:1: larger than 8 MiB: is it a kannel.conf?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    joined, first = "", 0
    for number, whole in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = whole.strip()
        if not joined and line.startswith("#"):
            continue
        if "\0" in line:
            raise MigrateError(f"{path}:{number}: binary data: is it a kannel.conf?")
        first = first if joined else number
        if line.endswith("\\"):
            joined += line[:-1]
            continue
        yield Place(str(path), first), (joined + line).strip()
        joined = ""
    if joined:
        yield Place(str(path), first), joined.strip()


def _value(text: str) -> str:
    """Quotes taken off, as Kannel does: within them a backslash keeps the next character."""
    text = text.strip()
    if not text.startswith('"'):
        return text
    out: list[str] = []
    chars = iter(text[1:])
    for char in chars:
        if char == '"':
            break
        out.append(next(chars, "") if char == "\\" else char)
    return "".join(out)


def _included(path: Path, said: Said) -> list[Path]:
    """The files of an include: a file, or all of a directory."""
    target = Path(said.value)
    if not target.is_absolute() and not target.exists():
        target = path.parent / target  # Kannel means its working directory, which nobody knows any more
    if target.is_dir():
        found = sorted(inner for inner in target.iterdir() if inner.is_file())
        if len(found) > _MAX_FILES:
            raise MigrateError(f"{said.place}: include: more than {_MAX_FILES} files")
        return found
    if not target.is_file():
        raise MigrateError(f"{said.place}: include: there is no '{said.value[:200]}'")
    return [target]


def _close(block: list[tuple[str, Said]], output: Output, groups: list[Group]) -> None:
    """An empty line ends a group."""
    if not block:
        return
    names = [said.value for key, said in block if key == "group"]
    if len(names) != 1:
        what = "no 'group = ...' among these lines" if not names else "two groups without an empty line between them"
        raise MigrateError(f"{block[0][1].place}: {what}: is it a kannel.conf?")
    group = Group(names[0].lower(), block[0][1].place)
    for key, said in block:
        if key == "group":
            continue
        if key in group.said:
            output.tell(group.said[key].place, f"{key}: said again in {said.place}, which counts")
        group.said[key] = said
    groups.append(group)
    block.clear()
