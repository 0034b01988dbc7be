"""The daemon stops for a move of its store, and begins anew; signals meanwhile."""

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.app import daemon as daemon_module
from smsgwd.app import process
from tests.app.test_daemon import terminate, world  # noqa: F401 -- a fixture


class Ending:
    """The end of a move, which takes until it is told."""

    def __init__(self, mover, reactor):
        self.stopped = ""
        self.waiting = Deferred()
        Ending.last = self

    def stop(self, why):
        self.stopped = why

    async def end(self):
        await self.waiting


class Mover:
    def __init__(self):
        self.given_up = []

    def give_up(self, why):
        self.given_up.append(why)


class Control:
    closed = False

    def close(self):
        self.closed = True

    def phase(self, phase):
        return phase


@pytest.fixture
def running(world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(daemon_module, "CutOver", Ending)
    monkeypatch.setattr(daemon_module, "build_control", lambda *args, **kwargs: Control())
    world.daemon._begin()
    del world.log[:]
    return world


def test_it_stops_all_ends_the_move_and_begins_anew(running):
    daemon = running.daemon
    daemon._move(Mover())
    assert daemon._control.closed
    assert "store.close" in running.log
    assert "reactor.stop" not in running.log
    Ending.last.waiting.callback(None)
    assert running.log[-1] == "reactor.stop"
    assert (daemon.exit_status, daemon.anew) == (0, True)


def test_a_signal_meanwhile_ends_it_and_it_does_not_begin_anew(running):
    running.daemon._move(Mover())
    terminate(running.daemon)
    assert Ending.last.stopped == "SIGTERM"
    assert "reactor.stop" not in running.log
    Ending.last.waiting.callback(None)
    assert (running.daemon.exit_status, running.daemon.anew) == (0, False)


def test_a_second_signal_ends_it_at_once(running):
    running.daemon._move(Mover())
    terminate(running.daemon)
    terminate(running.daemon)
    assert running.log[-1] == "reactor.stop"
    assert (running.daemon.exit_status, running.daemon.anew) == (1, False)
    Ending.last.waiting.callback(None)
    assert running.log.count("reactor.stop") == 1
    assert running.daemon.anew is False


def test_a_gateway_that_stops_already_does_not_stop_for_a_move(running):
    running.answers["store.close"] = closing = Deferred()
    terminate(running.daemon)
    mover = Mover()
    running.daemon._move(mover)
    assert mover.given_up == ["the gateway was stopped"]
    closing.callback(None)
    assert (running.daemon.exit_status, running.daemon.anew) == (0, False)


def test_a_stop_for_it_that_fails_does_not_begin_anew(running):
    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    running.answers["connectors.stop"] = succeed(None)
    running.daemon._services.connectors = type("Broken", (), {"stop": staticmethod(broken)})
    running.daemon._move(Mover())
    assert (running.daemon.exit_status, running.daemon.anew) == (1, False)


def test_it_begins_anew_with_its_own_command_line_and_sockets(monkeypatch):
    done = []
    monkeypatch.setattr(process.sys, "orig_argv", ["python3", "-X", "dev", "/opt/bin/smsgwd", "run", "-c", "f.yaml"])
    monkeypatch.setattr(process.sys, "executable", "/opt/bin/python3")
    monkeypatch.setattr(process, "hand_on", lambda environment: environment.update(LISTEN_FDS="2"))

    def execve(path, words, environment):
        done.append((path, words, environment["LISTEN_FDS"]))
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(process.os, "execve", execve)
    assert process.begin_anew() == 75
    words = ["/opt/bin/python3", "-X", "dev", "/opt/bin/smsgwd", "run", "-c", "f.yaml"]
    assert done == [("/opt/bin/python3", words, "2")]
