"""Data of the admin socket as tables for a terminal, or plain for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

# What a terminal obeys instead of showing it: control characters, marks of direction; and halves of characters.
_OBEYED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"-?[0-9]+\.[0-9]+")
_NARROWEST: Final = 8  # columns are cut to no less
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
_SECONDS: Final = 20  # a time without its fraction
_UNCUT: Final = 1 << 30
_SENTENCES: Final = frozenset(("detail", "last_error", "error", "note", "with", "text"))
_CUT: Final = "…"
_STATES: Final = frozenset(("state", "up", "phase", "status", "outcome", "ok", "healthy", "live", "level", "binds"))
_GOOD: Final = frozenset(
    ("yes", "bound", "running", "delivered", "ok", "done", "approved", "on", "up", "accepted", "ready")
)
_BAD: Final = frozenset(
    (
        *("no", "down", "failed", "refused", "undelivered", "rejected", "expired", "error", "critical"),
        *("stopped", "closed", "given_up", "unbound"),
    )
)
_UNSURE: Final = frozenset(
    (
        *("paused", "held", "waiting", "connecting", "binding", "draining", "starting", "unknown", "requested"),
        *("begun", "warning", "pending", "suspended", "retrying"),
    )
)


class Look(msgspec.Struct, frozen=True):
    """How a table is shown. What is left out gives the plain form, which is the same wherever it is read."""

    width: int = 0  #: characters of a line; cells are cut to fit where they do not, 0 = never
    colour: bool = False  #: states in colours
    headers: bool = True
    columns: tuple[str, ...] = ()  #: only these, in this order


PLAIN: Final = Look()


class NoSuchColumnError(ValueError):
    """A column was asked for that is nowhere in the answer; the text names those that are."""


def table(rows: Sequence[dict[str, Any]], look: Look = PLAIN, widths: dict[str, int] | None = None) -> str:
    """Aligned columns with a header, from rows with the same keys; numbers and amounts to the right.

    `widths` are kept from one call to the next, where rows come by and by. Raises NoSuchColumnError.
    Where the last column is of sentences and the screen is too narrow, they stand below their rows, whole.
    """
    if not rows:
        return "(none)" if look.headers else ""
    names = _names(rows, look)
    if look.width and widths is None and len(names) > 1 and names[-1] in _SENTENCES and not look.columns:
        whole = table(rows, Look(headers=look.headers))
        if max(map(len, whole.splitlines())) > look.width:
            return _with_sentences(rows, look, names[-1])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    kept = {} if widths is None else widths
    for i, name in enumerate(names):
        longest = max(len(line[i]) for line in cells)
        kept[name] = max(kept.get(name, len(name) if look.headers else 0), longest)
    right = [_countable([row.get(name) for row in rows]) for name in names]
    least = [_least(i, name, rows, right[i]) for i, name in enumerate(names)] if look.width else []
    fitting = _fitting([kept[name] for name in names], least, look.width)
    lines = [*([list(map(harmless, names))] if look.headers else []), *cells]
    shown = []
    for number, line in enumerate(lines):
        head = look.headers and number == 0
        texts = [_laid(*each) for each in zip(line, fitting, right, strict=True)]
        if texts:
            texts[-1] = texts[-1].rstrip()
        if look.colour:
            texts = [_bold(text) if head else _coloured(name, text) for name, text in zip(names, texts, strict=True)]
        shown.append("  ".join(texts).rstrip())
    return "\n".join(shown)


def _with_sentences(rows: Sequence[dict[str, Any]], look: Look, name: str) -> str:
    """The table without its last column, and what stands there below each row, set in."""
    lines = table([{key: row[key] for key in row if key != name} for row in rows], look).splitlines()
    below = [f"    {_cell(row[name])}" if row.get(name) not in (None, "") else "" for row in rows]
    if look.headers:
        below.insert(0, "")
    return "\n".join(text for pair in zip(lines, below, strict=True) for text in pair if text)


def render(noun: str, data: Any, look: Look = PLAIN) -> str:
    """What a person sees of an answer: `status` has a form of its own, the rest is tables and `key: value`
    lines. Raises NoSuchColumnError."""
    if noun == "status" and isinstance(data, dict) and "connectors" in data and not look.columns:
        from smsgwd.cli.tables_status import status_screen

        return status_screen(data, look)
    return _any(data, look)


def harmless(text: str, kept: str = "") -> str:
    """Text that others have written, for a terminal: what would move the cursor or change what stands there is shown as
    `\\x1b`, but for the characters of `kept`."""
    return _OBEYED.sub(lambda found: found[0] if found[0] in kept else repr(found[0])[1:-1], text)


def progress(data: dict[str, Any]) -> str:
    """How far a piece of work is, from its `done` and `total` (0 = not known)."""
    done, total = data["done"], data["total"]
    return f"{done} of {total} ({100 * done // total} %)" if total else f"{done} so far"


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    return _cell(value)


def _names(rows: Sequence[dict[str, Any]], look: Look) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not look.columns:
        return names
    for name in look.columns:
        if name not in names:
            raise NoSuchColumnError(f"there is no column {name}; there are: {', '.join(map(harmless, names))}")
    return list(look.columns)


def _least(place: int, name: str, rows: Sequence[dict[str, Any]], right: bool) -> int:
    """To how many characters a column may be cut. Numbers, ids and the first column are wanted whole."""
    if right or place == 0 or name == "id" or name.endswith("_id"):
        return _UNCUT
    values = [row[name] for row in rows if row.get(name) is not None]
    moments = all(isinstance(value, str) and _MOMENT.fullmatch(value) is not None for value in values)
    return _SECONDS if values and moments else _NARROWEST


def _fitting(widths: list[int], least: list[int], width: int) -> list[int]:
    """Widths that fit in a line of the terminal, as far as the columns may be cut: the widest give way first."""
    if not width:
        return widths
    fitting = [min(each, max(width, narrowest)) for each, narrowest in zip(widths, least, strict=True)]
    for _ in range(sum(fitting) + 2 * (len(fitting) - 1) - width):
        words = [i for i, narrowest in enumerate(least) if fitting[i] > narrowest]
        if not words:
            break
        fitting[max(words, key=lambda i: fitting[i])] -= 1
    return fitting


def _laid(text: str, width: int, right: bool) -> str:
    if len(text) > width:
        text = text[: width - 1] + _CUT
    return text.rjust(width) if right else text.ljust(width)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _coloured(name: str, text: str) -> str:
    """A cell of a column of states in the colour of what it says: good, bad, in between."""
    if name.rpartition("_")[2] not in _STATES and name not in _STATES:
        return text
    return re.sub(r"[A-Za-z_]+", _colour_of, text)


def _colour_of(found: re.Match[str]) -> str:
    word = found[0].lower()
    code = 32 if word in _GOOD else 31 if word in _BAD else 33 if word in _UNSURE else 0
    return f"\x1b[{code}m{found[0]}\x1b[0m" if code else found[0]


def _countable(column: Sequence[Any]) -> bool:
    """True for a column of numbers or amounts (which come as texts); some may not be there."""
    there = [value for value in column if value not in (None, "-", "none")]
    return bool(there) and all(
        _AMOUNT.fullmatch(value) is not None
        if isinstance(value, str)
        else isinstance(value, int | float) and not isinstance(value, bool)
        for value in there
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "(none)" if not value else ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return progress(value) if value.keys() == {"done", "total"} else harmless(json.dumps(value, ensure_ascii=False))
    return harmless(str(value))


def _sentences(value: Any, indent: int) -> str:
    """Several sentences, such as what is wrong with a file, a line each below one another; "" for anything else."""
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not all(isinstance(each, str) and " " in each for each in value)
    ):
        return ""
    return f"\n{' ' * (indent + len(': '))}".join(harmless(each) for each in value)


def _nested(value: Any) -> bool:
    """True for what is no cell of a table: rows of their own."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def _any(data: Any, look: Look) -> str:
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return table([{k: v for k, v in row.items() if not _nested(v)} for row in data], look)
    if isinstance(data, dict):
        return _object(data, look)
    if isinstance(data, str):  # a return without a line's end would write over what stands there
        return "\r\n".join(harmless(each, "\n\t") for each in data.split("\r\n"))
    return _cell(data)


