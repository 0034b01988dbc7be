"""What operators change is written down."""

import json

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.model.operators import AuditEntry, Caller, PurgeAudit, PutAudit
from smsgwd.ops.audit import Audit
from smsgwd.ops.journal import Journal
from smsgwd.ops.registry import Command, CommandError, NotPermittedError, Parameter, Registry
from smsgwd.ports.store import AuditFilter, StoreUnavailable

ALICE = Caller("alice", "admin", "socket", "pid 7")
BOB = Caller("bob", "operate", "socket", "pid 8")


class Clock:
    def __init__(self):
        self.now = 1_780_000_000_000

    def now_ms(self):
        self.now += 5
        return self.now

    def monotonic(self):
        return 0.0


class Store:
    """Keeps entries by number; away while `away`."""

    def __init__(self):
        self.entries = {}
        self.purged = []
        self.away = False

    def commit(self, changes):
        if self.away:
            return fail(StoreUnavailable("disk full"))
        return succeed([self._made(change) for change in changes])

    def _made(self, change):
        if isinstance(change, PurgeAudit):
            self.purged.append(change.before)
            return 0
        assert isinstance(change, PutAudit)
        number = change.entry.id or len(self.entries) + 1
        self.entries[number] = change.entry
        return number

    def audit(self, where, before, limit):
        self.where = where
        found = [
            AuditEntry(number, *(getattr(entry, name) for name in AuditEntry.__struct_fields__[1:]))
            for number, entry in sorted(self.entries.items(), reverse=True)
            if before is None or number < before
        ]
        return succeed(found[:limit])


class World:
    """Something to change: a dict of names."""

    def __init__(self):
        self.things = {"a": 1}
        self.gate = None

    def commands(self):
        where = (Parameter("name", "Which", required=True), Parameter("to", "What"), Parameter("secret", "S"))
        return [
            Command("thing", "set", "Change", self.set, where, changes=True, role="operate", look=self.look),
            Command("thing", "make", "Make", self.make, where, changes=True, hides=("to",)),
            Command("thing", "read", "Read", lambda params: self.things),
            Command("thing", "slow", "Slow", self.slow, where, changes=True, long=True),
            Command("thing", "wait", "Waits", self.slow, where, changes=True),
            Command("thing", "break", "Break", self.fail, where, changes=True),
        ]

    def look(self, params):
        if params["name"] not in self.things:
            raise CommandError("no such thing")
        return {"name": params["name"], "value": self.things[params["name"]]}

    def set(self, params):
        if params["name"] not in self.things:
            raise CommandError(f"there is no {params['name']} for +306912345678")
        self.things[params["name"]] = params.get("to")
        return "done"

    def make(self, params):
        return {"name": params["name"], "secret": "s3cr3t", "credentials": [{"secret": "t0k3n", "kind": "token"}]}

    def slow(self, params):
        self.gate = Deferred()
        return self.gate

    def fail(self, params):
        raise RuntimeError("a bug")


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def world():
    return World()


@pytest.fixture
def registry(store, world):
    return Registry(world.commands(), Journal(store, Clock(), 30.0))


def fired(done):
    if not isinstance(done, Deferred):
        return done
    results = []
    done.addBoth(results.append)
    if results and hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0] if results else None


def run(registry, verb, caller=ALICE, **params):
    return fired(registry.run("thing", verb, params, caller))


def test_a_change_is_kept_with_what_differs(registry, store):
    assert run(registry, "set", BOB, name="a", to="2") == "done"
    [entry] = store.entries.values()
    assert (entry.who, entry.role, entry.via, entry.address) == ("bob", "operate", "socket", "pid 8")
    assert (entry.command, json.loads(entry.params), entry.outcome) == ("thing set", {"name": "a", "to": "2"}, "done")
    assert (json.loads(entry.before), json.loads(entry.after)) == ({"value": 1}, {"value": "2"})
    assert entry.took_ms > 0


def test_a_failure_is_kept_with_its_reason(registry, store):
    with pytest.raises(CommandError):
        run(registry, "set", name="b", to="2")
    with pytest.raises(RuntimeError):
        run(registry, "break", name="b")
    first, second = store.entries.values()
    assert (first.outcome, first.detail) == ("failed", "there is no b for +30691***")
    assert (second.outcome, second.before, second.after) == ("failed", "", "")
    assert "a bug" in second.detail


def test_what_only_looks_is_not_kept(registry, store):
    assert run(registry, "read") == {"a": 1}
    assert store.entries == {}


def test_it_is_durable_before_it_runs(registry, store, world):
    assert run(registry, "slow", name="a") is None
    [entry] = store.entries.values()
    assert entry.outcome == "begun"
    world.gate.callback("over")
    [entry] = store.entries.values()
    assert (entry.outcome, json.loads(entry.after)) == ("done", "over")


def test_secrets_are_hidden(registry, store):
    answer = run(registry, "make", name="a", to="hidden", secret="hush")
    assert answer["secret"] == "s3cr3t"
    [entry] = store.entries.values()
    everything = entry.params + entry.before + entry.after + entry.detail
    for secret in ("s3cr3t", "t0k3n", "hidden", "hush"):
        assert secret not in everything
    assert json.loads(entry.after)["credentials"] == [{"secret": "***", "kind": "token"}]


def test_who_may_not_changes_nothing(registry, store, world):
    with pytest.raises(NotPermittedError, match="thing make needs the role admin; bob has operate"):
        run(registry, "make", BOB, name="a")
    with pytest.raises(NotPermittedError, match="needs the role read; eve has none"):
        run(registry, "read", Caller("eve", "", "socket"))
    assert store.entries == {}


