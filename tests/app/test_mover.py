"""A move while the gateway works: what begins it, when it stops for it, what ends it before, and what the file says."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.app import move_file
from smsgwd.config.errors import ConfigMistakes
from smsgwd.ops.registry import CommandError
from smsgwd.store.copying.moving import NotMoved
from tests.app.moves import EMBEDDED, REDIS, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def done(coroutine):
    """What a coroutine comes to that waits for nothing."""
    found = []
    Deferred.fromCoroutine(coroutine).addBoth(found.append)
    [result] = found
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def test_it_copies_follows_and_has_the_gateway_stop(world, tmp_path):
    done(world.mover.begin(hold=False))
    assert world.assistants.asked == ["bulk", "follow"]
    assert world.cut == [world.mover]
    assert world.mover.show() == {
        "state": "cutting over",
        "from": "embedded",
        "to": "redis, prefix shop",
        "begun_at": 1_000,
        "seconds": 0.0,
        "messages": 0,
        "of": 0,
        "rounds": 1,
        "records": 5,
        "round_s": 0.0,
        "held": False,
        "failed": "",
    }
    written = move_file.read(tmp_path)
    assert written.phase == "copying"
    assert move_file.section_of(written.target) == REDIS


def test_rounds_go_on_until_one_is_short_but_not_for_ever(world):
    world.assistants.takes = {"follow": 10.0}
    done(world.mover.begin(hold=False))
    assert world.assistants.asked == ["bulk", "follow", "follow", "follow"]
    assert world.cut == [world.mover]


def test_how_far_it_is_is_shown(world):
    del world.assistants.answers["bulk"]
    done(world.mover.begin(hold=False))
    world.assistants.told(20, 100)
    shown = world.mover.show()
    assert (shown["state"], shown["messages"], shown["of"]) == ("bulk", 20, 100)
    assert world.mover.needs() == []


def test_while_it_is_held_it_follows_until_somebody_wants_it_done(world):
    done(world.mover.begin(hold=True))
    assert world.mover.state == "holding"
    world.clock.advance(15.0)
    world.clock.advance(15.0)
    assert world.assistants.asked == ["bulk", "follow", "follow", "follow"]
    assert world.cut == []
    world.mover.finish()
    assert world.assistants.asked[4:] == ["follow"]
    assert world.cut == [world.mover]
    assert not world.clock.getDelayedCalls()


def test_one_at_a_time(world):
    del world.assistants.answers["bulk"]
    done(world.mover.begin(hold=False))
    with pytest.raises(CommandError, match="under way already"):
        done(world.mover.begin(hold=False))
    assert world.assistants.started == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda world: setattr(world, "file", world.config), "has the kind embedded, as the store that is in use"),
        (lambda world: setattr(world, "others", ["gw2"]), "stop gw2 first"),
        (lambda world: setattr(world, "spooled", 3), "3 messages wait on this node's disk"),
        (lambda world: setattr(world, "wrong", ConfigMistakes(["f:1: node: no"])), "f:1: node: no"),
        (lambda world: setattr(world, "file", world.file.model_copy(update={"node": "gw9"})), "must stay as they are"),
    ],
)
def test_what_cannot_be_moved_is_refused_and_nothing_is_there(world, tmp_path, change, why):
    change(world)
    with pytest.raises(CommandError, match=why):
        done(world.mover.begin(hold=False))
    assert (world.mover.state, world.assistants.started) == ("none", 0)
    assert list(tmp_path.iterdir()) == []
    world.file, world.others, world.wrong = world.config.model_copy(update={"store": REDIS}), [], None
    world.spooled = 0
    done(world.mover.begin(hold=False))
    assert world.cut == [world.mover]


@pytest.mark.parametrize("step", ["bulk", "follow"])
def test_what_fails_leaves_the_old_store_and_says_so(world, tmp_path, step):
    world.assistants.answers[step] = NotMoved("the server is away")
    done(world.mover.begin(hold=False))
    assert world.cut == []
    assert (world.mover.state, world.mover.failed) == ("failed", "the server is away")
    assert world.assistants.asked[-1] == "abandon"
    assert world.assistants.ended == world.assistants.started == 2
    written = move_file.read(tmp_path)
    assert (written.phase, written.failed) == ("copying", "the server is away")
    assert "the server is away" in world.mover.needs()[0]
    world.assistants.answers[step] = 1
    done(world.mover.begin(hold=False))
    assert world.cut == [world.mover]
    assert move_file.read(tmp_path).failed == ""


def test_a_file_that_was_changed_meanwhile_stops_no_gateway(world):
    del world.assistants.answers["follow"]
    done(world.mover.begin(hold=False))
    world.file = world.file.model_copy(update={"store": REDIS.model_copy(update={"prefix": "other"})})
    world.assistants.waiting.callback(2)
    assert world.cut == []
    assert "was changed since it was begun" in world.mover.failed


def test_cancelled_with_the_file_as_it_was_nothing_is_left(world, tmp_path):
    del world.assistants.answers["bulk"]
    done(world.mover.begin(hold=False))
    world.file = world.config
    assert done(world.mover.cancel()) == ""
    assert world.assistants.asked == ["bulk", "abandon"]
    assert world.assistants.ended == 2
    assert world.mover.show() == {"state": "none", "store": "embedded"}
    assert list(tmp_path.iterdir()) == []


def test_cancelled_with_the_new_section_in_the_file_a_start_still_uses_the_old_store(world, tmp_path):
    done(world.mover.begin(hold=True))
    assert "put section `store` of the configuration back" in done(world.mover.cancel())
    assert move_file.read(tmp_path).failed == "an operator cancelled it"
    assert world.cut == []
    assert not world.clock.getDelayedCalls()
    world.file = world.config
    assert done(world.mover.cancel()) == ""
    assert move_file.read(tmp_path) is None


def test_what_cannot_be_removed_is_told(world):
    del world.assistants.answers["bulk"]
    done(world.mover.begin(hold=False))
    world.assistants.answers["abandon"] = NotMoved("the server is away")
    world.file = world.config
    assert "could not be removed, the next move does it: the server is away" in done(world.mover.cancel())


def test_it_is_not_cancelled_when_the_gateway_stops_for_it(world):
    done(world.mover.begin(hold=False))
    with pytest.raises(CommandError, match="too late"):
        done(world.mover.cancel())
    with pytest.raises(CommandError, match="no move is under way"):
        world.mover.finish()


def test_a_gateway_that_is_stopped_breaks_it_off(world, tmp_path):
    del world.assistants.answers["bulk"]
    done(world.mover.begin(hold=False))
    world.mover.close()
    assert world.assistants.ended == 1
    assert move_file.read(tmp_path).failed == "the gateway was stopped"
    world.mover.close()


def test_one_that_an_earlier_run_left_is_told_and_can_be_given_again(world, tmp_path):
    left = move_file.Move("copying", move_file.plain(EMBEDDED), move_file.plain(REDIS), "gw1", 500)
    world = World(tmp_path, left=left)
    assert (world.mover.state, world.mover.failed) == ("failed", "the gateway was ended meanwhile")
    assert "redis, prefix shop" in world.mover.needs()[0]
    done(world.mover.begin(hold=False))
    assert world.cut == [world.mover]


def test_what_an_earlier_move_left_elsewhere_is_removed_first(tmp_path):
    other = REDIS.model_copy(update={"prefix": "other"})
    left = move_file.Move("copying", move_file.plain(EMBEDDED), move_file.plain(other), "gw1", 500)
    world = World(tmp_path, left=left)
    done(world.mover.begin(hold=False))
    assert world.assistants.asked == ["abandon", "bulk", "follow"]


def test_nothing_begins_before_what_failed_is_removed(world):
    world.assistants.answers["bulk"] = NotMoved("the server is away")
    del world.assistants.answers["abandon"]
    done(world.mover.begin(hold=False))
    assert (world.mover.state, world.mover.failed) == ("removing", "the server is away")
    for wish in (lambda: world.mover.begin(hold=False), world.mover.cancel):
        with pytest.raises(CommandError):
            done(wish())
    world.assistants.waiting.callback(0)
    assert world.mover.state == "failed"
    world.assistants.answers |= {"bulk": 0, "abandon": 0}
    done(world.mover.begin(hold=False))
    assert world.cut == [world.mover]
