"""`store show`, `check`, `backup` and `vacuum`."""

from types import SimpleNamespace

import pytest

from smsgwd.model.spooled import SpoolView
from smsgwd.ops.registry import CommandError
from smsgwd.ops.store import StoreCommands
from smsgwd.ports.store import CheckReport, Progress, QueueDepth, Space, StoreCounts, StoreUnavailable
from tests.ops.asking import Store, run

COUNTS = StoreCounts((QueueDepth("a", 3, 1), QueueDepth("b", 4, 1)), 1, 2, 3, 4, 5, 6)
BROKEN = StoreUnavailable("disk full")


class Kept(Store):
    spool = None

    def spooled(self):
        return self.spool

    def upkeep(self):
        return {"backup": Progress(10, 40)}


def test_show_tells_sizes_rows_and_what_is_under_way():
    store = Kept(space=Space(4096, 1024), counts=COUNTS)
    shown = run(StoreCommands(store, lambda: {"erase": Progress(7, 0)}), "store", "show")
    assert (shown["bytes"], shown["free_bytes"], shown["healthy"]) == (4096, 1024, True)
    assert (shown["queued"], shown["orphans"], shown["outbox_dead"]) == (7, 6, 4)
    assert shown["upkeep"] == {"backup": {"done": 10, "total": 40}, "erase": {"done": 7, "total": 0}}
    assert "spool" not in shown
    store.spool = SpoolView(3, 1, 10, True, 0, "")
    assert run(StoreCommands(store), "store", "show")["spool"]["messages"] == 3
    with pytest.raises(CommandError, match="cannot be read: disk full"):
        run(StoreCommands(Kept(space=BROKEN)), "store", "show")


@pytest.mark.parametrize(("params", "deep"), [({}, False), ({"deep": "yes"}, True), ({"deep": "no"}, False)])
def test_check(params, deep):
    store = Store(check=CheckReport((), 5, 4096, 0, 0.5678))
    shown = run(StoreCommands(store), "store", "check", **params)
    assert (shown["ok"], shown["problems"], shown["messages"]) == (True, [], 5)
    assert shown["seconds"] == 0.57
    assert store.read == [("check", deep)]


def test_check_tells_what_is_wrong():
    store = Store(check=CheckReport(("page 7",), 5, 4096, 0, 0.5))
    assert run(StoreCommands(store), "store", "check")["ok"] is False
    with pytest.raises(CommandError, match="deep must be yes or no"):
        run(StoreCommands(store), "store", "check", deep="very")
    with pytest.raises(CommandError, match="the check failed: disk full"):
        run(StoreCommands(Store(check=BROKEN)), "store", "check")


def test_backup():
    store = Store(backup=4096)
    assert run(StoreCommands(store), "store", "backup", file="/b/one.db") == {"file": "/b/one.db", "bytes": 4096}
    assert store.read == [("backup", "/b/one.db")]
    with pytest.raises(CommandError, match="absolute path"):
        run(StoreCommands(store), "store", "backup", file="one.db")
    with pytest.raises(CommandError, match="needs the parameter file"):
        run(StoreCommands(store), "store", "backup")
    with pytest.raises(CommandError, match="the backup failed: there is such a file"):
        run(StoreCommands(Store(backup=ValueError("there is such a file"))), "store", "backup", file="/b/one.db")


def test_what_the_machine_does_is_said_once_and_logged_and_a_wrong_wish_is_only_said(monkeypatch):
    logged = []
    monkeypatch.setattr("smsgwd.ops.store._log", SimpleNamespace(error=lambda event, **said: logged.append(said)))
    for error in (StoreUnavailable("the backup failed: disk full"), ValueError("there is such a file")):
        with pytest.raises(CommandError) as caught:
            run(StoreCommands(Store(backup=error)), "store", "backup", file="/b/one.db")
        assert str(caught.value).count("the backup failed") == 1
    assert logged == [{"what": "backup", "reason": "disk full"}]


def test_vacuum():
    store = Store(vacuum=1000, space=Space(3096, 0))
    assert run(StoreCommands(store), "store", "vacuum") == {"given_back": 1000, "bytes": 3096, "free_bytes": 0}
    with pytest.raises(CommandError, match="the vacuum failed: disk full"):
        run(StoreCommands(Store(vacuum=BROKEN)), "store", "vacuum")


def test_long_commands_say_so():
    long = {command.verb for command in StoreCommands(Store()).commands() if command.long}
    assert long == {"check", "backup", "vacuum"}
