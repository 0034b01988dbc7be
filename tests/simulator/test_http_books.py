import json

import pytest

from smsgwd.simulator.http_books import HttpBooks


def answer(*names: str | None) -> bytes:
    entries = [{"id": name, "to": "+30", "state": name and "queued", "error": None if name else {}} for name in names]
    return json.dumps({"id": "99", "messages": entries}, separators=(",", ":")).encode()


def test_ids_are_those_of_the_messages():
    books = HttpBooks(5)
    books.due[0] = books.due[1] = 1.0
    books.answered(0, 1, 202, answer("100"), 2.0)
    books.answered(1, 3, 202, answer("101", "102", "103"), 3.5)
    assert books.ids == [b"100", b"101", b"102", b"103", b""] and books.accepted_count == 4
    assert books.accepted[3] == 3.5 and books.accepted[4] == 0.0 and books.requests == [1.0, 2.5]


def test_what_is_refused_is_counted():
    books = HttpBooks(4)
    books.answered(0, 2, 503, b"busy", 2.0)
    books.answered(2, 2, 202, answer("7", None), 2.0)
    assert books.refused == {503: 2, 202: 1} and books.accepted_count == 1 and books.sample == b"busy"
    assert books.ids == [b"", b"", b"7", b""] and not books.accepted[3]


def test_an_answer_with_other_entries_is_none():
    with pytest.raises(ValueError, match="2 messages were answered with 1 entries"):
        HttpBooks(2).answered(0, 2, 202, answer("1"), 1.0)


def test_another_gateway_accepts_with_a_text():
    books = HttpBooks(3, native=False, expect=b"Accepted")
    books.answered(0, 1, 202, b"0: Accepted for delivery", 1.0)
    books.answered(1, 1, 200, b"Queued", 1.0)
    books.answered(2, 1, 403, b"Accepted not", 1.0)
    assert books.accepted_count == 1 and books.refused == {200: 1, 403: 1}
