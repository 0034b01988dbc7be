"""Conformance tables are read strictly: what would check nothing is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from smsgwd.simulator.record import SubmitLine
from tests.dialects.conformance import TableError, differs, filled, octets, read
from tests.dialects.sent import sent

CASE: dict[str, Any] = {"name": "a", "request": {"path": "/x"}, "answer": {"status": 200, "body": "OK"}}
SENT = {"to": "30", "text": "x"}
CALLBACK = {"method": "GET", "path": "/", "query": {"a": "b"}}


def table(tmp_path: Path, *cases: dict[str, Any]) -> Path:
    """A file with these cases."""
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump(list(cases)))
    return path


def test_a_case_with_all_it_can_say(tmp_path: Path) -> None:
    """Several steps, one case."""
    step = {key: value for key, value in CASE.items() if key != "name"} | {"sent": [SENT], "await": True, "at": "other"}
    [case] = read(table(tmp_path, CASE | {"page": "p", "callback": CALLBACK, "then": [step]}))
    assert [step.until for step in case.steps] == [False, True]
    assert case.then[0].sent[0].text == "x"


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"request": {"path": "/x", "unknown": 1}},
        {"request": {"path": "x"}},
        {"request": {"path": "/x", "text": "a", "json": 1}},
        {"request": {"path": "/x", "times": 0}},
        {"answer": {"status": 200}},
        {"answer": {"status": "200", "body": ""}},
        {"answer": {"status": 200, "body": "a", "match": "a"}},
        {"answer": {"status": 200, "match": ".*"}},
        {"answer": {"status": 200, "match": "("}},
        {"answer": {"status": 200, "json": "..."}},
        {"sent": [{"to": "30"}]},
        {"sent": [SENT | {"colour": "red"}]},
        {"sent": [SENT], "nothing_sent": True},
        {"callback": {"method": "GET", "path": "/"}},
        {"callback": CALLBACK | {"method": "PUT"}},
        {"callback": [CALLBACK | {"path": "dlr"}]},
        {"callback": {"method": "POST", "path": "/", "json": "..."}},
        {"then": [{"request": {"path": "/x"}}]},
    ],
)
def test_what_is_no_case(tmp_path: Path, change: dict[str, Any]) -> None:
    """Whatever it is, the error names the case."""
    with pytest.raises(TableError, match=r"case 1 \(a\)"):
        read(table(tmp_path, CASE | change))


def test_names_are_unique(tmp_path: Path) -> None:
    """A case is found by its name."""
    with pytest.raises(TableError, match="two cases"):
        read(table(tmp_path, CASE, CASE))


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (1, 1, True),
        (1, "1", False),
        (1, True, False),
        (None, None, True),
        ("...", None, True),
        ("~a.", "ab", True),
        ("~a", "ab", False),
        ("~[0-9]", 7, True),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": "..."}, {"a": 1}, False),
        ([1, "..."], [1, 2], True),
        ([1], [1, 2], False),
        ({"a": []}, {"a": {}}, False),
    ],
)
def test_differences(expected: Any, got: Any, same: bool) -> None:
    """Types count, members too."""
    assert (differs(expected, got, {}) == "") is same


def test_groups_are_kept_and_put_in() -> None:
    """In patterns they stand for themselves; what is not known stays as it is."""
    known: dict[str, str] = {}
    assert differs({"a": "~id (?P<mid>.*)"}, {"a": "id x.y"}, known) == ""
    assert known == {"mid": "x.y"}
    assert filled(["{mid} {other}", {"{mid}": "~{mid}"}], known) == ["x.y {other}", {"x.y": r"~x\.y"}]
    assert filled("[0-9]{1,3}{mid}", known, pattern=True) == r"[0-9]{1,3}x\.y"


@pytest.mark.parametrize(
    ("request_", "first", "body"),
    [
        ({"path": "/x"}, "GET /x HTTP/1.1", b""),
        ({"path": "/x?a=b", "query": {"c": "é &", "d": ["1", "2"]}}, "GET /x?a=b&c=%C3%A9%20%26&d=1&d=2 HTTP/1.1", b""),
        ({"path": "/x", "raw_query": "t=%cf"}, "GET /x?t=%cf HTTP/1.1", b""),
        ({"path": "/x", "query": {"a": "б"}, "encoding": "cp1251"}, "GET /x?a=%E1 HTTP/1.1", b""),
        ({"path": "/x", "form": {"a": "б"}}, "POST /x HTTP/1.1", b"a=%D0%B1"),
        ({"path": "/x", "text": "б", "encoding": "cp1251", "method": "PUT"}, "PUT /x HTTP/1.1", b"\xe1"),
        ({"path": "/x", "json": {"a": ["б"]}}, "POST /x HTTP/1.1", '{"a":["б"]}'.encode()),
        ({"path": "/x", "hex": "ff00"}, "POST /x HTTP/1.1", b"\xff\x00"),
        ({"path": "/x", "repeat": ["[", 3]}, "POST /x HTTP/1.1", b"[[["),
    ],
)
def test_requests(tmp_path: Path, request_: dict[str, Any], first: str, body: bytes) -> None:
    """As they are sent."""
    [case] = read(table(tmp_path, CASE | {"request": request_}))
    head, sent_body = octets(case.request, "h:1", {})
    assert (head.decode().split("\r\n")[0], sent_body) == (first, body)
    assert b"\r\nHost: h:1\r\n" in head


def test_headers_of_a_case_go_before_ours(tmp_path: Path) -> None:
    """Whatever the case of their names."""
    asked = {"path": "/x", "json": 1, "headers": {"content-type": "text/json", "HOST": "x"}, "basic": "a:b"}
    [case] = read(table(tmp_path, CASE | {"request": asked}))
    head = octets(case.request, "h", {})[0].decode()
    assert "content-type: text/json" in head and "Content-Type" not in head
    assert "HOST: x" in head and "Host: h" not in head
    assert "Authorization: Basic YTpi" in head


def line(body: str, **fields: Any) -> SubmitLine:
    """A submit in a record."""
    values: dict[str, Any] = {
        "at": 1.0,
        "id": "1",
        "source": "s",
        "dest": "+30",
        "esm_class": 0,
        "data_coding": 0,
    } | fields
    return SubmitLine(registered_delivery=1, body=body, due=1.0, **values)


@pytest.mark.parametrize(
    ("code", "body", "text", "coding", "flash"),
    [
        (0x00, "4865", "He", "gsm", False),
        (0x08, "03b1", "α", "ucs2", False),
        (0x03, "e9", "é", "latin1", False),
        (0x04, "ff00", "ff00", "binary", False),
        (0xF0, "4865", "He", "gsm", True),
        (0xF1, "4865", "He", "gsm", False),
        (0xF5, "ff00", "ff00", "binary", False),
        (0x10, "4865", "He", "gsm", True),
        (0x18, "03b1", "α", "ucs2", True),
        (0x19, "03b1", "α", "ucs2", False),
    ],
)
def test_what_the_smsc_got(code: int, body: str, text: str, coding: str, flash: bool) -> None:
    """By its data coding."""
    [found] = sent([line(body, data_coding=code)])
    assert (found.to, found.text, found.coding, found.flash, found.parts) == ("30", text, coding, flash, 1)


def test_parts_are_joined_and_other_headers_told() -> None:
    """In any order; what is not of the parts stays in `udh`."""
    second = line("0500030702024c4f", esm_class=0x40)
    first = line("0500030702014845", esm_class=0x40)
    [found] = sent([second, first])
    assert (found.text, found.parts, found.udh) == ("HELO", 2, "")
    [ported] = sent([line("06050415811581ff", esm_class=0x40, data_coding=4)])
    assert (ported.text, ported.parts, ported.udh) == ("ff", 1, "050415811581")
