"""The page about a bind that flaps, worked through: its commands against a connector and an SMSC that misbehaves."""

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
from smsgwd.model.records import Record
from smsgwd.ops.connectors import Connectors
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ports.store import QueueDepth, StoreCounts
from tests.southbound.fakes import Bench, message, settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "a-bind-flaps.md"
ON_CALL = Caller("ann", "operate", "socket")
WINDOW = {"window": 10}
_BLOCK = re.compile(r"<!-- (?P<when>[a-z ]+) -->\n```console\n(?P<console>.*?)```", re.DOTALL)
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Records:
    """Keeps records and answers at once."""

    def __init__(self) -> None:
        self.kept: dict[str, Record] = {}

    def page(self, *asked: Any) -> Deferred[list[Record]]:
        return succeed([])

    def put(self, kind: str, tenant: str, key: str, value: bytes) -> Deferred[bool]:
        self.kept[key] = Record(kind, tenant, key, value, 0)
        return succeed(True)

    def drop(self, kind: str, tenant: str, key: str) -> Deferred[int]:
        return succeed(1 if self.kept.pop(key, None) else 0)


class Store:
    """Nine messages are queued for it."""

    def counts(self) -> Deferred[StoreCounts]:
        return succeed(StoreCounts((QueueDepth("sim", 9, 0),), 0, 0, 0, 0, 0, 0))


class Night:
    """A gateway with one connector; each block of the page says what its SMSC does before."""

    def __init__(self) -> None:
        self.bench: Any = Bench(session=WINDOW)
        records: Any = Records()
        store: Any = Store()
        clock = self.bench.clock
        desk = ConnectorDesk(
            [settings(session=WINDOW)],
            self.bench.dispatcher,
            records,
            clock,
        )
        self.registry = Registry(Connectors(self.bench.dispatcher, desk, store, clock).commands())

    def happens(self, what: str) -> None:
        """What the comment before a block says."""
        getattr(self, what.replace(" ", "_"))()

    def the_password_is_wrong(self) -> None:
        self.bench.smsc.bind_status = lambda pdu: 0x0E
        self.bench.start()
        self.bench.advance(12, step=0.5)

    def it_is_right_again(self) -> None:
        self.bench.smsc.bind_status = lambda pdu: 0

    def it_works(self) -> None:
        self.bench.advance(30, step=0.5)
        self.bench.send(*(message(number) for number in range(1, 4)))
        self.bench.pump()

    def it_flaps(self) -> None:
        for _ in range(4):
            self.bench.advance(20, step=0.5)
            self.bench.network.cut()
        self.bench.advance(2)

    def ask(self, line: str) -> str:
        """What is shown of a command."""
        noun, verb, *words = shlex.split(line)
        command = self.registry.find(noun, verb)
        described = next(each for each in self.registry.describe() if (each["noun"], each["verb"]) == (noun, verb))
        found: list[Any] = []
        given = parameters(words, described)
        maybeDeferred(self.registry.run, command.noun, command.verb, given, ON_CALL).addBoth(found.append)
        self.bench.pump()
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
    assert len(blocks) >= 4
    for block in blocks:
        night.happens(block["when"])
        for step in re.split(r"^\$ smsgwctl ", block["console"], flags=re.MULTILINE)[1:]:
            line, _, wanted = step.partition("\n")
            shown = night.ask(line) + "\n"
            assert checker.check_output(wanted, shown, _SAME), f"{line}:\n{shown}"
    assert len(re.findall("```console", PAGE.read_text())) == len(blocks)
