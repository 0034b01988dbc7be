"""The page about a provider that does not answer, worked through: its commands against a plugin that misbehaves."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed

from smsgwd.app.connector_desk import ConnectorDesk
from smsgwd.cli.ctl_words import parameters
from smsgwd.cli.tables import render
from smsgwd.model.operators import Caller
from smsgwd.ops.connectors import Connectors
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ports.store import QueueDepth, StoreCounts
from smsgwd.providers import Accepted, Park, Stop
from smsgwd.southbound.provider.calls import Done
from tests.southbound.provider.stand import Stand, message, settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "a-provider-does-not-answer.md"
ON_CALL = Caller("ann", "operate", "socket")
_BLOCK = re.compile(r"<!-- (?P<when>[a-z0-9 ]+) -->\n```console\n(?P<console>.*?)```", re.DOTALL)
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Records:
    """Keeps nothing, and answers at once."""

    def page(self, *asked: Any) -> Deferred[list[Any]]:
        return succeed([])

    def put(self, *asked: Any) -> Deferred[bool]:
        return succeed(True)

    def drop(self, *asked: Any) -> Deferred[int]:
        return succeed(0)


class Store:
    """Nine messages are queued for it."""

    def counts(self) -> Deferred[StoreCounts]:
        return succeed(StoreCounts((QueueDepth("prov", 9, 0),), 0, 0, 0, 0, 0, 0))


class Night:
    """A gateway with one connector; each block of the page says what its provider does before."""

    def __init__(self) -> None:
        self.stand = Stand(together=1, window=1).start()
        records: Any = Records()
        store: Any = Store()
        desk = ConnectorDesk([settings(together=1, window=1)], self.stand.dispatcher, records, self.stand.clock)
        self.registry = Registry(Connectors(self.stand.dispatcher, desk, store, self.stand.clock).commands())
        self.number = 0

    def happens(self, what: str) -> None:
        """What the comment before a block says."""
        getattr(self, what.replace(" ", "_"))()

    def answers(self, said: Any) -> None:
        self.stand.runner.script = lambda group: said if isinstance(said, Done) else [said for _ in group]

    def send(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.stand.send(message(self.number))

    def it_answers_503(self) -> None:
        self.answers(Done(trouble="answered 503", written=True))
        self.send(6)

    def it_has_no_credit(self) -> None:
        self.answers(Accepted())
        self.stand.advance(600, step=1.0)
        self.answers(Park("Insufficient credits"))
        self.send(1)

    def they_have_paid(self) -> None:
        self.answers(Accepted())

    def it_refuses_us(self) -> None:
        self.answers(Stop("Authentication error"))
        self.send(1)

    def it_was_their_mistake(self) -> None:
        self.answers(Accepted())

    def the_plugin_hangs(self) -> None:
        self.stand.runner.become("failed")
        self.stand.runner.trouble = "it did not answer for 10 s and was killed"

    def ask(self, line: str) -> str:
        """What is shown of a command."""
        noun, verb, *words = shlex.split(line)
        command = self.registry.find(noun, verb)
        described = next(each for each in self.registry.describe() if (each["noun"], each["verb"]) == (noun, verb))
        found: list[Any] = []
        given = parameters(words, described)
        maybeDeferred(self.registry.run, command.noun, command.verb, given, ON_CALL).addBoth(found.append)
        self.stand.pump()
        [answer] = found
        if hasattr(answer, "raiseException"):
            try:
                answer.raiseException()
            except CommandError as error:
                return f"smsgwctl: {error}"
        return render(noun, answer)


def test_the_page_is_what_happens() -> None:
    night = Night()
    checker = doctest.OutputChecker()
    blocks = list(_BLOCK.finditer(PAGE.read_text()))
    assert len(blocks) >= 6
    for block in blocks:
        night.happens(block["when"])
        for step in re.split(r"^\$ smsgwctl ", block["console"], flags=re.MULTILINE)[1:]:
            line, _, wanted = step.partition("\n")
            shown = night.ask(line) + "\n"
            assert checker.check_output(wanted, shown, _SAME), f"{line}:\n{shown}"
    assert len(re.findall("```console", PAGE.read_text())) == len(blocks)
