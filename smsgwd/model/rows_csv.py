"""Number plans, price lists and routes as CSV, as operators and carriers hand them over; all mistakes are told at once.

The first line names the columns, in any order and case; columns that are not known are passed over. Fields may be
separated by commas or semicolons. Lines that are empty or begin with `#` say nothing. `pause` is called for each line:
who reads in a thread can make breaks there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from smsgwd.model.money import MICRO, MOST_A_PART, format_money, parse_money
from smsgwd.model.plan import PlanRow
from smsgwd.model.prices import is_rate_key

_T = TypeVar("_T")
_MOST_ERRORS: Final = 100
_LONGEST_FIELD: Final = 200
_Pause = Callable[[], object]
_PLAN: Final = ("prefix", "country", "mcc", "mnc", "operator")


class TableError(ValueError):
    """The text is no such table; `errors` are sentences, each with its line."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = tuple(errors)


def parse_plan_csv(text: str, pause: _Pause | None = None) -> tuple[PlanRow, ...]:
    """Rows of columns prefix, country, mcc, mnc, operator; the first is needed. Raises TableError."""
    return _parse(text, ("prefix",), _PLAN, _plan_row, _plan_key, pause)


def parse_price_csv(text: str, pause: _Pause | None = None) -> tuple[tuple[str, int], ...]:
    """Rates (key, micro-units a part) of columns price and prefix, or price, mcc and mnc. Raises TableError.

    A prefix may be digits, `*` (everything else), `mcc:202` or `mcc:20201`; a line without prefix needs an mcc, and
    one without mnc is the price of the country. Prices are decimals with a point.
    """
    return _parse(text, ("price",), ("prefix", "mcc", "mnc", "price"), _rate, lambda rate: rate[0], pause)


def parse_route_csv(text: str, pause: _Pause | None = None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(prefix, connectors in order of preference) of columns prefix and connectors. Raises TableError.

    A prefix may be digits or `*` (everything else, given as ''); several connectors stand with spaces between them.
    """
    return _parse(text, ("prefix", "connectors"), ("prefix", "connectors"), _way, lambda way: way[0], pause)


def format_plan_csv(rows: Iterable[PlanRow]) -> str:
    """The same as `parse_plan_csv` reads."""
    return _format(_PLAN, rows)


def format_price_csv(rates: Iterable[tuple[str, int]]) -> str:
    """The same as `parse_price_csv` reads."""
    return _format(("prefix", "price"), ((key or "*", format_money(rate)) for key, rate in rates))


def _plan_key(row: PlanRow) -> str:
    return row[0]


def _plan_row(cells: Mapping[str, str]) -> PlanRow:
    prefix, country, mcc, mnc = _digits(cells["prefix"]), cells["country"].upper(), cells["mcc"], cells["mnc"]
    if not re.fullmatch(r"[0-9]{1,15}", prefix):
        raise ValueError(f"prefix '{prefix[:40]}' must be 1 to 15 digits")
    if not re.fullmatch(r"(?:[A-Z]{2})?", country):
        raise ValueError(f"country '{country[:40]}' must be two letters (ISO 3166)")
    _network(mcc, mnc)
    if not cells["operator"].isprintable():
        raise ValueError("the operator's name has control characters in it")
    return prefix, country, mcc, mnc, cells["operator"]


def _way(cells: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    prefix, connectors = _digits(cells["prefix"]), tuple(cells["connectors"].split())
    if not re.fullmatch(r"[0-9]{1,15}|\*", prefix):
        raise ValueError(f"prefix '{prefix[:40]}' must be 1 to 15 digits, or '*'")
    if not connectors:
        raise ValueError("needs a connector")
    return prefix.removeprefix("*"), connectors


def _rate(cells: Mapping[str, str]) -> tuple[str, int]:
    prefix, mcc, mnc = _digits(cells["prefix"]), cells["mcc"], cells["mnc"]
    if prefix == "*":
        key = ""
    elif prefix:
        key = prefix
    elif mcc:
        _network(mcc, mnc)
        key = f"mcc:{mcc}{mnc}"
    else:
        raise ValueError("needs a prefix ('*' = everything else), or an mcc")
    if not is_rate_key(key):
        raise ValueError(f"prefix '{prefix[:40]}' must be 1 to 15 digits, '*', or mcc: with 3, 5 or 6 digits")
    price = parse_money(cells["price"])
    if price < 0:
        raise ValueError(f"price '{cells['price'][:40]}' must not be below zero")
    if price > MOST_A_PART:
        raise ValueError(f"price '{cells['price'][:40]}' must be at most {MOST_A_PART // MICRO}")
    return key, price


def _network(mcc: str, mnc: str) -> None:
    if not re.fullmatch(r"(?:[0-9]{3})?", mcc):
        raise ValueError(f"mcc '{mcc[:40]}' must be 3 digits")
    if not re.fullmatch(r"(?:[0-9]{2,3})?", mnc):
        raise ValueError(f"mnc '{mnc[:40]}' must be 2 or 3 digits")
    if mnc and not mcc:
        raise ValueError("an mnc needs its mcc")


def _digits(prefix: str) -> str:
    """A prefix as people write it: a leading + and a trailing * say nothing new."""
    bare = prefix.removeprefix("+")
    return bare.removesuffix("*") or bare


def _parse(
    text: str,
    needed: tuple[str, ...],
    columns: tuple[str, ...],
    read: Callable[[Mapping[str, str]], _T],
    key_of: Callable[[_T], str],
    pause: _Pause | None,
) -> tuple[_T, ...]:
    lines = _lines(text, pause)
    line, head = next(lines, (1, []))
    names = [name.strip().lower() for name in head]
    missing = [name for name in needed if name not in names]
    if missing or len(set(names) & set(columns)) < 2:
        raise TableError([f"line {line}: the first line must name the columns ({', '.join(columns)})"])
    places = {name: names.index(name) for name in columns if name in names}
    nothing = dict.fromkeys(columns, "")
    errors: list[str] = []
    first: dict[str, int] = {}
    rows: list[_T] = []
    for line, fields in lines:
        if len(errors) >= _MOST_ERRORS:
            errors.append("and more")
            break
        cells = nothing.copy()
        for name, place in places.items():
            cells[name] = fields[place].strip() if place < len(fields) else ""
        try:
            if max(map(len, fields)) > _LONGEST_FIELD < max(map(len, cells.values())):
                raise ValueError(f"a field is longer than {_LONGEST_FIELD} characters")
            row = read(cells)
        except ValueError as error:
            errors.append(f"line {line}: {error}")
            continue
        key = key_of(row)
        before = first.setdefault(key, line)
        if before != line:
            errors.append(f"line {line}: '{key or '*'}' stands on line {before} already")
        rows.append(row)
    if errors:
        raise TableError(errors)
    if not rows:
        raise TableError(["there is no line below the names of the columns"])
    return tuple(rows)


def _lines(text: str, pause: _Pause | None) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, with their numbers."""
    text = text.removeprefix("\ufeff")
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", strict=True)
    before = 0
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise TableError([f"line {reader.line_num}: {error}"]) from None
        if fields is None:
            return
        if pause is not None:
            pause()
        line, before = before + 1, reader.line_num
        if "".join(fields).strip() and not fields[0].startswith("#"):
            yield line, fields


def _format(names: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()
