"""What is wrong with a configuration: one value a mistake, and the exception that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One mistake: `file`, `line` (1-based), `key` (dotted path, empty for the file itself) and `message`.

    The message never holds the value of a secret.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: "
        return _one_line(f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}")


class ConfigErrors(Exception):  # noqa: N818 - the plural says what it is: every mistake at once
    """All the mistakes of a configuration; `str()` is one `file:line: key: what is wrong` a line."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors: list[ConfigError] = list(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class ConfigMistakes(Exception):  # noqa: N818 - as above
    """A configuration cannot be put in force, as a whole: also for what only shows when its parts are made.

    `problems` is one `file:line: key: what is wrong` each; without a line where the file was read well.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems: list[str] = [_one_line(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


def _one_line(text: str) -> str:
    """`text` with line ends and other unprintable characters escaped: a file's content cannot forge lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def key_text(path: tuple[str | int, ...]) -> str:
    """Write a path the way an operator reads it: ('connectors', 0, 'port') is 'connectors[0].port'."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
