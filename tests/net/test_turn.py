from twisted.internet.task import Clock

from smsgwd.net.turn import Turn


def test_everything_added_in_a_turn_runs_once_in_order_with_one_timer():
    clock, ran = Clock(), []
    turn = Turn(clock)
    for name in "abc":
        turn.add(lambda name=name: ran.append(name))
    assert ran == [] and len(clock.getDelayedCalls()) == 1
    clock.advance(0)
    assert ran == ["a", "b", "c"]
    clock.advance(1)
    assert ran == ["a", "b", "c"]


def test_what_is_added_while_running_waits_for_the_next_turn():
    clock, ran = Clock(), []
    turn = Turn(clock)
    turn.add(lambda: turn.add(lambda: ran.append("later")))
    turn.run()
    assert ran == [] and clock.getDelayedCalls()
    clock.advance(0)
    assert ran == ["later"]


def test_one_that_fails_does_not_keep_the_others_from_running():
    clock, ran = Clock(), []
    turn = Turn(clock)
    turn.add(lambda: 1 / 0)
    turn.add(lambda: ran.append("b"))
    clock.advance(0)
    assert ran == ["b"]


def test_early_work_comes_first_and_what_it_adds_is_of_the_same_turn():
    clock, ran = Clock(), []
    turn = Turn(clock)
    turn.add(lambda: ran.append("write"))
    turn.add_early(lambda: (ran.append("work"), turn.add(lambda: ran.append("its write"))))
    assert len(clock.getDelayedCalls()) == 1
    turn.run()
    assert ran == ["work", "write", "its write"]


def test_early_work_of_early_work_waits_for_the_next_turn():
    clock, ran = Clock(), []
    turn = Turn(clock)
    turn.add_early(lambda: turn.add_early(lambda: ran.append("later")))
    turn.add(lambda: turn.add(lambda: ran.append("write")))
    turn.run()
    assert ran == [] and clock.getDelayedCalls()
    clock.advance(0)
    assert ran == ["later", "write"]


def test_early_work_that_fails_does_not_keep_the_writes_from_leaving():
    clock, ran = Clock(), []
    turn = Turn(clock)
    turn.add_early(lambda: 1 / 0)
    turn.add(lambda: ran.append("write"))
    clock.advance(0)
    assert ran == ["write"]
