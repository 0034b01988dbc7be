"""Who waits for a store to be opened hears what it is at."""

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from smsgwd.store.embedded.migrations import MIGRATIONS
from smsgwd.store.embedded.opening import Opening
from smsgwd.store.embedded.store import EmbeddedStore


def test_each_second_and_at_each_step():
    clock, heard = Clock(), []
    opening = Opening(clock, lambda *at: heard.append((clock.seconds(), *at)))
    opening.begin()
    clock.pump([1.0, 1.0])
    clock.advance(0.5)
    opening.step(0, 2, "migrating: one")
    clock.advance(0.5)
    opening.end()
    clock.advance(5)
    opening.step(1, 2, "too late")
    assert heard == [
        (1.0, 0, 0, "opening the store"),
        (2.0, 0, 0, "opening the store"),
        (2.5, 0, 2, "migrating: one"),
        (3.0, 0, 2, "migrating: one"),
    ]
    assert clock.getDelayedCalls() == []


def test_nobody_listens():
    clock = Clock()
    opening = Opening(clock, None)
    opening.begin()
    opening.step(0, 1, "x")
    opening.end()
    assert clock.getDelayedCalls() == []


class TestOpening(TestCase):
    async def test_the_steps_of_a_migration(self):
        heard = []
        store = EmbeddedStore(reactor, self.mktemp(), on_opening=lambda *at: heard.append(at))
        await store.open()
        await store.close()
        steps = [at for at in heard if at[1]]
        self.assertEqual([at[0] for at in steps], list(range(len(MIGRATIONS))))
        self.assertEqual({at[1] for at in steps}, {len(MIGRATIONS)})
        self.assertEqual(steps[0][2], "migrating: version 1: the first tables")
