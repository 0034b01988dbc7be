"""Times and routes by another configuration, in the services that run."""

from smsgwd.config.model.runtime import Retention as Section
from smsgwd.model.upkeep import Purge, PurgeLeftovers
from tests.app.test_retention import DAY, World


def test_retention_keeps_by_the_new_times_at_once():
    world = World(messages_d=90)
    world.run(3)
    world.retention.follow(Section(messages_d=10, rows_s=100), 7 * DAY)
    del world.store.log[:]
    world.run(1)
    now = world.asked(PurgeLeftovers)[0].at
    [purge] = world.asked(Purge)
    assert abs(purge.before - (now - 10 * DAY)) < 2000
    assert abs(world.asked(PurgeLeftovers)[0].mo_done_before - (now - 7 * DAY)) < 2000
    assert purge.limit == 10


def test_a_round_that_was_under_way_is_begun_anew():
    world = World(messages_d=90)
    world.store.left[Purge] = 10_000
    world.run(3)
    world.retention.follow(Section(messages_d=365), 3 * DAY)
    del world.store.log[:]
    world.run(2)
    assert all(abs(world.clock.now_ms() - each.before - 365 * DAY) < 10_000 for each in world.asked(Purge))
