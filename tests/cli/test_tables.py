"""Tables for a terminal."""

import pytest

from smsgwd.cli.command_help import explained, overview
from smsgwd.cli.tables import Look, NoSuchColumnError, render, table
from tests.cli.figures import lost, node

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
    assert render("sender", {"x\x1b": [{"a": "b"}]}) == "\n".join(("", "x\\x1b:", "a", "b"))
    assert render("message", [{"ref": "a\u061cb"}]) == "ref\na\\u061cb"
    assert render("ledger", "a\rb\r\nc\r") == "a\\rb\r\nc\\r"
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
        "a: sends 199.5 parts a second at most, since its carrier throttles",
    ]


def test_status_of_one_of_several_nodes():
    shown = render("status", {**STATUS, "nodes": [node("gw1", here=True), node("gw2"), lost("gw3")]}).splitlines()
    assert shown[4] == "one of 3 nodes that share the store: gw2 up, gw3 lost"
    shown = render("status", {**STATUS, "nodes": [node("gw1", here=True)]}).splitlines()
    assert shown[4] == "the only node so far"


def test_status_of_a_connector_that_other_nodes_have():
    [row] = STATUS["connectors"]
    shown = render("status", {**STATUS, "connectors": [{**row, "elsewhere": True, "binds": []}]})
    assert shown.splitlines()[6].split()[:3] == ["a", "smpp", "elsewhere"]


def test_status_of_all_nodes():
    rows = [node("gw1", here=True), node("gw2", accepted_s=2.5), lost("gw3")]
    connectors = [{"connector": "a", "binds": 4, "bound": 3, "nobody": 1, "nodes": {"gw1": 2, "gw2": 1}}]
    sums = {"accepted_s": 12.5, "sent_s": 18.0, "binds": 4, "bound": 4, "claimed": 7.0, "cpu": 0.5}
    status = {**STATUS, "nodes": rows, "cluster": {"sums": sums, "connectors": connectors}, "attention": ["see to it"]}
    shown = render("status", status).splitlines()
    assert "! see to it" in shown
    [of_all] = [line for line in shown if line.startswith("all ")]
    assert of_all.split() == ["all", "2", "up", "-", "-", "4/4", "12.5", "18.0", "-", "-", "7", "50%", "-"]
    assert sum(line.startswith("gw") for line in shown) == 3
    assert shown[-1].split() == ["a", "4", "3", "1", "gw1", "2", "gw2", "1"]


def test_status_does_not_take_a_rate_that_is_configured_for_throttling():
    [row, *_] = STATUS["connectors"]
    shown = render("status", {**STATUS, "connectors": [{**row, "rate": 100.0, "throughput": 100.0}]})
    assert "at most" not in shown


def test_status_of_days_and_of_nothing_configured():
    lines = render("status", {**STATUS, "uptime_s": 400_000.0, "connectors": []}).splitlines()
    assert lines[0].endswith("  up 5 d")
    assert lines[-1] == "no connectors: none is configured"


def test_what_is_wrong_with_a_file_is_told_a_line_each():
    problems = ["a.yaml:1: port: must be less", "a.yaml:7: unknown key 'x\x1b'"]
    assert render("config", {"file": "a.yaml", "problems": problems}).splitlines() == [
        "file: a.yaml",
        "problems: a.yaml:1: port: must be less",
        "          a.yaml:7: unknown key 'x\\x1b'",
    ]
    assert render("config", {"routes": ["a", "b"]}) == "routes: a, b"


