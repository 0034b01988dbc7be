"""The process beside the gateway, seen from it: what it answers, and what becomes of a step when it is gone."""

import sys
import threading

import pytest

from smsgwd.app.move_process import MoveProcess
from smsgwd.store.copying.moving import NotMoved

SAYS = """
import json, sys
for line in sys.stdin:
    word = line.strip()
    if word == "bulk":
        print('{"progress": [1, 2]}', flush=True)
        print('{"done": 0, "step": "bulk"}', flush=True)
    elif word == "follow":
        print('{"done": 7}', flush=True)
    elif word == "last":
        print('{"failed": "a count differs"}', flush=True)
    elif word == "where":
        print(json.dumps({"failed": sys.argv[1] + str("NOTIFY_SOCKET" in __import__("os").environ)}), flush=True)
    elif word == "end":
        sys.exit(3)
    elif word == "hang":
        __import__("time").sleep(600)
"""


class Reactor:
    """Calls from threads are made at once; who waits is told."""

    def __init__(self):
        self.called = threading.Condition()

    def callFromThread(self, function, *args):
        with self.called:
            function(*args)
            self.called.notify_all()


class Asked:
    def __init__(self, reactor, deferred):
        self._reactor = reactor
        self.found = []
        deferred.addBoth(self.found.append)

    def answer(self):
        """What was answered; AssertionError when nothing is."""
        with self._reactor.called:
            assert self._reactor.called.wait_for(lambda: self.found, 60)
        [found] = self.found
        return str(found.value) if hasattr(found, "value") else found


@pytest.fixture
def process(tmp_path):
    reactor, told = Reactor(), []
    made = MoveProcess(
        reactor,
        tmp_path,
        lambda *step: told.append(step),
        command=[sys.executable, "-c", SAYS],
        environment={"NOTIFY_SOCKET": "/run/x"},
    )
    made.told = told
    made.step = lambda word: Asked(reactor, made.ask(word))
    yield made
    made.end()


def test_steps_are_answered_one_after_the_other(process, tmp_path):
    assert process.step("bulk").answer() == 0
    assert process.told == [(1, 2)]
    assert process.step("follow").answer() == 7
    assert process.step("last").answer() == "a count differs"
    assert process.step("where").answer() == f"{tmp_path}False"


def test_only_one_step_is_under_way(process):
    first = process.step("hang")
    assert process.step("follow").answer() == "the step before is not over"
    process.end()
    assert first.answer() == "it was ended"
    found = []
    process.ask("follow").addErrback(found.append)
    with pytest.raises(NotMoved, match="it was ended"):
        found[0].raiseException()


def test_one_that_ends_by_itself_is_told_with_its_status(process):
    assert process.step("end").answer() == "the process that fills the other store ended with status 3"
    assert process.step("bulk").answer() == "the process that fills the other store ended with status 3"
