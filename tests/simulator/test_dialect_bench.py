"""Requests of the provider APIs as octets, and what a run of them is judged by."""

from __future__ import annotations

import json
from array import array
from types import SimpleNamespace

import pytest

from smsgwd.dialects.dialect import Options
from smsgwd.dialects.registry import DIALECTS
from smsgwd.simulator.dialect_bench import DialectBenchOptions, counts, is_exact, run_dialects
from smsgwd.simulator.dialect_requests import REQUESTS
from smsgwd.simulator.http_books import HttpBooks
from smsgwd.simulator.lean_report import LeanReport


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_dialect_itself_reads_its_request(name: str) -> None:
    octets = REQUESTS[name].template(80, "Message {n}").request(7)
    head, _, body = octets.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    headers = {key.lower(): value for key, value in (field.split(": ", 1) for field in fields)}
    assert int(headers.get("content-length", 0)) == len(body)
    dialect = DIALECTS[name](Options())
    assert path.lower().startswith(dialect.owns)
    asked = dialect.read(SimpleNamespace(method=method, path=path, raw_query=query, headers=headers, body=body))
    assert asked.scope == "send"
    assert b"3069000000007" in octets


def test_a_request_of_many_numbers() -> None:
    template = REQUESTS["smsadvert"].template(80, "Message {n}", 3)
    _, _, body = template.request(5).partition(b"\r\n\r\n")
    said = json.loads(body)
    assert said["phone"] == "+3069000000005,+3069000000006,+3069000000007"
    assert said["shortTextMessage"] == "Message 00000000"
    with pytest.raises(ValueError, match="one message a request"):
        REQUESTS["kannel"].template(80, "x", 3)


def test_an_unknown_dialect_is_named(tmp_path) -> None:
    with pytest.raises(ValueError, match="telex"):
        run_dialects(["telex"], 1, DialectBenchOptions(), tmp_path)


def _judged(*, accepted: list[int], copies: bytes, acked: int | None = None, duplicates: int = 0) -> dict[str, int]:
    books = HttpBooks(3, native=False, expect=b"ok")
    for number in range(3):
        books.answered(number, 1, 200, b"ok" if number in accepted else b"no", 1.0)
    report = LeanReport(copies, array("d", bytes(8 * len(copies))), array("d", bytes(8 * len(copies))))
    seen = sum(copies)
    says = {"duplicates": duplicates, "beyond": 0, "accepted": seen, "receipts_acked": seen if acked is None else acked}
    return counts(books, report, says, 1)


def test_all_is_well() -> None:
    found = _judged(accepted=[0, 1, 2], copies=b"\1\1\1")
    assert is_exact(found)
    assert found["sent"] == 3


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("lost", _judged(accepted=[0, 1, 2], copies=b"\1\1\0")),
        ("wrong_parts", _judged(accepted=[0, 1, 2], copies=b"\1\1\2")),
        ("refused", _judged(accepted=[0, 1], copies=b"\1\1\0")),
        ("smsc_unexpected", _judged(accepted=[0, 1], copies=b"\1\1\1")),
        ("receipts_unacked", _judged(accepted=[0, 1, 2], copies=b"\1\1\1", acked=2)),
        ("smsc_duplicates", _judged(accepted=[0, 1, 2], copies=b"\1\1\1", duplicates=1)),
    ],
)
def test_whatever_is_wrong_is_said(wrong: str, found: dict[str, int]) -> None:
    assert found[wrong] == 1
    assert not is_exact(found)
