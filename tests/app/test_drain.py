"""A drain closes the ways in once and opens them again; nothing else is touched."""

from types import SimpleNamespace

import pytest

from smsgwd.app.drain import PHASE, Drain


class Ways:
    """Records what is called on it."""

    def __init__(self, log, name):
        self._log, self._name = log, name

    def __getattr__(self, called):
        return lambda: self._log.append(f"{self._name}.{called}")


@pytest.fixture
def world():
    log, now = [], [100.0]
    drain = Drain(
        pipeline=Ways(log, "pipeline"),
        api=Ways(log, "api"),
        requests=Ways(log, "smpp"),
        clock=SimpleNamespace(monotonic=lambda: now[0]),
    )
    return SimpleNamespace(log=log, now=now, drain=drain)


def test_begin_and_end_count_once(world):
    world.drain.begin()
    world.drain.begin()
    assert world.log == ["pipeline.close", "api.close", "smpp.close_to_submits"]
    world.now[0] = 107.0
    assert (world.drain.active, world.drain.seconds) == (True, 7.0)
    del world.log[:]
    world.drain.end()
    world.drain.end()
    assert world.log == ["pipeline.open", "api.open", "smpp.open"]
    assert (world.drain.active, world.drain.seconds) == (False, 0.0)


def test_the_end_of_a_drain_opens_nothing_where_the_gateway_stops(world):
    world.drain.begin()
    del world.log[:]
    world.drain.close()
    world.drain.end()
    assert world.log == []


def test_the_word_for_it_is_no_phase_of_the_daemon():
    assert PHASE not in ("starting", "running", "draining", "stopped")


def test_an_intake_closed_from_another_node_is_opened_from_there(world):
    world.drain.follow(False)
    world.drain.follow(False)
    assert world.drain.active
    world.drain.follow(True)
    assert not world.drain.active
    assert world.log == [
        "pipeline.close",
        "api.close",
        "smpp.close_to_submits",
        "pipeline.open",
        "api.open",
        "smpp.open",
    ]


def test_a_drain_of_its_own_is_not_ended_from_another_node(world):
    world.drain.begin()
    world.drain.follow(False)
    world.drain.follow(True)
    assert world.drain.active
    world.drain.end()
    world.drain.follow(False)
    world.drain.begin()  # now it is its own
    world.drain.follow(True)
    assert world.drain.active
