"""What must occur in a text for a pattern to match it: most texts are passed without asking RE2 at all.

RE2 itself takes about a microsecond, but its Python package lets go of the interpreter's lock for each search, and in
a busy gateway another thread takes it for longer than the search lasts. A search for a plain string does not.

A pattern is read once into literals of which at least one occurs, folded, in every text it matches, folded. Only what
is understood for certain is read (https://github.com/google/re2/wiki/Syntax): for anything else there are no literals,
and RE2 is asked about every text. Flags may be overlooked: none makes a pattern match without its literals, since
literals are looked for without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import Final, NamedTuple

MOST_LITERALS: Final = 32  #: looking for more one after the other takes longer than RE2 takes for all at once
SHORTEST_LITERAL: Final = 3  #: characters; what is shorter is in most texts
_MOST_STRINGS: Final = 16  # that one piece of a pattern may stand for before its strings are given up
_DEEPEST: Final = 20  # groups within groups

_ANY: Final = frozenset("dDwWsS")  # escapes for one character of many
_NOWHERE: Final = frozenset("bBAz")  # escapes for a place between characters
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a"}

_GROUP: Final = re.compile(r"\((?:\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|[imsU]*(?:-[imsU]+)?:)|(?!\?))")
_FLAGS: Final = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?\)")
_TIMES: Final = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(?:0|[1-9][0-9]*)?)?\})\??")
_CLASS: Final = re.compile(r"\[(\^?)(\]?(?:[^\]\\\[]|\\.|\[(?!:))*)\]", re.DOTALL)


class _Found(NamedTuple):
    """What is known of the texts that a piece of a pattern matches."""

    exact: frozenset[str] | None
    """All of them, folded; None when they are too many."""
    needs: frozenset[str] | None
    """Strings of which one occurs in each of them; None when there are no such strings that are of use."""


_UNKNOWN: Final = _Found(None, None)
_NOTHING: Final = frozenset([""])
_EMPTY: Final = _Found(_NOTHING, None)


class _NotUnderstoodError(Exception):
    """The pattern has something in it of which we do not know for certain how RE2 reads it."""


def literals_of(patterns: Iterable[str]) -> tuple[str, ...] | None:
    """Literals of which at least one is in `text.casefold()` for every text that at least one of the patterns matches.

    Args:
        patterns: as RE2 has taken them, each; texts are in the form of `content.normalized`.

    None when there are no such literals, or more than `MOST_LITERALS`: every text may match then.
    """
    found: set[str] = set()
    for pattern in patterns:
        needs = _needs(pattern)
        if needs is None:
            return None
        for each in needs:
            if not any(known in each for known in found):
                found = {known for known in found if each not in known} | {each}
        if len(found) > MOST_LITERALS:
            return None
    return tuple(sorted(found, key=lambda literal: (len(literal), literal))) or None


def contains(text: str, literals: Iterable[str]) -> bool:
    """Whether one of the literals is in the text, without regard to case; the text is as `content.normalized` has it
    (an ASCII text is as it is)."""
    folded = text.casefold()
    for literal in literals:  # noqa: SIM110 (`any` would take twice as long)
        if literal in folded:
            return True
    return False


def _needs(pattern: str) -> frozenset[str] | None:
    """The literals of one pattern."""
    try:
        found, at = _alternatives(pattern, 0, 0)
    except _NotUnderstoodError:
        return None
    return _of_use(found) if at == len(pattern) else None


def _of_use(found: _Found) -> frozenset[str] | None:
    """What a text that the piece matches needs, where all of it is long enough to say something."""
    if found.exact is not None:
        return found.exact if all(len(each) >= SHORTEST_LITERAL for each in found.exact) else None
    return found.needs


def _alternatives(pattern: str, at: int, depth: int) -> tuple[_Found, int]:
    """Pieces between `|` up to the end of the group or pattern: what is known of them and where they end."""
    if depth > _DEEPEST:
        raise _NotUnderstoodError
    branches = []
    while True:
        branch, at = _sequence(pattern, at, depth)
        branches.append(branch)
        if not pattern.startswith("|", at):
            return _either(branches), at
        at += 1


def _either(branches: list[_Found]) -> _Found:
    """One of them: all their texts, or one need of each."""
    if len(branches) == 1:
        return branches[0]
    exact: set[str] = set()
    needs: set[str] = set()
    are_exact = are_needs = True
    for branch in branches:
        of_use = _of_use(branch)
        are_exact = are_exact and branch.exact is not None
        are_needs = are_needs and of_use is not None
        exact |= branch.exact or frozenset()
        needs |= of_use or frozenset()
    if are_exact and len(exact) <= _MOST_STRINGS:
        return _Found(frozenset(exact), None)
    return _Found(None, frozenset(needs) if are_needs else None)


def _sequence(pattern: str, at: int, depth: int) -> tuple[_Found, int]:
    """Pieces one after the other: texts grow while all of them are known, and what needs the longest is kept."""
    run = _NOTHING
    is_exact = True
    best: frozenset[str] | None = None
    while at < len(pattern) and pattern[at] not in "|)":
        piece, goes_on, at = _repeated(pattern, at, depth)
        if piece.exact is not None and len(run) * len(piece.exact) <= _MOST_STRINGS:
            run = frozenset(before + after for before, after in product(run, piece.exact))
            if not goes_on:
                continue
            piece = _UNKNOWN
        is_exact = False
        best = _better(_better(best, _of_use(_Found(run, None))), _of_use(piece))
        run = _NOTHING if goes_on or piece.exact is None else piece.exact
    if is_exact:
        return _Found(run, None), at
    return _Found(None, _better(best, _of_use(_Found(run, None)))), at


def _better(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The one of two sets of needs that fewer texts have: its shortest literal is longer, or it is smaller."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other, key=lambda needs: (min(map(len, needs)), -len(needs)))


def _repeated(pattern: str, at: int, depth: int) -> tuple[_Found, bool, int]:
    """One piece with how often it may come: what is known of it, whether more of it may follow, where it ends."""
    piece, at = _piece(pattern, at, depth)
    times = _TIMES.match(pattern, at)
    if times is None:
        return piece, False, at
    at = times.end()
    if at < len(pattern) and pattern[at] in "*+?{":
        raise _NotUnderstoodError
    sign, least, more = times.groups()
    if sign == "?" and piece.exact is not None:
        return _Found(piece.exact | _NOTHING, None), False, at
    if sign in ("*", "?") or least == "0":
        return _UNKNOWN, False, at
    return piece, sign == "+" or least != "1" or more is not None, at


def _piece(pattern: str, at: int, depth: int) -> tuple[_Found, int]:
    """One character, class, place or group."""
    char = pattern[at]
    if char == "(":
        return _group(pattern, at, depth)
    if char == "[":
        return _class(pattern, at)
    if char == "\\":
        return _escape(pattern[at + 1 : at + 2]), at + 2
    if char in "^$":
        return _EMPTY, at + 1
    if char == ".":
        return _UNKNOWN, at + 1
    if char in "*+?{":  # where RE2 takes a brace as it is, Python may not, and the other way about
        raise _NotUnderstoodError
    return _character(char), at + 1


def _group(pattern: str, at: int, depth: int) -> tuple[_Found, int]:
    """A group, or flags for what follows."""
    flags = _FLAGS.match(pattern, at)
    if flags is not None:
        return _EMPTY, flags.end()
    opening = _GROUP.match(pattern, at)
    if opening is None:
        raise _NotUnderstoodError
    found, at = _alternatives(pattern, opening.end(), depth + 1)
    if not pattern.startswith(")", at):
        raise _NotUnderstoodError
    return found, at + 1


def _class(pattern: str, at: int) -> tuple[_Found, int]:
    """One of some characters; they are told where they are few and written one by one."""
    written = _CLASS.match(pattern, at)
    if written is None:
        raise _NotUnderstoodError
    negated, members = written.groups()
    if negated or len(members) > _MOST_STRINGS or any(each in "\\-[" for each in members):
        return _UNKNOWN, written.end()
    each_one = [_character(each).exact for each in members]
    known = [exact for exact in each_one if exact is not None]
    if len(known) < len(each_one) or not known:
        return _UNKNOWN, written.end()
    return _Found(frozenset().union(*known), None), written.end()


def _escape(char: str) -> _Found:
    """What follows a backslash."""
    if char in _ANY:
        return _UNKNOWN
    if char in _NOWHERE:
        return _EMPTY
    if char in _CONTROL:
        return _character(_CONTROL[char])
    if char and char.isascii() and char.isprintable() and not char.isalnum():
        return _character(char)
    raise _NotUnderstoodError


def _character(char: str) -> _Found:
    """A character as it is: known in ASCII, Latin-1, Greek and Cyrillic. What RE2 takes for one of them without regard
    to case has its casefold, which a test asks RE2; beyond them the two may know different editions of Unicode."""
    if char <= "\u00ff" or "\u0370" <= char <= "\u052f":
        return _Found(frozenset([char.casefold()]), None)
    return _UNKNOWN
