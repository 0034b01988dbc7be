import pytest

from smsgwd.simulator import figures


def test_percentiles_are_of_the_list_in_ms():
    assert figures.percentiles([n / 1000 for n in range(1, 101)]) == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert figures.percentiles([]) == {"p50": 0.0, "p99": 0.0, "max": 0.0}


def test_what_lies_between_two_times_is_of_those_known():
    assert figures.between([9.0, 1.0, 2.0, 0.0, 4.0], [9.5, 1.5, 0.0, 3.0, 3.9], 1) == [0.5, 0.0]


LATENCIES = ("accept_ms", "push_ms")
PEERS = {"smsc": "smsc", "webhook": "sink", "load": "load"}


def _run(rate, exact=True):
    cpu = {"gateway": 150.0, "smsc": 20.0, "webhook": 20.0, "load": 20.0}
    latency = {"p50": 1.0, "p99": 2.0, "max": 3.0}
    return {
        "messages_per_s": rate, "accept_ms": latency, "push_ms": latency, "cpu_us_per_message": cpu,
        "rss_peak_mb": 70.0, "exact": exact, "valid": True,
    }  # fmt: skip


def test_the_summary_is_the_median_and_one_bad_run_spoils_it():
    found = figures.summary([_run(100.0), _run(300.0, exact=False), _run(200.0)], LATENCIES)
    assert found["messages_per_s"] == 200.0 and found["exact"] is False and found["valid"] is True


def test_the_table_has_a_line_a_run():
    lines = figures.table([_run(5500.0), _run(5600.0, exact=False)], LATENCIES, PEERS).splitlines()
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


def test_workers_have_a_column_where_there_are_any():
    run = _run(5500.0)
    run["cpu_us_per_message"] |= {"workers": 33.3}
    head, row = figures.table([run], LATENCIES, PEERS).splitlines()
    assert "workers us" in head and " 33.3 " in row


@pytest.mark.parametrize(
    ("shares", "valid"), [({"gateway": 1.0, "workers": 0.9, "load": 0.7}, True), ({"load": 0.71}, False)]
)
def test_a_run_whose_peers_were_busy_is_not_valid(shares, valid):
    assert figures.is_valid(shares) is valid
