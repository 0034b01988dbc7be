"""What top works out from two answers of the daemon."""

import pytest

from smsgwd.cli.top_figures import HISTORY, History, Sample, age, bar, count, duration, spark, state_of
from smsgwd.cli.top_text import head, whole
from tests.cli.figures import connector, figures, spread, tenant


def sample(before, now):
    history = History()
    history.add(before)
    return history.add(now)


def test_rates_are_differences_over_the_daemons_own_seconds():
    found = sample(
        figures(10, counters={"accepted": 100, "submitted": 50, "final_rejected": 1, "final_expired": 1}),
        figures(12, counters={"accepted": 300, "submitted": 60, "final_rejected": 4, "final_expired": 2}),
    )
    rates = found.rates()
    assert (rates["accepted"], rates["sent"], rates["failed"], rates["pushed"]) == (100, 5, 2, 0)


def test_a_daemon_that_was_started_anew_is_compared_with_nothing():
    history = History()
    history.add(figures(100, counters={"accepted": 1000}))
    found = history.add(figures(101, uptime_s=1, counters={"accepted": 5}))
    assert found.before is None
    assert found.rates()["accepted"] == 0
    assert history.of("accepted") == []
    assert history.add(figures(102, uptime_s=2, counters={"accepted": 9})).rates()["accepted"] == 4
    assert history.of("accepted") == [4]


def test_the_history_is_bounded():
    history = History()
    for second in range(HISTORY + 50):
        history.add(figures(second + 1, counters={"accepted": second * second}))
    assert len(history.of("accepted")) == HISTORY
    assert history.of("accepted")[-1] == 2 * (HISTORY + 49) - 1


def test_latencies_are_of_what_passed_in_between():
    latency = figures(0)["latency"]
    before = figures(1, latency={**latency, "queue": spread(1000)})
    now = figures(2, latency={**latency, "queue": spread(1000, 0, 100)})
    half, most = sample(before, now).latencies()["queue"]
    assert half == pytest.approx(0.55)
    assert most == pytest.approx(0.991)
    assert sample(before, now).latencies()["accept"] is None


def test_a_connectors_row():
    before = figures(1, connectors=[connector("sim", sent=10, refused=0, receipts=0)])
    row = connector("sim", sent=60, refused=4, throttled=4, unknown=2, receipts=30, rate=50, answer=spread(8, 0))
    [found] = sample(before, figures(3, connectors=[row])).connectors()
    assert found == {
        "connector": "sim",
        "state": "up",
        "binds": "2/2",
        "window": "██······ 5/20",
        "sent/s": "25.0",
        "limit/s": "50",
        "answer": "5.0 ms",
        "errors/s": "5.0",
        "receipts/s": "15.0",
        "queued": "0",
        "oldest": "-",
    }


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "up"),
        ({"bound": 1}, "up, in part"),
        ({"up": False, "bound": 0}, "down"),
        ({"up": False, "suspended_s": 12.4}, "suspended 12 s"),
        ({"up": False, "state": "paused"}, "paused"),
        ({"up": False, "bound": 0, "state": "stopped"}, "stopped"),
    ],
)
def test_states(fields, state):
    assert state_of(connector("sim", **fields)) == state


def test_queues_come_by_age_and_name_those_that_nobody_serves():
    before = figures(1, connectors=[connector("a", queued=50, oldest_s=1)])
    now = figures(
        3,
        connectors=[connector("a", queued=10, oldest_s=3, ready=7), connector("empty")],
        strays=[{"connector": "gone", "queued": 5, "oldest_s": 4000.0}],
    )
    assert sample(before, now).queues() == [
        {"queue": "gone", "queued": "5", "change/s": "+2.5", "oldest": "67 min", "in memory": "nobody sends it"},
        {"queue": "a", "queued": "10", "change/s": "-20.0", "oldest": "3 s", "in memory": "7"},
    ]


def test_the_busiest_tenant_comes_first():
    before = figures(1, tenants=[tenant("old", 1000, 990, 10), tenant("new", 0)])
    now = figures(2, tenants=[tenant("old", 1000, 990, 10), tenant("new", 7, 2, 1)])
    first, second = sample(before, now).tenants()
    assert (first["tenant"], first["accepted/s"], first["delivered/s"], first["waiting"]) == ("new", "7.0", "2.0", "4")
    assert (second["tenant"], second["accepted/s"], second["failed"]) == ("old", "0.0", "10")


def test_how_numbers_are_written():
    assert [duration(value) for value in (0.0015, 0.032, 1.23, 300)] == ["1.5 ms", "32 ms", "1.2 s", "5 min"]
    assert [age(value) for value in (0, 12, 300, 10_800, 172_801)] == ["-", "12 s", "5 min", "3 h", "2 d"]
    assert [count(value) for value in (1234, 56_700, 8_900_000)] == ["1234", "56.7k", "8.9M"]
    assert bar(0, 0) == "········ 0/0"
    assert bar(1, 1000) == "█······· 1/1000", "not nothing"
    assert bar(30, 20) == "████████ 30/20"
    assert spark([0, 1, 2, 4], 6) == "  ▁▃▅█"
    assert spark([0, 0], 3) == " ▁▁"


def test_the_text_has_all_tables_and_what_is_wrong():
    row = connector("sim", up=False, bound=0, last_error="refused\x1b[2J", queued=3, oldest_s=70)
    text = whole(Sample(figures(2, connectors=[row], tenants=[tenant("shop", 5)])), History())
    assert "sim: refused\\x1b[2J" in text, "what would clear the screen is shown"
    assert "down" in text and "shop" in text and "70 s" in text
    assert "connectors 0/1 up" in text


def test_a_store_that_is_away_is_said():
    store = {"healthy": False, "disk_free": None, "error": "disk full"}
    lines = head(Sample(figures(2, store=store)), History())
    assert "STORE CANNOT WRITE" in lines[0]
    assert lines[-1] == "store: disk full"


@pytest.mark.parametrize("width", [60, 78, 98, 118])
def test_no_line_of_the_head_is_wider_than_the_screen(width):
    latency = {stage: spread(0, 0, 5, 1) for stage in figures(0)["latency"]}
    history = History()
    for second in range(1, HISTORY):
        shown = history.add(figures(second, counters={"accepted": 3000 * second}))
    shown = history.add(figures(HISTORY, latency=latency))
    lines = head(shown, history, width)
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count("/") >= 6
    for word in ("store ok", "latency", "push", "orphans"):
        assert sum(word in line for line in lines) >= 1
    assert len(lines) <= (12 if width < 78 else 11)


def test_what_is_looked_for_first_stands_in_the_first_80_columns():
    history = History()
    history.add(figures(1, connectors=[connector("sim")]))
    text = whole(history.add(figures(2, connectors=[connector("sim")])), history)
    [names] = [line for line in text.splitlines() if line.startswith("connector ")]
    for name in ("state", "binds", "queued", "oldest", "sent/s", "errors/s", "answer"):
        assert names.index(name) + len(name) <= 80
