import pytest

from smsgwd.simulator import figures
from smsgwd.simulator.record import PushLine, SubmitLine


def _submit(number, at=10.0, body="00", due=None):
    return SubmitLine(at, "s", "bench", f"+30690{number:08d}", 0, 0, 1, body, at if due is None else due)


def _push(number, at=11.0, state="delivered", webhook_id=None, status=200):
    return PushLine(
        at, webhook_id or f"msg_{number}", f"message.{state}", f"m{number}", f"+30690{number:08d}", state, status
    )


ACCEPTED = {1: "m1", 2: "m2"}


def test_percentiles_are_of_the_list_in_ms():
    assert figures.percentiles([n / 1000 for n in range(1, 101)]) == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert figures.percentiles([]) == {"p50": 0.0, "p99": 0.0, "max": 0.0}


def test_push_latency_is_from_the_last_part_to_the_first_push():
    submits = [_submit(1, due=10.5), _submit(1, due=10.7, body="01"), _submit(2, due=10.0), _submit(0, due=1.0)]
    pushes = [_push(1, 11.0), _push(1, 19.0), _push(2, 9.9), _push(0, 2.0)]
    assert figures.push_latencies(submits, pushes, 1) == pytest.approx([0.3, 0.0])


def test_an_exact_run():
    found = figures.counts(ACCEPTED, 3, [_submit(1), _submit(2), _submit(2, body="01")], [_push(1), _push(2)])
    assert figures.is_exact(found)


@pytest.mark.parametrize(
    ("name", "submits", "pushes"),
    [
        ("lost", [_submit(1)], [_push(1), _push(2)]),
        ("smsc_duplicates", [_submit(1), _submit(2), _submit(2)], [_push(1), _push(2)]),
        ("smsc_unexpected", [_submit(1), _submit(2), _submit(3)], [_push(1), _push(2)]),
        ("never_pushed", [_submit(1), _submit(2)], [_push(1)]),
        ("never_pushed", [_submit(1), _submit(2)], [_push(1), _push(2, status=503)]),
        ("push_repeats", [_submit(1), _submit(2)], [_push(1), _push(2), _push(2)]),
    ],
)
def test_what_makes_a_run_inexact(name, submits, pushes):
    found = figures.counts(ACCEPTED, 2, submits, pushes)
    assert found[name] == 1 and not figures.is_exact(found)


def test_a_part_that_is_missing_makes_a_run_inexact():
    assert not figures.is_exact(figures.counts(ACCEPTED, 3, [_submit(1), _submit(2)], [_push(1), _push(2)]))


def _run(rate, exact=True):
    cpu = {"gateway": 150.0, "smsc": 20.0, "webhook": 20.0, "load": 20.0}
    latency = {"p50": 1.0, "p99": 2.0, "max": 3.0}
    return {
        "messages_per_s": rate, "accept_ms": latency, "push_ms": latency, "cpu_us_per_message": cpu,
        "rss_peak_mb": 70.0, "exact": exact, "valid": True,
    }  # fmt: skip


def test_the_summary_is_the_median_and_one_bad_run_spoils_it():
    found = figures.summary([_run(100.0), _run(300.0, exact=False), _run(200.0)])
    assert found["messages_per_s"] == 200.0 and found["exact"] is False and found["valid"] is True


def test_the_table_has_a_line_a_run():
    lines = figures.table([_run(5500.0), _run(5600.0, exact=False)]).splitlines()
    assert len(lines) == 3 and "5500" in lines[1] and "NO" in lines[2] and "NO" not in lines[1]


def test_the_machine_is_told():
    found = figures.machine()
    assert found["cores"] >= 1 and found["calibration_ms"] > 0 and found["python"].startswith("3.")


def test_table_and_summary_of_other_latencies_and_peers():
    run = _run(8000.0) | {"life_ms": {"p50": 12345.6, "p99": 23456.7, "max": 3.0}}
    found = figures.summary([run], ("accept_ms", "life_ms"))
    assert found["life_ms"]["p50"] == 12345.6 and "push_ms" not in found
    head, row = figures.table([run], ("accept_ms", "life_ms"), {"smsc": "smsc", "load": "ESMEs"}).splitlines()
    assert "life ms" in head and "ESMEs us" in head and "sink" not in head
    assert "12345.6 / 23456.7" in row and len(row) == len(head) - len(" valid") + len(" yes")


@pytest.mark.parametrize(("shares", "valid"), [({"gateway": 1.0, "load": 0.7}, True), ({"load": 0.71}, False)])
def test_a_run_whose_peers_were_busy_is_not_valid(shares, valid):
    assert figures.is_valid(shares) is valid
