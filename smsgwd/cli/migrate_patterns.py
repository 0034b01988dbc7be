"""Jasmin's regular expressions as what routes and tenants know: exact texts, and texts with `*` behind.

Only expressions that say the same as such a list are read: groups and alternatives of literal characters, classes of
digits, and `.*`, `\\d+` and the like at the end. Jasmin matches at the beginning (`re.match`): without `$` anything may
follow.
"""

from __future__ import annotations

import re

_MOST = 1_000
_TAIL = re.compile(r"\.\*")
#: Numbers are digits anyhow; how many there are is not compared.
_DIGITS = re.compile(r"(?:\.|\\d|\[0-9\]|\\w)(?:[*+]|\{[0-9]*,?[0-9]*\})?")
_REPEAT = re.compile(r"[*+?{]")
_SPECIAL = set(".^$*+?{}[]\\|()")


class UnclearError(Exception):
    """The expression is no list of texts and prefixes."""


def patterns(expression: str) -> list[str]:
    """Texts, with a '*' at their end where anything may follow; ['*'] takes all. Raises UnclearError."""
    return _read(_Reader(expression, _TAIL))


def _read(reader: _Reader) -> list[str]:
    found = _alternatives(reader, top=True)
    if len(found) > _MOST:
        raise UnclearError
    out = [f"{text}*" if is_open else text for text, is_open in found]
    return ["*"] if "*" in out else list(dict.fromkeys(out))


def numbers(expression: str) -> list[str]:
    """The same of phone numbers, in international digits ('+' and '00' taken off): beginnings, whatever the length.

    Raises UnclearError.
    """
    out = []
    for pattern in _read(_Reader(expression, _DIGITS)):
        digits = pattern.removesuffix("*")
        digits = digits[1:] if digits.startswith("+") else digits.removeprefix("00")
        if pattern != "*" and not re.fullmatch("[1-9][0-9]{0,14}", digits):
            raise UnclearError
        out.append(digits + "*" * pattern.endswith("*"))
    return ["*"] if "*" in out else list(dict.fromkeys(out))


class _Reader:
    """The expression and how far it was read."""

    def __init__(self, text: str, tail: re.Pattern[str]) -> None:
        self.text = text
        self.tail = tail
        self.at = 0

    def peek(self) -> str:
        """The next character, '' at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, what: str) -> bool:
        """Go past `what` if it is next."""
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False


_Found = list[tuple[str, bool]]


def _alternatives(reader: _Reader, top: bool = False, depth: int = 0) -> _Found:
    if depth > 20:
        raise UnclearError
    found = _sequence(reader, top, depth)
    while reader.take("|"):
        found += _sequence(reader, top, depth)
    if top and reader.peek():
        raise UnclearError
    return found


def _sequence(reader: _Reader, top: bool, depth: int) -> _Found:
    """One alternative. `True` beside a text: anything may follow it."""
    reader.take("^")
    made: _Found = [("", False)]
    ended = False
    while (char := reader.peek()) and char not in "|)":
        if top and reader.take("$"):
            ended = True
            continue
        if ended:
            raise UnclearError
        tail = reader.tail.match(reader.text, reader.at)
        if tail is not None and _ends(reader, tail.end()):
            reader.at = tail.end()
            made = [(text, True) for text, _ in made]
            continue
        if any(is_open for _, is_open in made):
            raise UnclearError
        choices = _atom(reader, depth)
        made = [(text + more, is_open) for text, _ in made for more, is_open in choices]
        if len(made) > _MOST:
            raise UnclearError
    return made if ended or not top else [(text, True) for text, _ in made]


def _ends(reader: _Reader, at: int) -> bool:
    """Whether nothing but more of the same, and the ends of groups, follows."""
    rest = reader.text[at:]
    return re.fullmatch(rf"(?:{reader.tail.pattern})*[)$]*(?:[|)].*)?", rest, re.DOTALL) is not None


def _atom(reader: _Reader, depth: int) -> _Found:
    """The choices for what comes next."""
    char = reader.peek()
    if reader.take("("):
        if reader.take("?") and not reader.take(":"):
            raise UnclearError
        choices = _alternatives(reader, depth=depth + 1)
        if not reader.take(")"):
            raise UnclearError
    elif char == "[":
        choices = [(one, False) for one in _class(reader)]
    elif reader.take("\\"):
        char = reader.peek()
        reader.at += 1
        if char == "d":
            choices = [(str(digit), False) for digit in range(10)]
        elif char and not char.isalnum():
            choices = [(char, False)]
        else:
            raise UnclearError
    elif char in _SPECIAL:
        raise UnclearError
    else:
        reader.at += 1
        choices = [(char, False)]
    if reader.take("?"):
        return [*choices, ("", False)]
    if _REPEAT.match(reader.peek()):
        raise UnclearError
    return choices


def _class(reader: _Reader) -> list[str]:
    match = re.compile(r"\[([0-9A-Za-z-]{1,40})\]").match(reader.text, reader.at)
    if match is None:
        raise UnclearError
    reader.at = match.end()
    inner, out, at = match[1], [], 0
    while at < len(inner):
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            first, last = ord(inner[at]), ord(inner[at + 2])
            out += [chr(code) for code in range(first, last + 1)]
            at += 3
        else:
            out.append(inner[at])
            at += 1
    return out
