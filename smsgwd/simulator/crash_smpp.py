"""The crash check over SMPP: kill the gateway at seeded moments of a load of ESMEs, then account for every message.

The ESMEs bind again and submit nothing twice: what was unanswered when a bind was lost is unknown, it may have been
taken or not. What is asserted stands in `judge_smpp`, which is pure.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smsgwd.simulator.aftermath import Kill
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Killer, KillOptions, Verdict, find_duplicates
from smsgwd.simulator.record import SubmitLine, read_submits
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name
from smsgwd.simulator.submissions import number_of
from smsgwd.simulator.submit_template import SubmitTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashSmppOptions(KillOptions):
    """Over so many binds of so many accounts.

    A receipt may come to its ESME twice only when a kill came between, `unknowable_ms` after the first at most.
    """

    accounts: int = 4
    binds: int = 8
    window: int = 20


def judge_smpp(
    books: Books, kills: Sequence[Kill], submits: Sequence[SubmitLine], unknowable_s: float, wall: float
) -> Verdict:
    """Compare the books of ESMEs, SMSC and store. `wall` is what to add to the books' times for wall clock (s)."""
    at_smsc: dict[int, list[SubmitLine]] = defaultdict(list)
    for line in submits:
        at_smsc[number_of(line.dest)].append(line)
    accepted = {number for number, at in enumerate(books.accepted) if at}
    duplicates, unexplained, oldest = find_duplicates(at_smsc, kills, unknowable_s)
    return Verdict(
        facts={
            "kills": len(kills),
            "acknowledged": len(accepted),
            "unknown (bind lost, no answer)": len(books.unknown),
            "  of them taken by the gateway": sum(number in at_smsc for number in books.unknown),
            "messages at the SMSC": len(at_smsc),
            "duplicates at the SMSC": duplicates,
            "  oldest before its kill, ms": round(oldest * 1000, 1),
            "messages with a receipt": books.received,
            "receipts that came again": len(books.repeats),
        },
        failures={
            "lost: acknowledged, not at the SMSC": len(accepted - at_smsc.keys()),
            "acknowledged and no receipt": sum(not books.receipts[number] for number in accepted),
            "taken, unknown and no receipt": sum(
                number in at_smsc and not books.receipts[number] for number in books.unknown
            ),
            "receipt names another id": books.misnamed() + books.other_id,
            "receipt's TLV and text differ": books.tlv_differs,
            "receipts that are not DELIVRD": books.not_delivered,
            "receipts of nothing we sent": books.strange,
            "receipts again without a kill": _repeats_without_cause(books, kills, unknowable_s, wall),
            "duplicates not explained by a kill": unexplained,
            "at the SMSC, sent by nobody": len(at_smsc.keys() - accepted - books.unknown),
            "submits refused": books.refused.total(),
            "submits never answered": sum(
                link > 0 and not at for link, at in zip(books.link, books.accepted, strict=True)
            ),
            "submits not sent": sum(not link for link in books.link),
        },
    )


def _repeats_without_cause(books: Books, kills: Sequence[Kill], unknowable_s: float, wall: float) -> int:
    """Receipts that came again, not because a kill came between them and soon after the first."""
    count = 0
    for number, at in books.repeats:
        first = books.receipt[number] + wall
        explained = any(first - 0.01 <= kill.over and kill.at - first <= unknowable_s and kill.at <= at + wall
                        for kill in kills)  # fmt: skip
        count += not explained
    return count


def run_crash_smpp(options: CrashSmppOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    stand = Stand(directory, smsc=options.smsc(), esmes=options.accounts)
    books = Books(options.messages)
    try:
        stand.start()
        plans = [
            BindPlan(esme_name(number % options.accounts), ESME_PASSWORD, number % options.accounts)
            for number in range(options.binds)
        ]
        address = ("127.0.0.1", stand.smpp_port)
        template = SubmitTemplate(options.text)
        load = SmppLoad(address, plans, template, books, window=options.window, reconnect=True)
        killer = Killer(stand, options.messages, options.kills, options.seed)
        try:
            _drive(options, load, killer)
        finally:
            load.close()
        status = stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.smsc):
            process.kill_if_running()
        raise
    wall = time.time() - time.monotonic()
    verdict = judge_smpp(books, killer.kills, read_submits(stand.smsc_record), options.unknowable_ms / 1000, wall)
    verdict.facts["submits put off"] = load.put_off
    verdict.failures["kills that did not happen"] = options.kills - len(killer.kills)
    verdict.failures["exit status of the last stop"] = abs(status)
    return verdict


def _drive(options: CrashSmppOptions, load: SmppLoad, killer: Killer) -> None:
    """Send all, wait for the receipts of all that was acknowledged, then until nothing comes any more."""
    books = load.books

    def tick() -> None:
        killer.look(books.accepted_count + len(books.unknown))  # what is done with, so that every kill comes

    try:
        load.bind()
        if not load.run(
            range(options.messages), rate=options.rate, receipts=False, stalled_s=options.stalled_s, tick=tick
        ):
            raise StandError(f"the load was not through: nothing came for {options.stalled_s:g} s")
    except LoadError as problem:
        raise StandError(str(problem)) from None

    def complete() -> bool:
        return all(seen or not at for seen, at in zip(books.receipts, books.accepted, strict=True))

    if load.linger(complete, options.stalled_s, tick):
        load.linger(lambda: False, options.settle_s, tick)
    load.unbind()
