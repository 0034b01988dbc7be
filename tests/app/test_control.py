"""Signals to reload."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.app.control import SIGNAL, Control
from smsgwd.ops.registry import CommandError


class Commands:
    """In the place of the registry: what is under way."""

    def __init__(self) -> None:
        self.running: list[Deferred[object]] = []

    def run(self, noun, verb, params, caller):
        assert (noun, verb, params, caller) == ("config", "reload", {}, SIGNAL)
        self.running.append(Deferred())
        return self.running[-1]


class HangUps(SynchronousTestCase):
    def setUp(self):
        self.commands = Commands()
        self.control = Control(None, None, self.commands, None)

    def test_a_storm_of_signals_makes_one_reload_more(self):
        """One that came when the file was being read may be about what was written after that."""
        for _ in range(100):
            self.control.hung_up()
        [first] = self.commands.running
        first.callback(None)
        assert len(self.commands.running) == 2
        self.commands.running[1].callback(None)
        assert len(self.commands.running) == 2
        self.control.hung_up()
        assert len(self.commands.running) == 3

    def test_one_that_fails_keeps_no_later_one_from_its_turn(self):
        self.control.hung_up()
        self.control.hung_up()
        self.commands.running[0].errback(CommandError("a mistake"))
        assert len(self.commands.running) == 2
        self.commands.run = lambda *args: fail(CommandError("another"))
        self.commands.running[1].callback(None)
        self.control.hung_up()
        self.control.hung_up()
