"""The pages about PDUs and the log, worked through: their commands and lines, against the real desks."""

from __future__ import annotations

import base64
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import structlog

from smsgwd.app.batches import BatchObservers
from smsgwd.app.levels import LevelDesk
from smsgwd.app.watch import MessageWatch
from smsgwd.cli.ctl_follow import Shown
from smsgwd.cli.ctl_words import parameters
from smsgwd.cli.tables import PLAIN, render
from smsgwd.model import changes as c
from smsgwd.model.message import Failure, State
from smsgwd.model.receipts import Receipt
from smsgwd.net.wiretap import Wiretap
from smsgwd.ops.log import Logs
from smsgwd.ops.pdu import Pdus
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ops.taps import Taps
from smsgwd.smpp.pdu import DeliverSm, SubmitSm, SubmitSmResp
from smsgwd.telemetry import LogSetup, configure_logging
from smsgwd.telemetry.levels import IN_FORCE, Levels
from smsgwd.timespec import parse_rfc3339, to_epoch_ms
from tests.app.made import message
from tests.net.fake_wire import FakeClock
from tests.ops.test_taps import Line

PAGES = Path(__file__).resolve().parents[2] / "docs" / "operate"
NUMBER = b"306912345678"
RECEIPT = b"id:a1 sub:001 dlvrd:001 submit date:2611220312 done date:2611220312 stat:DELIVRD err:000 text:Your pin"


class Store:
    """Whom it tells."""

    observe_batch: Any = None


class Night:
    """12 minutes past 3."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clock.offset_ms = to_epoch_ms(parse_rfc3339("2026-11-22T03:12:00Z"))
        self.reactor = self.clock.reactor
        self.tap = Wiretap(self.clock.monotonic)
        self.store = Store()
        levels = Levels("info")
        for name in ("southbound", "store"):
            levels.gate(name)
        watch = MessageWatch(self.reactor, self.clock, BatchObservers(self.store))
        self.registry = Registry(
            [
                *Pdus(Taps(self.tap, self.clock, self.reactor), lambda: ["sim"]).commands(),
                *Logs(LevelDesk(self.reactor, levels), watch, lambda tenant: tenant == "shop").commands(),
            ]
        )

    def traffic(self) -> None:
        """A message that is throttled once, then sent and delivered."""
        sim = Line(self.tap, connector="sim")

        def submit(sequence: int) -> SubmitSm:
            return SubmitSm(
                sequence=sequence,
                source_addr=b"Shop",
                destination_addr=NUMBER,
                registered_delivery=1,
                short_message=b"Your pin is 1234",
            )

        sim.sends(submit(5))
        self.reactor.advance(0.12)
        sim.gets(SubmitSmResp(sequence=5, status=0x58))
        sim.sends(submit(6))
        self.reactor.advance(0.04)
        sim.gets(SubmitSmResp(sequence=6, message_id=b"a1"))
        sim.gets(DeliverSm(sequence=9, source_addr=NUMBER, esm_class=4, short_message=RECEIPT))

    def run(self, line: str) -> str:
        """What `smsgwctl` prints."""
        noun, verb, *words = shlex.split(line)
        command = next(each for each in self.registry.describe() if (each["noun"], each["verb"]) == (noun, verb))
        try:
            params = parameters(words, command)
            if command["follow"]:
                return self._follow(noun, verb, params)
            file = params.pop(command["saves"], "")
            answer = self.registry.run(noun, verb, params)
        except CommandError as error:
            return f"Error: {error}"
        if file:
            got: list[Any] = []
            answer.addCallback(got.append)
            self.traffic()
            self.reactor.pump([1] * 31)
            data = base64.b64decode(got[0].pop("data"))
            answer = {"file": file, "bytes": len(data), **got[0]}
        return render(noun, answer)

    def _follow(self, noun: str, verb: str, params: dict[str, str]) -> str:
        begun = self.registry.run(noun, verb, params)
        self.traffic()
        got: list[Any] = []
        self.registry.run(noun, verb, {"after": begun["next"]}).addCallback(got.append)
        self.reactor.pump([0.2] * 6)
        out = io.StringIO()
        with redirect_stdout(out):
            Shown(False, PLAIN)(got[0]["rows"])
        return out.getvalue()


def console(night: Night, page: str) -> int:
    """Work a page's commands through; how many there were."""
    count = 0
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ smsgwctl ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = part.partition("\n")
            shown = night.run(line)
            same = doctest.OutputChecker().check_output(
                expected.strip() + "\n", shown.strip() + "\n", doctest.NORMALIZE_WHITESPACE
            )
            assert same, f"$ smsgwctl {line}\n{shown}"
            count += 1
    return count


def test_the_page_about_pdus() -> None:
    """Its tap and its capture."""
    assert console(Night(), (PAGES / "see-the-pdus.md").read_text("utf-8")) == 2


def test_the_page_about_the_log() -> None:
    """Its commands, in their order."""
    assert console(Night(), (PAGES / "log-more-for-a-while.md").read_text("utf-8")) == 5


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """The log, at a level that writes nothing of itself."""
    stream = io.BytesIO()
    now = to_epoch_ms(parse_rfc3339("2026-11-22T03:12:00Z")) / 1000
    configure_logging(LogSetup(stream, lambda: 0.0, lambda: now, level="error", cache=False))
    yield stream
    structlog.reset_defaults()
    IN_FORCE.set_base("debug")


def test_the_lines_of_a_watched_message(log: io.BytesIO) -> None:
    """As the page has them."""
    night = Night()
    night.run("log debug number=306912345678")
    throttled = Failure("smsc_rejected", "throttled", 0x58)
    receipt = Receipt("g", "a1", State.DELIVERED, 5, status="DELIVRD", connector="other")
    mine = message(100, tenant="shop", msisdn=NUMBER.decode(), connector="sim", parts=1)
    night.store.observe_batch(
        [
            c.Submit("shop", [mine], 0),
            c.Requeue(100, 0, "other", 1, throttled, left="sim"),
            c.PartSent(100, 1, "a1", "g", "other", 2, latency_ms=40),
            c.TakeReceipt(receipt),
        ],
        [c.Submitted({}), c.Moved(100, State.QUEUED), c.Moved(100, State.SENT), c.Moved(100, State.DELIVERED)],
    )
    (block,) = re.findall(r"```log\n(.*?)```", (PAGES / "log-more-for-a-while.md").read_text("utf-8"), re.DOTALL)
    assert log.getvalue().decode() == block