def test_status_says_what_needs_somebody():
    lines = render("status", {**STATUS, "attention": ["a was paused by an \x1b operator"]}).splitlines()
    assert lines[4] == "! a was paused by an \\x1b operator"
    assert not [line for line in lines if "suspended for" in line]  # it is told at the top


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
        {"name": "limit", "required": False, "text": "How many", "values": "on|off"},
    ]
    row = {"noun": "optout", "verb": "list", "text": "Numbers", "changes": False, "parameters": parameters}
    row |= {"role": "read", "follow": True, "examples": ["optout list demo"]}
    other = {"noun": "tls", "verb": "reload", "text": "Read again", "changes": True, "parameters": []}
    assert overview([row, other]).splitlines()[:2] == ["optout list  Numbers", "tls reload   Read again"]
    assert explained([row, other]).splitlines() == [
        "smsgwctl optout list TENANT [limit=]",
        "  Numbers",
        "  (role read; goes on until Ctrl-C",
        "  (--seconds N ends it))",
        "    tenant=   Whose numbers they are, by its",
        "              id",
        "    [limit=]  How many (on, off)",
        "  e.g. smsgwctl optout list demo",
        "",
        "smsgwctl tls reload",
        "  Read again",
        "  (changes something and stands in the",
        "  audit)",
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


def test_sentences_stand_below_their_rows_where_the_screen_is_narrow():
    rows = [
        {"at": "2026-11-22T11:29:55.661Z", "step": "accepted", "detail": "by HTTP, 1 part gsm"},
        {"at": "2026-11-22T11:29:56.661Z", "step": "submit_sm taken", "detail": None},
        {"at": "2026-11-22T11:29:57.661Z", "step": "ended: undelivered", "detail": "by its receipt: UNDELIV 001"},
    ]
    assert table(rows, Look(width=50)).splitlines() == [
        "at                        step",
        "2026-11-22T11:29:55.661Z  accepted",
        "    by HTTP, 1 part gsm",
        "2026-11-22T11:29:56.661Z  submit_sm taken",
        "2026-11-22T11:29:57.661Z  ended: undelivered",
        "    by its receipt: UNDELIV 001",
    ]
    assert table(rows, Look(width=50, headers=False)).splitlines()[:2] == [
        "2026-11-22T11:29:55.661Z  accepted",
        "    by HTTP, 1 part gsm",
    ]
    assert table(rows, Look(width=120)) == table(rows)
    assert "…" in table([{"id": "1", "detail": "x" * 50}], Look(width=30, columns=("id", "detail")))


def test_how_far_long_work_is():
    work = {"backup": {"done": 10, "total": 40}, "erase": {"done": 7, "total": 0}}
    assert render("store", {"upkeep": work}).splitlines() == [
        "upkeep backup: 10 of 40 (25 %)",
        "upkeep erase: 7 so far",
    ]


def test_words_give_way_on_a_narrow_terminal_and_what_is_needed_whole_never():
    row = {"id": "7400000000000000001", "count": 123456789012, "why": "b" * 50, "smsc_id": "c" * 20}
    rows = [{**row, "at": "2026-11-22T11:06:53.186Z"}]
    assert "b" * 50 in table(rows)  # where it is no terminal nothing is cut
    line = table(rows, Look(width=100)).splitlines()[1]
    assert len(line) == 100
    assert line.split() == ["7400000000000000001", "123456789012", "b" * 19 + "…", "c" * 20, "2026-11-22T11:06:53.…"]
    narrow = table(rows, Look(width=10)).splitlines()[1]
    assert narrow.split() == ["7400000000000000001", "123456789012", "bbbbbbb…", "c" * 20, "2026-11-22T11:06:53…"]


def test_the_widest_give_way_together():
    rows = [{"n": 1, "a": "a" * 40, "b": "b" * 30, "c": "c" * 5}]
    line = table(rows, Look(width=40)).splitlines()[1]
    assert len(line) == 40
    assert [len(cell) for cell in line.split()] == [1, 14, 14, 5]  # of 40, 30 and 5


def test_columns_may_be_chosen():
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y", "c": True}]
    assert table(rows, Look(columns=("c", "a"))).splitlines() == ["c    a", "-    1", "yes  2"]
    assert render("x", rows, Look(columns=("b",), headers=False)) == "x\ny"
    assert render("x", {"id": "7", "rows": rows}, Look(columns=("id",))) == "id: 7"
    assert render("x", {"id": "7", "rows": rows}, Look(columns=("a",), headers=False)) == "1\n2"
    for data in (rows, {"id": "7", "rows": rows}):
        with pytest.raises(NoSuchColumnError, match=r"there is no column d; there are: .*a, b, c"):
            render("x", data, Look(columns=("a", "d")))
    assert render("x", [], Look(headers=False)) == ""


def test_states_have_colours_on_a_terminal_and_nothing_else():
    rows = [{"id": "down", "state": "bound"}, {"id": "b", "state": "stopped"}, {"id": "c", "state": "odd"}]
    plain = table(rows)
    assert "\x1b" not in plain
    lines = table(rows, Look(colour=True)).splitlines()
    assert lines[1] == "down  \x1b[32mbound\x1b[0m"
    assert lines[2] == "b     \x1b[31mstopped\x1b[0m"
    assert lines[3] == "c     odd"
    assert render("x", {"state": "paused"}, Look(colour=True)) == "state: \x1b[33mpaused\x1b[0m"


def test_rows_that_come_by_and_by_stand_below_each_other():
    widths: dict[str, int] = {}
    first = table([{"a": "long", "b": "x"}], widths=widths)
    second = table([{"a": "s", "b": "y"}], Look(headers=False), widths)
    assert first.splitlines()[1].index("x") == second.index("y")
