"""The reload check's verdict, from books that a test writes."""

from smsgwd.simulator.books import Books
from smsgwd.simulator.reload_load import ReloadLoadOptions, another, judge_reloads

OPTIONS = ReloadLoadOptions(warmup=0, before=1.0)
SOUND = {"accepted": 400, "receipts_unique": 400, "connections": 2}


def books(slow_s: float) -> Books:
    """Two hundred answers after 1 ms before the second 10, two hundred after `slow_s` from then on."""
    made = Books(400)
    for number in range(400):
        made.due[number] = 8.0 + number / 100
        made.accepted[number] = made.due[number] + (0.001 if number < 200 else slow_s)
    return made


def verdict(slow_s: float = 0.0015, options: ReloadLoadOptions = OPTIONS, **found: int):
    return judge_reloads(options, books(slow_s), 10.0, 12.0, [0.02] * 5, SOUND | found, 400, 0)


def test_all_is_well() -> None:
    found = verdict()
    assert found.ok, found.table()
    assert found.facts["p99 ratio"] == 1.5


def test_slow_answers_fail_unless_nothing_is_judged() -> None:
    assert verdict(0.0025).failures["p99 beyond the limit"] == 1
    assert verdict(0.0025, ReloadLoadOptions(warmup=0, before=1.0, ratio=0.0)).ok


def test_what_was_lost_or_bound_again_fails() -> None:
    assert not verdict(lost=1).ok
    assert not verdict(never_received=1).ok
    assert verdict(connections=3).failures["binds that came again"] == 1


def test_the_other_configuration_differs_where_it_must() -> None:
    plain = {"connectors": [{"id": "sim"}], "routes": [{"connectors": ["sim"]}], "notify": {}}
    changed = another(plain, 4)
    assert [each["id"] for each in changed["connectors"]] == ["sim", "spare"]
    assert changed["routes"][0]["connectors"] == ["spare", "sim"]
    assert changed["routes"][1:] == plain["routes"]
    assert plain == {"connectors": [{"id": "sim"}], "routes": [{"connectors": ["sim"]}], "notify": {}}
