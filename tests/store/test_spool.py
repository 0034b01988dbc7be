"""A spool: what its file does is done elsewhere, together where it can be."""

import sqlite3

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.spooled import Spooled, Waiting
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.spool import Spool
from smsgwd.store.spool_file import FILE, SpoolFile
from tests.store.samples import NOW, begin_anew, message, submit


class Elsewhere:
    """Does what it was asked for when it is told to."""

    def __init__(self):
        self.jobs = []

    def __call__(self, function, *args):
        done = Deferred()
        self.jobs.append((done, function, args))
        return done

    def work(self):
        done, function, args = self.jobs.pop(0)
        try:
            result = function(*args)
        except Exception as error:
            done.errback(error)
        else:
            done.callback(result)


class World:
    def __init__(self, directory):
        begin_anew()
        self.now = 100.0
        self.ended = []
        self.elsewhere = Elsewhere()
        self.file = SpoolFile(directory / FILE, "p", 3)
        self.spool = Spool(self.file, self.elsewhere, lambda: self.now, lambda: self.ended.append(1))

    def put(self, *messages):
        found = []
        self.spool.put([Waiting(submit(*(messages or [message()])))], NOW).addBoth(found.append)
        return found


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_what_comes_while_it_writes_is_written_together(world):
    first, second, third = world.put(), world.put(), world.put()
    assert (first, len(world.elsewhere.jobs)) == ([], 1)
    world.elsewhere.work()
    assert (first, second, len(world.elsewhere.jobs)) == ([[Spooled({})]], [], 1)
    world.elsewhere.work()
    assert second == third == [[Spooled({})]]
    assert world.spool.messages == 3
    assert not world.spool.takes
    full = world.put()
    world.elsewhere.work()
    assert isinstance(full[0].value, StoreUnavailable)


def test_a_disk_in_trouble_is_left_alone_for_a_second(world):
    broken, put = [True], world.file.put

    def sometimes(*args):
        if broken:
            raise sqlite3.OperationalError("disk I/O error")
        return put(*args)

    world.file.put = sometimes
    first, second = world.put(), world.put()
    world.elsewhere.work()
    assert isinstance(first[0].value, StoreUnavailable)
    assert (second, world.spool.takes, world.spool.view().trouble) == ([], False, "disk I/O error")
    broken.clear()
    world.elsewhere.work()
    assert second == [[Spooled({})]]
    assert world.spool.view().trouble == ""
    world.now += 1.0
    assert world.spool.takes


def test_it_is_closed_behind_what_was_put(world):
    first, second = world.put(), world.put()
    closed = world.spool.close()
    assert not world.spool.takes
    while world.elsewhere.jobs:
        world.elsewhere.work()
    assert first == second == [[Spooled({})]]
    assert closed.called
    assert world.ended == [1]
    with pytest.raises(sqlite3.ProgrammingError):
        world.file.take()
