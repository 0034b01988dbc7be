"""Tables for a terminal."""

import pytest

from smsgwd.cli.command_help import explained, overview
from smsgwd.cli.tables import render, table

STATUS = {
    "version": "0.1.0",
    "node": "gw1",
    "phase": "running",
    "uptime_s": 12.4,
    "listeners": {"http": ["127.0.0.1:8080", "[::1]:8080"], "smpp": []},
    "store": {
        "healthy": True,
        "queues": [{"connector": "a", "queued": 1200}],
        "scheduled": 1,
        "sent_without_receipt": 2,
        "outbox_pending": 3,
        "outbox_dead": 4,
        "parked": 5,
        "orphans": 6,
    },
    "connectors": [
        {
            "id": "a",
            "kind": "smpp",
            "up": False,
            "ready": 0,
            "in_flight": 0,
            "sent": 7,
            "refused": 8,
            "receipts": 9,
            "rate": 199.5,
            "suspended_s": 12.0,
            "binds": [
                {"index": 0, "state": "waiting", "window_used": 0, "window": 10, "last_error": "connection refused"},
                {"index": 1, "state": "bound", "window_used": 3, "window": 10, "last_error": "an old one"},
            ],
        }
    ],
}


def test_columns_are_aligned_numbers_to_the_right():
    text = table([{"name": "a", "count": 5}, {"name": "longer", "count": 1200}])
    assert text.splitlines() == ["name    count", "a           5", "longer   1200"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (True, "yes"), (False, "no"), ([1, None], "1, -"), ([], "(none)"), ("x", "x"), (1.5, "1.5")],
)
def test_cells(value, shown):
    assert table([{"v": value}]).splitlines()[1].strip() == shown


def test_nothing_that_a_terminal_obeys_is_printed():
    evil = "a\x1b]0;x\x07b\nc\r\x9bd\u202ee\ud83d"
    shown = "a\\x1b]0;x\\x07b\\nc\\r\\x9bd\\u202ee\\ud83d"
    rows = render("message", [{"ref": evil}])
    assert rows == f"ref\n{shown}"
    assert render("message", {"ref": evil, "in": {"ref": evil}, "all": [evil]}) == (
        f"ref: {shown}\nin ref: {shown}\nall: {shown}"
    )
    assert render("sender", {"x": [{"details": {"a": "\x9b\u202e"}}]}).endswith('{"a": "\\x9b\\u202e"}')
    assert render("ledger", "a,b\r\n1,\x1b[2J\n") == "a,b\r\n1,\\x1b[2J\n"


def test_no_rows():
    assert table([]) == "(none)"


def test_status_screen():
    text = render("status", STATUS)
    lines = text.splitlines()
    assert lines[0] == "smsgwd 0.1.0  node gw1  running  up 12 s"
    assert lines[1] == "listening: http 127.0.0.1:8080, [::1]:8080"
    assert lines[2] == "store: ok"
    for figure in ("waiting 1,", "receipt 2,", "pending 3 (given up 4)", "parked 5 (orphans 6)"):
        assert figure in lines[3]
    assert "1200" in lines[6].split()
    assert lines[6].endswith("waiting(0/10) bound(3/10)")
    assert lines[7:] == [
        "a bind 0: connection refused",  # the error of a bind that is up is history
        "a: suspended for another 12 s",
        "a: sends 199.5 parts a second at most",
    ]


def test_status_names_what_an_operator_has_to_decide():
    assert "held" not in render("status", STATUS)
    shown = render("status", {**STATUS, "store": {**STATUS["store"], "held": 3}})
    assert "scheduled or waiting 1, held for a decision 3, sent without" in shown


def test_status_of_a_store_that_cannot_write_or_be_read():
    store = {"healthy": False, "error": "nothing can be stored"}
    text = render("status", {**STATUS, "store": store})
    assert "store: CANNOT WRITE: submissions are refused" in text
    assert "store figures: nothing can be stored" in text


def test_other_data():
    assert render("x", [{"a": 1, "rows": [{"b": 1}], "on": ["x", "y"]}]).splitlines() == ["a  on", "1  x, y"]
    assert render("x", {"a": 1, "b": None}) == "a: 1\nb: -"
    assert render("x", []) == "(none)"
    assert render("status", {"state": "odd"}) == "state: odd"


def test_amounts_stand_to_the_right_and_words_to_the_left():
    rows = [
        {"amount": "10.0000", "up": True, "limit": "none", "message": None},
        {"amount": "-0.5000", "up": False, "limit": "0.0000", "message": None},
    ]
    assert table(rows).splitlines() == [
        " amount  up    limit  message",
        "10.0000  yes    none  -",
        "-0.5000  no   0.0000  -",
    ]


def test_what_is_empty_is_seen_to_be():
    assert render("x", {"label": "", "rule": {"reason": ""}}) == "label: -\nrule reason: -"


def test_help_is_a_line_for_each_command_and_tells_parameters_of_some(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    parameters = [
        {"name": "tenant", "required": True, "text": "Whose numbers they are, by its id"},
        {"name": "limit", "required": False, "text": "How many"},
    ]
    row = {"noun": "optout", "verb": "list", "text": "Numbers", "changes": False, "parameters": parameters}
    other = {"noun": "tls", "verb": "reload", "text": "Read again", "changes": True, "parameters": []}
    assert overview([row, other]).splitlines()[:2] == ["optout list  Numbers", "tls reload   Read again"]
    assert explained([row, other]).splitlines() == [
        "smsgwctl optout list",
        "  Numbers",
        "    tenant=   Whose numbers they are, by its",
        "              id",
        "    [limit=]  How many",
        "",
        "smsgwctl tls reload",
        "  Read again",
    ]


def test_what_is_inside_an_answer():
    shown = render(
        "message",
        {
            "id": "7",
            "error": {"code": "expired"},
            "events": [{"at": "t1", "type": "sent"}, {"at": "t2", "detail": "x"}],
        },
    )
    assert shown.splitlines() == [
        "id: 7",
        "error code: expired",
        "",
        "events:",
        "at  type  detail",
        "t1  sent  -",
        "t2  -     x",
    ]


def test_how_far_long_work_is():
    work = {"backup": {"done": 10, "total": 40}, "erase": {"done": 7, "total": 0}}
    assert render("store", {"upkeep": work}).splitlines() == [
        "upkeep backup: 10 of 40 (25 %)",
        "upkeep erase: 7 so far",
    ]
