"""The judge of the purge check must see what is left, what was refused, and what took longer."""

from smsgwd.simulator.purge_bench import History, Measured, PurgeOptions, judge_purge


def _states(purging=(0.005, 0.010), refused=0, after=0.005):
    return [
        Measured("nothing to purge", [0.004, 0.005], 0, 1.0),
        Measured("backup", [0.005], 0, 1.0),
        Measured("purging", list(purging), refused, 2.0),
        Measured("vacuum", [0.005], 0, 1.0),
        Measured("nothing left to purge", [after], 0, 1.0),
    ]


def _history(purged=300, **left):
    return History(300, purged, left)


def test_all_went_and_nobody_waited():
    verdict = judge_purge(PurgeOptions(), _states(), _history(message=0))
    assert verdict.ok, verdict.table()
    assert verdict.facts["rows purged a second"] == 150


def test_what_is_left_is_a_failure():
    assert judge_purge(PurgeOptions(), _states(), _history(smsc=2)).failures["old rows that are still there"] == 2
    assert judge_purge(PurgeOptions(), _states(), _history(purged=299)).failures["rows purged too few"] == 1


def test_who_was_refused_is_counted():
    assert not judge_purge(PurgeOptions(), _states(refused=1), _history()).ok


def test_a_state_that_nobody_measured_is_a_failure():
    assert not judge_purge(PurgeOptions(more_ms=0), _states(purging=()), _history()).ok


def test_a_99th_percentile_that_grew_too_much_is_a_failure():
    slow = _states(purging=[0.040] * 10)
    assert judge_purge(PurgeOptions(more_ms=20), slow, _history()).failures["ms of p99 beyond the limit"] > 0
    assert judge_purge(PurgeOptions(more_ms=40), slow, _history()).ok
    assert judge_purge(PurgeOptions(more_ms=0), slow, _history()).ok


def test_the_worse_of_the_two_states_without_purging_counts():
    slow = _states(purging=[0.040] * 10, after=0.030)
    assert judge_purge(PurgeOptions(more_ms=20), slow, _history()).ok
