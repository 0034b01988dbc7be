"""Whether there is a spool, and what it is made of."""

from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from smsgwd.app.messages import MessageService
from smsgwd.app.observe import Results
from smsgwd.app.spool_drain import SpooledMessages
from smsgwd.app.spool_parts import SpoolParts
from smsgwd.app.spooling import Spooling
from smsgwd.app.store_files import NotCopied, export
from smsgwd.config.model.store import RedisStore as Section
from smsgwd.model.message import State
from smsgwd.model.spooled import Drained, Waiting
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.spool_file import FILE, SpoolFile
from smsgwd.store.writer import CannotOpen
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock
from tests.store.samples import NOW, message, submit


def parts(directory, store, **spool):
    section = Section.model_validate({"kind": "redis", "url": "redis://h", "prefix": "p", "spool": spool})
    config = SimpleNamespace(data_dir=directory, store=section)
    clock, cluster = FakeClock(), SimpleNamespace(lease=None)
    return SpoolParts(config, store, cluster, clock, reactor, Metrics(CollectorRegistry()))


def waiting_in(directory):
    file = SpoolFile(directory / FILE, "p", 10)
    one = message()
    file.put([[Waiting(submit(one))]], NOW)
    file.close()
    return one


def test_without_the_options_there_is_none(tmp_path):
    store = SimpleNamespace()
    found = parts(tmp_path, store)
    assert (found.intake, found.highest) == (store, 0)
    assert type(found.messages(None, None)) is MessageService
    found.start(None, None)
    found.count()
    assert not (tmp_path / FILE).exists()
    assert Deferred.fromCoroutine(found.stop()).called


@pytest.mark.parametrize("spool", [{"away": True}, {"memory": 1000}])
def test_with_one_of_them_there_is(tmp_path, spool):
    store = SimpleNamespace(healthy=True)
    found = parts(tmp_path, store, **spool)
    assert isinstance(found.intake, Spooling)
    assert isinstance(found.messages(None, None), SpooledMessages)
    assert (store.spooled().messages, store.spooled().away) == (0, "away" in spool)


def test_what_waits_is_drained_whatever_the_options_are_now(tmp_path):
    one = waiting_in(tmp_path)
    store = SimpleNamespace(healthy=True)
    found = parts(tmp_path, store)
    assert found.highest == one.id
    assert store.spooled().messages == 1
    found.count()
    assert found._metrics.spool_messages._value.get() == 1


def test_nothing_else_begins_while_messages_wait(tmp_path):
    waiting_in(tmp_path)
    with pytest.raises(CannotOpen, match="1 acknowledged messages wait"):
        parts(tmp_path, EmbeddedStore(reactor, str(tmp_path)))
    failed = []
    copied = export(SimpleNamespace(data_dir=tmp_path), tmp_path / "file", reactor, lambda *told: None)
    Deferred.fromCoroutine(copied).addErrback(failed.append)
    assert isinstance(failed[0].value, NotCopied)
    assert not (tmp_path / "file").exists()


def test_messages_that_the_store_rejected_are_counted():
    metrics = Metrics(CollectorRegistry())
    Results(metrics)([Drained({0: "no_credit", 3: "duplicate"})])
    assert metrics.final.labels(State.REJECTED.public)._value.get() == 2
