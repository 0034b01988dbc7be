"""Contacts as CSV (RFC 4180): comma, semicolon or tab, a header line, UTF-8.

A spreadsheet runs a cell that begins with = + - or @ as a formula. Cells that people fill get an apostrophe in front of
such a beginning when they are written, and lose it when they are read, so what goes out comes back the same. Numbers
are written + and digits only, which no spreadsheet can make anything of but that number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.spreadsheet import guarded, unguarded

COLUMNS: Final = ("number", "first_name", "last_name", "email", "address", "country", "comments")
#: What else a column may be called; blanks, dashes and case do not count.
_CALLED: Final = {
    **{name: name for name in COLUMNS},
    "phone": "number",
    "phone_number": "number",
    "mobile": "number",
    "msisdn": "number",
    "telephone": "number",
    "firstname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "e_mail": "email",
    "comment": "comments",
    "note": "comments",
    "notes": "comments",
}
_DELIMITERS: Final = ",;\t"
_MOST_COLUMNS: Final = 200

#: A row as read: its line, its cells by column, and why it cannot be taken.
Row = tuple[int, dict[str, str], Refused | None]


class CsvContacts:
    """A file of contacts; raises Refused when it is not UTF-8 (MALFORMED), or its header makes no sense (INVALID)."""

    def __init__(self, body: bytes) -> None:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refused(Refusal.MALFORMED, f"the CSV is not UTF-8: byte {error.start}") from None
        if "\0" in text:
            raise Refused(Refusal.INVALID, "the CSV holds U+0000")
        first = text.split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=first.count)
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = next(self._rows, [])
        except csv.Error as error:
            raise Refused(Refusal.INVALID, f"the CSV is malformed in its header: {error}") from None
        if len(header) > _MOST_COLUMNS:
            raise Refused(Refusal.INVALID, f"the CSV has {len(header):,} columns: {_MOST_COLUMNS} at most")
        self._columns = [_CALLED.get(_plain(name), "") for name in header]
        self.ignored = [name for name, column in zip(header, self._columns, strict=True) if not column]
        if "number" not in self._columns:
            raise Refused(Refusal.INVALID, "the CSV has no column `number`: its first line names the columns")
        named = [column for column in self._columns if column]
        twice = {column for column in named if named.count(column) > 1}
        if twice:
            raise Refused(Refusal.INVALID, f"the CSV has the column {min(twice)!r} twice")

    def __iter__(self) -> Iterator[Row]:
        """The rows that are not empty."""
        while True:
            line = self._rows.line_num + 1
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                # Where a quote is left open nobody can tell what is a line: the rest of the file is not read.
                yield line, {}, Refused(Refusal.MALFORMED, f"the CSV is malformed from here on: {error}")
                return
            if not any(cells):
                continue
            if len(cells) > len(self._columns):
                yield (
                    line,
                    {},
                    Refused(Refusal.INVALID, f"{len(cells)} cells where the header has {len(self._columns)}"),
                )
                continue
            named = zip(self._columns, cells, strict=False)
            yield line, {column: unguarded(cell) for column, cell in named if column}, None


def csv_header() -> str:
    """The first line of an export."""
    return ",".join(COLUMNS) + "\r\n"


def csv_lines(contacts: Iterable[tuple[str, Contact]]) -> str:
    """The lines of contacts, each with the digits of its number."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for digits, contact in contacts:
        texts = (
            contact.first_name,
            contact.last_name,
            contact.email,
            contact.address,
            contact.country,
            contact.comments,
        )
        writer.writerow([f"+{digits}", *map(guarded, texts)])
    return out.getvalue()


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
