"""Contacts as CSV: what goes out comes back the same, and no spreadsheet runs it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.northbound.book_csv import COLUMNS, CsvContacts, csv_header, csv_lines

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@given(TEXT, TEXT, TEXT)
def test_what_goes_out_comes_back(first, last, comments):
    contact = Contact("+306912345678", first_name=first, last_name=last, comments=comments)
    written = (csv_header() + csv_lines([("306912345678", contact)])).encode()
    [(line, fields, error)] = list(CsvContacts(written))
    assert (line, error) == (2, None)
    assert Contact(**fields) == contact


@given(TEXT)
def test_no_cell_begins_as_a_formula(text):
    contact = Contact("+306912345678", first_name=text, comments=text)
    [row] = list(csv.reader(io.StringIO(csv_lines([("306912345678", contact)]), newline="")))
    assert row[0] == "+306912345678"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row[1:])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_names_of_columns(delimiter):
    file = CsvContacts(delimiter.join(["\ufeffPhone", "First Name", "Shoe size"]).encode() + b"\r\n\r\n")
    assert (list(file), file.ignored) == ([], ["Shoe size"])


def test_lines_are_told_apart():
    body = b'number,first_name,comments\n+306912345678,Maria,"two\nlines"\n\n+306912345679,"a""b"\n1,2,3,4\n'
    rows = [(line, fields, error and error.detail) for line, fields, error in CsvContacts(body)]
    assert rows == [
        (2, {"number": "+306912345678", "first_name": "Maria", "comments": "two\nlines"}, None),
        (5, {"number": "+306912345679", "first_name": 'a"b'}, None),
        (6, {}, "4 cells where the header has 3"),
    ]


def test_an_open_quote_ends_the_file():
    rows = list(CsvContacts(b'number\n+306912345678\n"+30\n+306912345679\n'))
    assert [row[0] for row in rows] == [2, 3]
    assert "from here on" in rows[1][2].detail


@pytest.mark.parametrize(
    ("body", "refusal", "said"),
    [
        (b"", Refusal.INVALID, "no column `number`"),
        (b"first_name\nMaria\n", Refusal.INVALID, "no column `number`"),
        (b"number,phone\n", Refusal.INVALID, "twice"),
        (b"number\n\xff\n", Refusal.MALFORMED, "byte 7"),
        (b"number\n\0\n", Refusal.INVALID, "U+0000"),
        (b'number,"a\n', Refusal.INVALID, "header"),
    ],
)
def test_no_csv(body, refusal, said):
    with pytest.raises(Refused) as refused:
        CsvContacts(body)
    assert refused.value.refusal is refusal
    assert said in refused.value.detail


def test_a_header_without_end():
    with pytest.raises(Refused, match="20,001 columns: 200 at most"):
        CsvContacts(b"number" + b",phone" * 20_000 + b"\n1\n")
    assert CsvContacts(b"number" + b",x" * 199 + b"\n1\n").ignored == ["x"] * 199


def test_the_header_has_all_columns():
    assert csv_header() == ",".join(COLUMNS) + "\r\n"