def _object(data: dict[str, Any], look: Look) -> str:
    """Lines of `key: value`, and tables of what is rows."""
    lines: list[tuple[str, str]] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    for key, value in data.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            tables[key] = value
        elif isinstance(value, dict):
            lines += [
                (f"{harmless(str(key))} {harmless(str(name))}", _cell(each) or "-") for name, each in value.items()
            ]
        else:
            lines.append((harmless(str(key)), _sentences(value, len(harmless(str(key)))) or _cell(value) or "-"))
    if look.columns:
        return _chosen(lines, tables, look)
    colour: Callable[[str, str], str] = _coloured if look.colour else lambda name, text: text
    told = [f"{name}: {colour(name, text)}" for name, text in lines]
    return "\n".join([*told, *(f"\n{harmless(name)}:\n{table(rows, look)}" for name, rows in tables.items())])


def _chosen(lines: list[tuple[str, str]], tables: dict[str, list[dict[str, Any]]], look: Look) -> str:
    """Only what `columns` names: of the lines, or of the first table that has them all."""
    there = dict(lines)
    if all(name in there for name in look.columns):
        return "\n".join(f"{name}: {there[name]}" if look.headers else there[name] for name in look.columns)
    for rows in tables.values():
        if all(any(name in row for row in rows) for name in look.columns):
            return table(rows, look)
    names = [*there, *dict.fromkeys(name for rows in tables.values() for row in rows for name in row)]
    missing = next((name for name in look.columns if name not in names), look.columns[0])
    raise NoSuchColumnError(f"there is no column {missing}; there are: {', '.join(map(harmless, names))}")
