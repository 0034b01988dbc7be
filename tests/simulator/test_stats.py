from smsgwd.simulator.stats import SmscStats


def test_duplicates_are_told_from_first_copies():
    stats = SmscStats()
    assert [stats.accept(1), stats.accept(2), stats.accept(1)] == [True, True, False]
    assert (stats.accepted, stats.unique_messages, stats.duplicates) == (3, 2, 1)


def test_the_summary_is_json_with_statuses_in_hex():
    import json

    stats = SmscStats()
    stats.refused[0x58] += 2
    stats.first_submit, stats.last_submit, stats.submits = 10.0, 12.0, 100
    found = json.loads(json.dumps(stats.summary(3, 4)))
    assert found["refused"] == {"0x00000058": 2}
    assert found["submits_per_s"] == 50.0
    assert (found["receipts_waiting"], found["receipts_unacked"]) == (3, 4)
    assert not [name for name in found if name.startswith("_")]
