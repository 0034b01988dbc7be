"""The reloader over fakes: what is prepared before anything is applied, and that a mistake applies nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from twisted.internet.defer import Deferred, succeed
from twisted.trial import unittest

from smsgwd.app import reload as reload_module
from smsgwd.app.reload import Reloader
from smsgwd.app.reload_parts import Follows
from smsgwd.config import load
from smsgwd.config.errors import ConfigMistakes
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.reconfigured import Reconfigured

SIM = {"id": "sim", "kind": "smpp", "host": "127.0.0.1", "port": 2776, "system_id": "gw", "password": "gw"}
BASE = {"node": "gw1", "data_dir": "data", "connectors": [SIM], "routes": [{"connectors": ["sim"]}]}


class Routing:
    """What the catalog prepared."""

    unusable = (("00005/mine", "no such connector"),)

    def __init__(self, log):
        self._log = log

    def apply(self):
        self._log.append("routing applied")

    def drop(self):
        self._log.append("routing dropped")


class Reloads(unittest.TestCase):
    """Threads are left out: what runs in one runs at once."""

    def setUp(self):
        self.path = Path(self.mktemp())
        self.log, self.tenants = [], lambda: succeed([])
        self.patch(reload_module, "deferToThread", lambda work, *args: succeed(work(*args)))
        self.write()

    def write(self, **changes):
        self.path.write_text(yaml.safe_dump({**BASE, **changes}))

    def made(self, *parts, reconfigure=None):
        async def prepare(config):
            return Routing(self.log)

        def reconfigured(settings):
            self.log.append(f"connectors {[each.id for each in settings]}")
            return Reconfigured(adjusted=("sim",))

        return Reloader(
            load(self.path, {}),
            catalog=SimpleNamespace(prepare=prepare),
            tenancy=SimpleNamespace(add=lambda declared, now: self.tenants()),
            reconfigure=reconfigure or reconfigured,
            clock=SimpleNamespace(now_ms=lambda: 0),
            parts=parts,
            reloading=lambda: self.log.append("reloading"),
            reloaded=lambda good: self.log.append(f"reloaded {good}"),
        )

    def told(self, *sections):
        return Follows(sections, lambda config: self.log.append(f"told {','.join(sections)}"))

    def refused(self, reloader, *problems):
        before = reloader.config
        mistakes = self.failureResultOf(reloader.reload(), ConfigMistakes).value
        assert all(problem in str(mistakes) for problem in problems), str(mistakes)
        assert reloader.config is before
        assert not [each for each in self.log if "told" in each or "applied" in each]
        assert self.log[-1] == "reloaded False"

    def test_everything_is_applied_and_told(self):
        reloader = self.made(self.told("limits"), self.told("notify"))
        self.write(limits={"max_parts": 3}, node="gw2", auth={"cache_s": 1})
        done = self.successResultOf(reloader.reload())
        assert self.log == ["reloading", "connectors ['sim']", "routing applied", "told limits", "reloaded True"]
        assert [each.path for each in done.changed] == ["limits.max_parts"]
        assert done.needs_restart == ("node", "auth.cache_s")  # nobody here follows `auth`
        assert done.connectors == {"adjusted": ("sim",)}
        assert done.routes_left_out == {"00005/mine": "no such connector"}
        assert (reloader.config.node, reloader.config.limits.max_parts, reloader.config.auth.cache_s) == ("gw1", 3, 300)
        assert [each.path for each in self.successResultOf(Deferred.fromCoroutine(reloader.diff()))] == [
            "node", "auth.cache_s",
        ]  # fmt: skip

    def test_a_mistake_of_the_file_applies_nothing(self):
        reloader = self.made(self.told("limits"))
        self.write(limits={"max_parts": 0}, routes=[{"connectors": ["nobody"]}])
        self.refused(reloader, "limits.max_parts", "nobody")
        assert len(self.successResultOf(Deferred.fromCoroutine(reloader.check()))) == 2

    def test_a_file_that_is_being_written_is_read_again(self):
        """What is there so far is a good configuration, with half of what it is to have."""
        reloader = self.made(self.told("limits"))
        real, times = load, []

        def while_it_is_written(path, environ):
            config = real(path, environ)
            times.append(config.limits.max_parts)
            if len(times) <= self.writes:
                self.write(limits={"max_parts": 3 + len(times)})
            return config

        self.patch(reload_module, "load_config", while_it_is_written)
        self.writes = 2
        self.write(limits={"max_parts": 3})
        self.successResultOf(reloader.reload())
        assert times == [3, 4, 5]
        assert reloader.config.limits.max_parts == 5
        del self.log[:], times[:]
        self.writes = 9
        self.refused(reloader, "changed while it was read")

    def test_another_store_needs_a_restart(self):
        reloader = self.made()
        self.write(store={"kind": "redis", "url": "redis://localhost"})
        assert "store" in self.successResultOf(reloader.reload()).needs_restart[0].split(".")

    def test_a_plugin_that_is_not_installed_is_refused(self):
        reloader = self.made()
        self.write(connectors=[{"id": "sim", "kind": "provider", "provider": "none_such"}])
        self.refused(reloader, ": connectors[0].provider: provider plugin 'none_such' is not installed")

    def test_all_parts_are_asked_before_one_is_applied(self):
        class Wrong(Follows):
            def prepare(self, old, new):
                raise ValueError("listeners.http.tls: no certificate\nlisteners.ops.tls: no key")

        reloader = self.made(self.told("limits"), Wrong(["auth"], lambda config: None))
        self.write(limits={"max_parts": 3})
        self.refused(reloader, f"{self.path}: listeners.http.tls", f"{self.path}: listeners.ops.tls")

    def test_tenants_that_cannot_be_leave_all_as_it_is(self):
        def add():
            raise Refused(Refusal.INVALID, "tenant x: there is no such price list")

        self.tenants = add
        reloader = self.made(self.told("limits"))
        self.write(limits={"max_parts": 3})
        self.refused(reloader, "no such price list")
        assert "routing dropped" in self.log

    def test_a_store_that_is_away_leaves_all_as_it_is(self):
        def add():
            raise StoreUnavailable("full")

        self.tenants = add
        reloader = self.made(self.told("limits"))
        self.write(limits={"max_parts": 3})
        self.failureResultOf(reloader.reload(), StoreUnavailable)
        assert self.log[-2:] == ["routing dropped", "reloaded False"]

    def test_a_gateway_that_stops_takes_no_configuration(self):
        def stopping(settings):
            raise ValueError("the gateway is stopping")

        self.refused(self.made(reconfigure=stopping), "stopping")
        assert "routing dropped" in self.log

    def test_one_that_is_under_way_when_the_gateway_stops_applies_nothing(self):
        waiting: Deferred[list[str]] = Deferred()
        self.tenants = lambda: waiting
        reloader = self.made(self.told("limits"))
        self.write(limits={"max_parts": 3})
        first, second = reloader.reload(), reloader.reload()
        reloader.close()
        waiting.callback([])
        for each in (first, second, reloader.reload()):
            assert "stopping" in str(self.failureResultOf(each, ConfigMistakes).value)
        assert self.log == ["reloading", "routing dropped"]

    def test_one_at_a_time(self):
        waiting: Deferred[list[str]] = Deferred()
        self.tenants = lambda: waiting
        reloader = self.made(self.told("limits"))
        self.write(limits={"max_parts": 3})
        first, second = reloader.reload(), reloader.reload()
        self.write(limits={"max_parts": 4})
        assert self.log == ["reloading"]
        self.tenants = lambda: succeed(["new"])
        waiting.callback([])
        assert self.successResultOf(first).tenants_added == ()
        assert self.successResultOf(second).tenants_added == ("new",)
        assert reloader.config.limits.max_parts == 4

    def test_a_fault_in_one_part_keeps_no_other_from_it(self):
        def fault(config):
            raise RuntimeError("a bug")

        reloader = self.made(Follows(["limits"], fault), self.told("limits"))
        self.write(limits={"max_parts": 3})
        self.successResultOf(reloader.reload())
        assert "told limits" in self.log


@pytest.mark.parametrize(
    ("path", "follows"),
    [("mo", True), ("mo.part_wait_s", True), ("mo_routes[0]", False), ("mo_routes", False), ("monitor", False)],
)
def test_a_part_follows_its_sections_and_no_others(path, follows):
    assert Follows(["mo"], lambda config: None).follows(path) is follows