def test_changes_take_turns_but_long_ones_do_not(registry, store, world):
    assert run(registry, "wait", name="a") is None
    first = world.gate
    later = registry.run("thing", "set", {"name": "a", "to": "9"}, ALICE)
    assert world.things == {"a": 1}
    first.callback(None)
    assert world.things == {"a": "9"} and later.called
    assert run(registry, "slow", name="a") is None
    assert run(registry, "set", name="a", to="10") == "done"


def test_a_store_that_is_away_stops_nobody(registry, store, world):
    store.away = True
    assert run(registry, "set", name="a", to="2") == "done"
    assert store.entries == {}
    store.away = False
    assert run(registry, "set", name="a", to="3") == "done"
    assert [(entry.outcome, json.loads(entry.params)["to"]) for entry in store.entries.values()] == [
        ("done", "3"),
        ("done", "2"),
    ]


@pytest.mark.parametrize("trouble", [StoreUnavailable("disk full"), RuntimeError("a bug")])
def test_a_look_that_fails_keeps_nothing_from_being_done_and_told(store, world, trouble):
    def look(params):
        raise trouble

    registry = Registry(
        [Command("t", "do", "Do", lambda _: "done", changes=True, look=look)], Journal(store, Clock(), 9)
    )
    assert fired(registry.run("t", "do", {}, ALICE)) == "done"
    assert [entry.outcome for entry in store.entries.values()] == ["done"]


def test_old_entries_are_forgotten_once_an_hour(registry, store):
    for _ in range(3):
        run(registry, "set", name="a", to="2")
    [before] = store.purged
    assert 0 <= before - (1_780_000_000_000 - 30 * 86_400_000) < 1000


def test_a_large_parameter_is_told_by_its_size(registry, store):
    run(registry, "set", name="a", to="x" * 5000)
    [entry] = store.entries.values()
    assert json.loads(entry.params)["to"] == "5000 characters"
    assert len(entry.after) < 5000


def test_numbers_of_people_are_cut(store):
    command = Command("message", "erase", "E", lambda _: None, (Parameter("number", "N"),), changes=True)
    registry = Registry([command], Journal(store, Clock(), 30.0))
    registry.run("message", "erase", {"number": "+306912345678"}, ALICE)
    [entry] = store.entries.values()
    assert json.loads(entry.params) == {"number": "+30691***"}


def test_nothing_private_is_kept_wherever_it_stands(store):
    """Whoever may only look may read the audit."""
    state = {"dlr_url": "https://u:hunter2@shop.example/dlr?key=hunter2", "to": "+306912345678", "count": 7}
    answer = {"number": "306912345678", "secrets": [{"name": "till", "secret": "hunter2"}], "tokens": 3}

    def run_it(params):
        state["dlr_url"] = "https://u:hunter2@shop.example/dlr?key=hunter2-new"
        if params.get("fail"):
            raise CommandError("cannot push to https://u:hunter2@shop.example/x?key=hunter2 of 306912345678")
        return answer

    names = ("json", "dlr_url", "prefix", "API-Token", "note", "fail")
    parameters = tuple(Parameter(name, "P") for name in names)
    looked = Command("t", "set", "S", run_it, parameters, changes=True, look=lambda _: dict(state))
    told = Command("t", "make", "M", run_it, parameters, changes=True)
    registry = Registry([looked, told], Journal(store, Clock(), 30.0))
    given = {
        "json": '{" Secret ": "hunter2", "webhook": {"url": "https://shop.example/?k=hunter2"}}',
        "dlr_url": "https://shop.example/?k=hunter2",
        "prefix": "306912345678",
        "API-Token": "hunter2",
        "note": "see https://u:hunter2@shop.example/wiki?k=hunter2",
    }
    registry.run("t", "set", given, ALICE)
    registry.run("t", "make", given, ALICE)
    with pytest.raises(CommandError):
        fired(registry.run("t", "make", {"fail": "yes"}, ALICE))
    everything = repr(store.entries)
    assert "hunter2" not in everything and "912345678" not in everything
    changed, made, failed = store.entries.values()
    assert json.loads(changed.after) == {"dlr_url": "https://shop.example/dlr?***"}
    assert json.loads(made.after)["secrets"] == [{"name": "till", "secret": "***"}]
    assert json.loads(made.after)["tokens"] == 3
    assert json.loads(made.params)["note"] == "see https://shop.example/wiki?***"
    assert failed.detail == "cannot push to https://shop.example/x?*** of 30691***"


def test_the_list_and_one_of_it(registry, store):
    run(registry, "set", BOB, name="a", to="2")
    run(registry, "set", name="a", to="3")
    audit = Registry(Audit(store).commands())
    newest, oldest = fired(audit.run("audit", "list", {}))
    assert (newest["who"], oldest["who"], oldest["with"], newest["id"]) == ("alice", "bob", "name=a to=2", 2)
    [only] = fired(audit.run("audit", "list", {"before": "2", "who": "bob", "failed": "yes", "noun": "thing"}))
    assert only["id"] == 1
    assert store.where == AuditFilter(who="bob", noun="thing", failed=True)
    shown = fired(audit.run("audit", "show", {"id": "2"}))
    assert (shown["before"], shown["after"]) == ({"value": "2"}, {"value": "3"})
    with pytest.raises(CommandError, match="there is no entry 99"):
        fired(audit.run("audit", "show", {"id": "99"}))
