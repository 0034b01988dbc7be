"""The throttling check: an SMSC that allows so many a second, and more to send than that.

What is asserted stands in `judge_throttle`, which is pure: how much of the allowed rate was used, and whether the SMSC
took the messages of one sender, recipient and priority in the order in which they were sent.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.lean_loop import pack_header
from smsgwd.simulator.record import SubmitLine, read_submits
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name
from smsgwd.simulator.submit_template import FIRST_SEQUENCE, SubmitTemplate
from smsgwd.smpp.constants import SUBMIT_SM

_PRIORITIES = 2
_AHEAD = 1.15  # so much more is offered than the SMSC may take in the time
_HEAD = b"\x00\x05\x00bench\x00\x01\x0130690"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleOptions:
    """`rates` are the SMSC's limits, each for so many `seconds`; `pairs` sender-recipient pairs share the messages.

    `least` is the share of the limit that must be used (%).
    """

    rates: str = "200,1000,3000"
    seconds: float = 60.0
    pairs: int = 300
    window: int = 200
    binds: int = 2
    resp_delay_ms: float = 5.0
    least: float = 95.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one limit: parts a second, shares in percent."""

    allowed: float
    accepted: float
    share: float
    throttled: float
    out_of_order: int


class PairTemplate(SubmitTemplate):
    """Frames of number n: to recipient n modulo `pairs`, with two priorities in turn; the text is the number."""

    def __init__(self, pairs: int) -> None:
        super().__init__("{n}")
        self._pairs = pairs

    def frame(self, number: int) -> bytes:
        """See SubmitTemplate; no receipt is asked for."""
        pair, priority = lane_of(number, self._pairs)
        body = b"%b%08d\x00" % (_HEAD, pair) + bytes((0, 0, 1 + priority, 0, 0, 0, 0, 0, 0, 8)) + b"%08d" % number
        return pack_header(16 + len(body), SUBMIT_SM, 0, FIRST_SEQUENCE + number) + body


def lane_of(number: int, pairs: int) -> tuple[int, int]:
    """Recipient and priority of a number."""
    return number % pairs, number // pairs % _PRIORITIES


def out_of_order(numbers: Sequence[int], pairs: int) -> int:
    """How many came after a later one of their recipient and priority. A repeat is not one."""
    last: dict[tuple[int, int], int] = defaultdict(lambda: -1)
    count = 0
    for number in numbers:
        lane = lane_of(number, pairs)
        if number < last[lane]:
            count += 1
        else:
            last[lane] = number
    return count


def figures_of(allowed: float, seconds: float, submits: Sequence[SubmitLine], throttled: int, pairs: int) -> Figures:
    """What the SMSC's record says, from its first message on."""
    begin = submits[0].at if submits else 0.0
    taken = sum(line.at < begin + seconds for line in submits)
    numbers = [int(bytes.fromhex(line.body)) for line in submits]
    return Figures(
        allowed,
        round(taken / seconds, 1),
        round(100 * taken / seconds / allowed, 1),
        round(100 * throttled / max(1, throttled + len(submits)), 2),
        out_of_order(numbers, pairs),
    )


def judge_throttle(found: Sequence[Figures], least: float) -> Verdict:
    """The table, and what is not as it should be."""
    facts: dict[str, Any] = {}
    failures: dict[str, int] = {}
    for each in found:
        facts[f"{each.allowed:g}/s allowed"] = (
            f"{each.accepted:g}/s accepted, {each.share:g} % used, {each.throttled:g} % of the answers throttled"
        )
        failures[f"{each.allowed:g}/s: out of order"] = each.out_of_order
        failures[f"{each.allowed:g}/s: less than {least:g} % used"] = int(each.share < least)
    return Verdict(facts, failures)


def run_throttle(options: ThrottleOptions, directory: Path) -> Verdict:
    """One stand for each rate. Raises StandError when a process fails, ValueError for rates that are none."""
    rates = [float(rate) for rate in options.rates.split(",")]
    found = []
    for rate in rates:
        place = directory / f"{rate:g}"
        place.mkdir()
        found.append(_one(options, rate, place))
    return judge_throttle(found, options.least)


def _one(options: ThrottleOptions, rate: float, directory: Path) -> Figures:
    stand = Stand(
        directory,
        smsc=("--max-rate", str(rate), "--resp-delay-ms", str(options.resp_delay_ms), "--no-receipts"),
        overrides={"connector": {"binds": options.binds, "window": options.window}},
        esmes=1,
    )
    messages = int(rate * options.seconds * _AHEAD)
    load: SmppLoad | None = None
    try:
        stand.start()
        plan = BindPlan(esme_name(0), ESME_PASSWORD)
        address = ("127.0.0.1", stand.smpp_port)
        load = SmppLoad(address, [plan], PairTemplate(options.pairs), Books(messages), window=options.window)
        load.bind()
        begun = time.monotonic()
        offered = rate * _AHEAD
        if not load.run(range(messages), rate=offered, receipts=False, tick=stand.gateway.check) or load.books.refused:
            raise StandError(f"the load was not taken: {dict(load.books.refused)}")
        load.linger(lambda: time.monotonic() > begun + options.seconds + 1.0, options.seconds + 60, stand.gateway.check)
        throttled = int(stand.smsc.summary_now()["refused"].get("0x00000058", 0))
        load.unbind()
        stand.stop()
    except LoadError as problem:
        _kill(stand)
        raise StandError(str(problem)) from None
    except BaseException:
        _kill(stand)
        raise
    finally:
        if load is not None:
            load.close()
    return figures_of(rate, options.seconds, read_submits(stand.smsc_record), throttled, options.pairs)


def _kill(stand: Stand) -> None:
    for process in (stand.gateway, stand.smsc):
        process.kill_if_running()
