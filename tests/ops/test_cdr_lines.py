"""Lines of detail records."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.message import Coding, Failure, Message, MessageView, State
from smsgwd.ops.cdr_lines import FIELDS, NAMES, Lines, _cell, markdown
from smsgwd.ports.store import FinalRecord


def record(**changes):
    given = {
        "id": 12345678901,
        "submission": 12345678900,
        "tenant": "shop",
        "source": "Shop",
        "dest": "+30 691 234 5678",
        "msisdn": "306912345678",
        "body": b"never shown",
        "coding": Coding.GSM7,
        "parts": 2,
        "connector": "sim",
        "submitted_at": 1_780_000_000_000,
        "deadline": 1_780_000_100_000,
        "state": State.DELIVERED,
        "price": 80_000,
        **changes,
    }
    view = MessageView(Message(**given), 1_780_000_000_500, 1_780_000_003_000, None, "a1b2")
    return FinalRecord(7, view, 80_000)


def lines(kind="csv", show_numbers=True):
    return Lines(kind, show_numbers=show_numbers)


def cells(line):
    return dict(zip(NAMES, next(csv.reader(io.StringIO(line.decode()))), strict=True))


def test_a_line_of_csv_says_everything_but_the_text():
    line = lines().line(record(), "20201")
    assert cells(line) == {
        "id": "12345678901",
        "submission": "12345678900",
        "tenant": "shop",
        "account": "",
        "client_ref": "",
        "from": "Shop",
        "to": "306912345678",
        "network": "20201",
        "connector": "sim",
        "smsc_id": "a1b2",
        "encoding": "gsm",
        "parts": "2",
        "state": "delivered",
        "error": "",
        "submitted_at": "2026-05-28T20:26:40.000Z",
        "sent_at": "2026-05-28T20:26:40.500Z",
        "done_at": "2026-05-28T20:26:43.000Z",
        "price": "0.0800",
        "charged": "0.0800",
        "attempts": "0",
    }
    assert b"never shown" not in line


def test_json_has_the_same_fields():
    line = json.loads(lines("json").line(record(), "20201"))
    assert list(line) == list(NAMES)
    assert (line["parts"], line["charged"], line["to"]) == (2, "0.0800", "306912345678")
    assert lines("json").head == b""


def test_the_head_names_the_columns():
    assert lines().head.decode().split(",") == list(NAMES)


def test_numbers_can_be_cut():
    line = lines(show_numbers=False).line(record(source="306900000001"), "20201")
    assert b"306912345678" not in line and b"306900000001" not in line
    assert cells(line)["to"].startswith("30691")


def test_an_error_is_named():
    failed = record(state=State.EXPIRED)
    view = MessageView(failed.view.message, None, 1_780_000_003_000, Failure("expired", "in the queue"), None)
    shown = cells(lines().line(FinalRecord(8, view, 0), "20201"))
    assert (shown["state"], shown["error"], shown["sent_at"], shown["charged"]) == ("expired", "expired", "", "0.0000")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_id_is_found_again(kind):
    rendered = lines(kind)
    assert rendered.id_of(rendered.line(record(), "20201")) == 12345678901
    assert rendered.id_of(b"") is None
    assert rendered.id_of(b"\xff{,") is None
    assert rendered.id_of(b"id,to") is None


@given(st.text(max_size=20), st.text(max_size=40))
def test_whatever_a_tenant_wrote_is_one_line(source, reference):
    for kind in ("csv", "json"):
        line = lines(kind).line(record(source=source, client_ref=reference), "20201")
        assert b"\n" not in line and b"\r" not in line
        if kind == "csv":
            assert len(next(csv.reader(io.StringIO(line.decode())))) == len(NAMES)


def test_no_line_does_anything_to_a_terminal_or_ends_early():
    evil = "a\x1b[2Jb\x85c\u2028d\x00e\tf"
    assert cells(lines().line(record(client_ref=evil), "20201"))["client_ref"] == "a [2Jb c d e f"
    line = lines("json").line(record(client_ref=evil), "20201")
    assert len(line.decode().splitlines()) == 1 and b"\x1b" not in line
    assert json.loads(line)["client_ref"] == evil


def test_what_a_spreadsheet_would_run_is_kept_from_it():
    assert cells(lines().line(record(client_ref="=1+1"), "20201"))["client_ref"] == "'=1+1"


def test_the_page_says_what_every_field_means():
    page = (Path(__file__).resolve().parents[2] / "docs" / "cdr.md").read_text("utf-8")
    assert markdown() in page
    assert len(FIELDS) == len(NAMES) == 20


@given(
    st.lists(st.text(alphabet=st.sampled_from("a,\"'=+-@ \t\n\x7f\u2028\uff1d|%9"), max_size=6), min_size=3, max_size=3)
)
def test_the_short_way_writes_what_the_long_one_does(words):
    given_record = record(source=words[0], client_ref=words[1], account=words[2] or None)
    values = lines()._values(given_record, "")
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(_cell(str(value)) for value in values)
    assert lines().line(given_record, "") == text.getvalue().encode("utf-8", "backslashreplace")
