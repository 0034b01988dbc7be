import pytest

from smsgwd.telemetry.levels import Levels


def test_all_and_single_components():
    levels = Levels("info")
    store, esme = levels.gate("store"), levels.gate("esme")
    assert levels.gate("store") is store and store.least == 20
    levels.set("store", "debug")
    assert (store.least, esme.least) == (10, 20) and levels.own() == {"store": "debug"}
    levels.set_base("error")
    assert (store.least, esme.least, levels.base) == (10, 40, "error")
    assert levels.reset("store") and store.least == 40
    assert not levels.reset("store")
    assert levels.components == ["esme", "store"]


def test_a_level_set_before_the_component_logs():
    levels = Levels("warning")
    levels.set("mo", "debug")
    assert levels.gate("mo").least == 10 and levels.level("mo") == "debug" and levels.level("net") == "warning"


def test_one_that_always_writes():
    levels = Levels("error")
    levels.pin("watch")
    levels.set_base("warning")
    assert levels.gate("watch").least == 10 and not levels.reset("watch")
    assert levels.own() == {} and levels.components == []


def test_a_word_that_is_no_level_changes_nothing():
    levels = Levels()
    for change in (lambda: levels.set_base("loud"), lambda: levels.set("store", "loud")):
        with pytest.raises(KeyError):
            change()
    assert levels.base == "info" and levels.own() == {}
