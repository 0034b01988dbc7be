"""The check with an absent ESME: it submits and receives nothing, then comes back for the receipts that waited.

Half of them are taken before the gateway is started anew, the other half after it; what is asserted stands in
`judge_absent`, which is pure.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, ESME_WINDOW, Stand, StandError, esme_name
from smsgwd.simulator.submit_template import SubmitTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentOptions:
    """How many receipts wait. Beyond the first `settled` messages the gateway may grow by `growth_mb` at the most:

    what it keeps of sent messages is bounded (50,000 in the store's writer, about 40 MB), but not yet full then. All of
    them in memory would be well above it.
    """

    messages: int = 100_000
    settled: int = 10_000
    growth_mb: float = 60.0
    window: int = 200
    stalled_s: float = 30.0


def judge_absent(books: Books, grown_mb: float, growth_mb: float, window: int) -> Verdict:
    """Compare what was acknowledged with what came; `window` receipts may come again for the bind that was cut off."""
    accepted = {number for number, at in enumerate(books.accepted) if at}
    return Verdict(
        facts={
            "acknowledged": len(accepted),
            "receipts": books.received,
            "receipts that came again": len(books.repeats),
        },
        failures={
            "submits refused or not answered": books.size - len(accepted),
            "acknowledged and no receipt": sum(not books.receipts[number] for number in accepted),
            "receipts out of order": out_of_order(books),
            "receipt names another id": books.misnamed() + books.other_id,
            "receipts of nothing we sent": books.strange,
            "repeats beyond one window": max(0, len(books.repeats) - window),
            "MB grown beyond the limit": max(0, round(grown_mb - growth_mb)),
        },
    )


def out_of_order(books: Books) -> int:
    """Neighbours in the order of arrival whose message ids are the other way round."""
    ids = books.receipt_ids
    order: Sequence[int] = books.order if books.order is not None else ()
    return sum(int(ids[earlier]) > int(ids[later]) for earlier, later in pairwise(order))


def run_absent(options: AbsentOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    stand = Stand(
        directory,
        smsc=("--receipt-window", "200"),
        overrides={"connector": {"binds": 1, "window": 200}},
        esmes=1,
        lean=True,
    )
    books = Books(options.messages)
    books.order = array("i")
    facts: dict[str, Any] = {}
    try:
        stand.start()
        facts["RSS when idle, MB"] = stand.gateway.rss_mb()
        settled = min(options.settled, options.messages)
        sender = _load(stand, books, options, "t")
        begun = time.monotonic()
        _submit(sender, range(settled), options, stand)
        at_first = stand.gateway.rss_mb()
        _submit(sender, range(settled, options.messages), options, stand)
        sender.unbind()
        _wait_for_smsc(stand, books.accepted_count, options.stalled_s)
        facts["s until all had their receipts"] = round(time.monotonic() - begun, 1)
        waiting = stand.gateway.rss_mb()
        facts[f"RSS with {settled} submitted, MB"] = at_first
        facts["RSS with all waiting, MB"] = waiting
        facts |= _receive(stand, books, options, options.messages // 2, "before the restart")
        grown = max(waiting, stand.gateway.rss_mb()) - at_first
        stand.gateway.stop()
        stand.gateway.start()
        facts["s from start to ready"] = round(stand.wait_ready(), 2)
        facts["RSS after the restart, MB"] = stand.gateway.rss_mb()
        facts |= _receive(stand, books, options, options.messages, "after the restart")
        facts["RSS peak after the restart, MB"] = stand.gateway.rss_peak_mb()
        grown = max(grown, stand.gateway.rss_peak_mb() - at_first)
        status = stand.stop()
    except LoadError as problem:
        _kill(stand)
        raise StandError(str(problem)) from None
    except BaseException:
        _kill(stand)
        raise
    verdict = judge_absent(books, grown, options.growth_mb, ESME_WINDOW)
    verdict.facts |= facts
    verdict.failures["exit status of the last stop"] = abs(status)
    return verdict


def _load(stand: Stand, books: Books, options: AbsentOptions, mode: str) -> SmppLoad:
    plans = [BindPlan(esme_name(0), ESME_PASSWORD, 0, mode)]
    address = ("127.0.0.1", stand.smpp_port)
    load = SmppLoad(address, plans, SubmitTemplate("Message {n}"), books, window=options.window)
    load.bind()
    return load


def _submit(load: SmppLoad, numbers: range, options: AbsentOptions, stand: Stand) -> None:
    if not load.run(numbers, receipts=False, stalled_s=options.stalled_s, tick=stand.gateway.check):
        raise StandError(f"submits were not answered for {options.stalled_s:g} s")


def _wait_for_smsc(stand: Stand, messages: int, stalled_s: float) -> None:
    """Until the SMSC has sent all receipts and the gateway has taken them."""
    seen, moved = -1, time.monotonic()
    while (taken := int(stand.smsc.summary_now()["receipts_acked"])) < messages:
        stand.gateway.check()
        if taken != seen:
            seen, moved = taken, time.monotonic()
        elif time.monotonic() - moved > stalled_s:
            raise StandError(f"the gateway took {taken} of {messages} receipts and then none for {stalled_s:g} s")
        time.sleep(0.2)


def _receive(stand: Stand, books: Books, options: AbsentOptions, until: int, when: str) -> dict[str, Any]:
    """Bind as receiver until so many messages have a receipt, then cut the connection off."""
    before = books.received
    receiver = _load(stand, books, options, "r")
    begun = time.monotonic()
    receiver.linger(lambda: books.received >= until, options.stalled_s, stand.gateway.check)
    span = max(1e-9, time.monotonic() - begun)
    receiver.close()
    taken = books.received - before
    return {f"receipts {when}": taken, f"receipts/s {when}": round(taken / span)}


def _kill(stand: Stand) -> None:
    for process in (stand.gateway, stand.smsc):
        process.kill_if_running()
