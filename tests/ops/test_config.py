"""`config` and `drain` over fakes: what they answer, what they refuse, what stands in the audit."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.config import load
from smsgwd.config.diff import Difference
from smsgwd.config.errors import ConfigMistakes
from smsgwd.model.operators import Caller
from smsgwd.ops.config import Configuration
from smsgwd.ops.drain import Drains
from smsgwd.ops.registry import CommandError, NotPermittedError, Registry
from smsgwd.ports.store import QueueDepth, StoreCounts, StoreUnavailable

SIM = {"id": "sim", "kind": "smpp", "host": "127.0.0.1", "port": 2776, "system_id": "gw", "password": "geheim"}


class Reloads:
    """What is in force, and answers that a test gives."""

    def __init__(self, config):
        self.config = config
        self.problems, self.found, self.reloaded, self.checked = [], [], None, []

    async def check(self, path=None):
        self.checked.append(path)
        return self.problems

    async def diff(self):
        if self.problems:
            raise ConfigMistakes(self.problems)
        return self.found

    def reload(self):
        return fail(self.reloaded) if isinstance(self.reloaded, Exception) else succeed(self.reloaded)


@pytest.fixture
def world(tmp_path: Path):
    path = tmp_path / "smsgwd.yaml"
    path.write_text(yaml.safe_dump({"node": "gw1", "data_dir": "d", "connectors": [SIM]}))
    reloads = Reloads(load(path, {}))
    return SimpleNamespace(reloads=reloads, path=path, registry=Registry(Configuration(reloads).commands()))


def answered(done):
    """What a command answered; what it failed with is raised."""
    if not isinstance(done, Deferred):
        return done
    found = []
    done.addBoth(found.append)
    [answer] = found
    if hasattr(answer, "raiseException"):
        answer.raiseException()
    return answer


def run(world, verb, **params):
    return answered(world.registry.run("config", verb, params))


def test_show_is_yaml_of_what_is_in_force_without_secrets(world):
    whole = yaml.safe_load(run(world, "show"))
    assert whole["node"] == "gw1"
    assert whole["connectors"][0]["password"] == "***"
    assert whole["limits"]["max_parts"] == 10
    assert yaml.safe_load(run(world, "show", path="connectors[sim].timers"))["connect_s"] == 10
    assert yaml.safe_load(run(world, "show", path="connectors[0].port")) == 2776
    for wrong in ("nothing", "connectors[other]", "limits.max_parts.more", "connectors[7]"):
        with pytest.raises(CommandError, match="there is no option"):
            run(world, "show", path=wrong)


def test_check_looks_at_files_beside_the_configuration_only(world):
    world.reloads.problems = ["f:1: node: is wrong"]
    assert run(world, "check") == {"file": str(world.path), "problems": ["f:1: node: is wrong"]}
    run(world, "check", file="smsgwd.yaml.new")
    os.mkfifo(world.path.with_name("pipe"))  # would be waited for without end, in one of few threads
    for no_file in ("pipe", "directory"):
        world.path.with_name("directory").mkdir(exist_ok=True)
        with pytest.raises(CommandError, match="is no file"):
            run(world, "check", file=no_file)
    assert world.reloads.checked == [world.path, world.path.with_name("smsgwd.yaml.new")]
    (world.path.parent / "link").symlink_to("/etc/hostname")
    for outside in ("/etc/shadow", "../other.yaml", "link"):
        with pytest.raises(CommandError, match="in the directory"):
            run(world, "check", file=outside)


def test_diff_cuts_long_values_and_says_how_each_is_applied(world):
    world.reloads.found = [
        Difference("limits.max_parts", 10, 3, True),
        Difference("connectors[x]", "(none)", {"id": "x" * 100}, True),
        Difference("node", "a", "b", False),
    ]
    rows = run(world, "diff")
    assert [row["applied"] for row in rows] == ["reload", "reload", "restart"]
    assert rows[0] == {"option": "limits.max_parts", "in_force": 10, "in_file": 3, "applied": "reload"}
    assert len(rows[1]["in_file"]) == 60
    world.reloads.problems = ["f:1: a", "f:2: b"]
    with pytest.raises(CommandError, match="f:1: a\nf:2: b"):
        run(world, "diff")


def test_reload_tells_mistakes_and_a_store_that_is_away(world):
    world.reloads.reloaded = ConfigMistakes(["f:1: a", "f:2: b"])
    with pytest.raises(CommandError, match="f:1: a\nf:2: b"):
        run(world, "reload")
    world.reloads.reloaded = StoreUnavailable("full")
    with pytest.raises(CommandError, match="the store cannot be used"):
        run(world, "reload")


@pytest.mark.parametrize(
    ("verb", "role"), [("show", "read"), ("diff", "read"), ("check", "operate"), ("reload", "admin")]
)
def test_roles(world, verb, role):
    assert world.registry.find("config", verb).needs == role
    with pytest.raises(NotPermittedError):
        world.registry.run("config", verb, {}, Caller("x", "", "socket"))


def test_a_drain_says_what_is_left():
    drain = SimpleNamespace(active=False, seconds=0.0)
    drain.begin = lambda: setattr(drain, "active", True)
    drain.end = lambda: setattr(drain, "active", False)
    counts = StoreCounts((QueueDepth("sim", 9, 0), QueueDepth("b", 1, 0)), 3, 0, 0, 0, 0, 0)
    store = SimpleNamespace(counts=lambda: succeed(counts))
    registry = Registry(Drains(drain, store, SimpleNamespace(in_flight=lambda: frozenset((1, 2)))).commands())
    begun = answered(registry.run("drain", "begin", {}))
    assert (begun["draining"], begun["queued"], begun["in_flight"]) == (True, 10, 2)
    assert registry.find("drain", "begin").look({}) == {"draining": True}
    assert registry.find("drain", "begin").needs == "operate"
    assert answered(registry.run("drain", "end", {}))["draining"] is False
