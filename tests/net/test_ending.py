"""An orderly end with a limit."""

from twisted.internet.task import Clock

from smsgwd.net.ending import Ending


class World:
    def __init__(self):
        self.reactor, self.busy, self.log = Clock(), True, []
        self.ending = Ending(self.reactor, lambda: not self.busy, lambda: self.log.append("ended"))

    def begin(self):
        self.ending.begin(5.0).addCallback(lambda _: self.log.append("told"))


def test_it_ends_when_what_is_under_way_is_through():
    world = World()
    world.ending.look()  # not asked to end yet
    world.begin()
    world.ending.look()
    assert world.log == []
    world.busy = False
    world.ending.look()
    assert world.log == ["ended", "told"]
    assert world.reactor.getDelayedCalls() == []
    world.ending.look()
    assert world.log == ["ended", "told"]


def test_it_ends_at_once_when_nothing_is_under_way():
    world = World()
    world.busy = False
    world.begin()
    assert world.log == ["ended", "told"]


def test_it_waits_no_longer_than_the_limit():
    world = World()
    world.begin()
    world.reactor.advance(4.9)
    assert world.log == []
    world.reactor.advance(0.2)
    assert world.log == ["ended", "told"]


def test_asked_again_it_ends_once_and_tells_both():
    world = World()
    world.begin()
    world.begin()
    world.busy = False
    world.ending.look()
    world.begin()
    assert world.log == ["ended", "told", "told", "told"]
    assert world.reactor.getDelayedCalls() == []
