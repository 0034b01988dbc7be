"""The check of gateways on a shared store: harm under a load over SMPP and HTTP, then account for every message.

Harm is done by the owner, in a thread of its own, while the load goes on; what it did it tells as `Fault`s. What is
asserted is asserted by the crash checks' judges, with faults in the place of kills.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from smsgwd.simulator.aftermath import Kill
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Intake, Verdict, judge
from smsgwd.simulator.crash_mix import complete, merged
from smsgwd.simulator.crash_smpp import judge_smpp
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.nodes_stand import NodesStand
from smsgwd.simulator.record import read_pushes, read_submits
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, TOKEN, StandError, esme_name
from smsgwd.simulator.submissions import Submissions, decode_answer, number_of
from smsgwd.simulator.submit_template import SubmitTemplate

_HTTP: Final = 50_000_000  # numbers of messages over HTTP begin here
_OF_A_NODE: Final = 10_000_000
_LATER: Final = (429, 503)
_MOST_S: Final = 3_600.0  # a run longer than that is no check


class EveryNumber(frozenset[int]):
    """In the place of the numbers that are unsent: nobody can tell, each may be."""

    def __contains__(self, number: object) -> bool:
        return True


@dataclass(slots=True)
class Fault:
    """What was done to whom, from when to when (wall clock, s since 1970). `unsent`: numbers of the messages that may
    be sent again for it; `takeover_s`: until others had what was the node's."""

    what: str
    at: float
    over: float = 0.0
    unsent: frozenset[int] = frozenset()
    takeover_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOptions:
    """The load: `rate` messages a second over SMPP, `http_rate` over HTTP, on all nodes together."""

    rate: float = 400.0
    http_rate: float = 40.0
    accounts: int = 4
    binds: int = 4  #: of the ESMEs at each node; also of the connector, over all nodes
    window: int = 50
    text: str = "Message {n}"
    seed: int = 1
    receipt_delay_ms: float = 20.0
    receipt_spread_ms: float = 200.0
    unknowable_ms: float = 5_000.0
    stalled_s: float = 60.0
    settle_s: float = 2.0

    def smsc(self) -> tuple[str, ...]:
        """Options of the SMSC simulator."""
        return (
            "--receipt-delay-ms", str(self.receipt_delay_ms), "--receipt-spread-ms", str(self.receipt_spread_ms),
            "--receipt-retry-ms", "1000", "--receipt-window", "200",
        )  # fmt: skip


class _Smpp(SmppLoad):
    """A load that counts what it was refused for now, by command_status."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.later: Counter[int] = Counter()

    def refused(self, number: int, status: int) -> None:
        """See SmppLoad."""
        self.later[status] += 1
        super().refused(number, status)


class _Http(threading.Thread):
    """The load over HTTP of one node, until `over` is set. What is refused for now is tried again; what was lost
    without an answer is not."""

    def __init__(self, options: FaultOptions, port: int, first: int, rate: float, over: threading.Event) -> None:
        super().__init__(name="http", daemon=True)
        self.intake = Intake()
        self.times: list[float] = []  #: when each was accepted (s, monotonic)
        self.statuses: Counter[int] = Counter()
        self.longest_s = 0.0  #: that an answer took
        self.problem: Exception | None = None
        self._requests = Submissions(f"127.0.0.1:{port}", TOKEN, options.text)
        self._first = first
        self._over = over
        self._load = HttpLoad(("127.0.0.1", port), 8, self._jobs(), self._answered, self._lost, rate=rate, retry_s=0.2)

    def run(self) -> None:
        """The thread."""
        try:
            if not self._load.run(timeout_s=_MOST_S):
                raise StandError("the load over HTTP was not through")
        except Exception as problem:
            self.problem = problem

    def _jobs(self) -> Iterator[Job]:
        number = self._first
        while not self._over.is_set():
            yield Job(self._requests.request(number), number)
            number += 1

    def _answered(self, job: Job, status: int, body: bytes) -> Next:
        self.statuses[status] += 1
        self.longest_s = max(self.longest_s, job.ended - job.started)
        job.started = 0.0  # the next try is one of its own
        if status == 202:
            self.intake.accepted[job.tag] = decode_answer(body).messages[0].id
            self.times.append(job.ended)
        elif status in _LATER:
            self.intake.put_off += 1
            return Next.AGAIN
        else:
            self.intake.refused[status] += 1
        return Next.DONE

    def _lost(self, job: Job) -> Next:
        self.intake.unknowable.add(job.tag)
        return Next.DONE


@dataclass(slots=True)
class Bench:
    """What harm sees of the load: whether it flows, and where to tell what was done."""

    stand: NodesStand
    books: Books
    faults: list[Fault] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def flow(self, messages: int, patience_s: float = 60.0) -> None:
        """Until so many more have been accepted. Raises StandError."""
        goal, end = self.books.accepted_count + messages, time.monotonic() + patience_s
        while self.books.accepted_count < goal:
            if self.stop.is_set() or time.monotonic() > end:
                raise StandError(f"{goal - self.books.accepted_count} messages were not accepted in {patience_s:g} s")
            time.sleep(0.02)

    def rest(self, seconds: float) -> None:
        """Let the load go on for so long. Raises StandError when it has ended."""
        if self.stop.wait(seconds):
            raise StandError("the load has ended")


class _Harm(threading.Thread):
    """Does the harm. `problem` is what ended it before its time."""

    def __init__(self, harm: Callable[[Bench], None], bench: Bench) -> None:
        super().__init__(name="harm", daemon=True)
        self.problem: Exception | None = None
        self.over = threading.Event()
        self._harm = harm
        self._bench = bench

    def run(self) -> None:
        """The thread."""
        try:
            self._harm(self._bench)
        except Exception as problem:
            self.problem = problem
        finally:
            self.over.set()
            self._bench.stop.wait()  # what a thread has started may die with it


def run_faults(options: FaultOptions, stand: NodesStand, harm: Callable[[Bench], None], most_s: float) -> Verdict:
    """Load `stand` (not started yet) until `harm` is done, at most `most_s` seconds; then judge.

    Raises StandError when a process fails to do its part, LoadError when the load did not come through.
    """
    size = int(options.rate * most_s)
    books = Books(size)
    bench = Bench(stand, books)
    over = threading.Event()
    try:
        stand.start()
        plans = [
            BindPlan(
                esme_name(number % options.accounts), ESME_PASSWORD, number % options.accounts, "b",
                ("127.0.0.1", node.smpp_port),
            )
            for node in stand.nodes
            for number in range(options.binds)
        ]  # fmt: skip
        load = _Smpp(
            ("127.0.0.1", 0),
            plans,
            SubmitTemplate(options.text),
            books,
            window=options.window,
            reconnect=True,
            again_s=0.5,
        )
        webs = [
            _Http(options, node.http_port, _HTTP + _OF_A_NODE * number, options.http_rate / len(stand.nodes), over)
            for number, node in enumerate(stand.nodes)
        ]
        worker = _Harm(harm, bench)
        wall = time.time() - time.monotonic()

        def tick() -> None:
            for name, problem in (("harm", worker.problem), *(("HTTP", web.problem) for web in webs)):
                if problem is not None:
                    raise StandError(f"{name}: {problem}") from problem
            if worker.over.is_set():
                over.set()
                load.enough()

        try:
            load.bind()
            for web in webs:
                web.start()
            worker.start()
            through = load.run(range(size), rate=options.rate, receipts=False, stalled_s=options.stalled_s, tick=tick)
            over.set()
            if not through or not worker.over.is_set():
                raise StandError("the load was not through" if not through else f"not over after {most_s:g} s")
            tick()
            for web in webs:
                web.join(options.stalled_s)
            settled = _settle(options, stand, load, webs, tick)
        finally:
            over.set()
            load.close()
        checks = _checks(stand)
        status = stand.stop()
        bench.stop.set()
    except BaseException:
        bench.stop.set()
        stand.kill_all()
        raise
    _trim(books, load.begun)
    verdict = _judged(options, stand, books, webs, bench.faults, wall)
    verdict.failures |= checks | {"exit status of the last stop": status, "not settled": int(not settled)}
    verdict.facts |= _outage(books, webs, bench.faults, wall)
    verdict.facts["refused for now, SMPP"] = {f"0x{status:02X}": many for status, many in sorted(load.later.items())}
    statuses = sum((web.statuses for web in webs), Counter[int]())
    verdict.facts["answers, HTTP"] = {str(status): many for status, many in sorted(statuses.items())}
    verdict.facts["longest answer, HTTP, s"] = round(max(web.longest_s for web in webs), 2)
    return verdict


def _settle(
    options: FaultOptions, stand: NodesStand, load: SmppLoad, webs: Sequence[_Http], tick: Callable[[], None]
) -> bool:
    """Until each accepted message has its receipt, and nothing more comes; False when something is missing and nothing
    came for long."""
    wanted = {message for web in webs for message in web.intake.accepted.values()}
    read = 0.0
    pushed = False

    def done() -> bool:
        nonlocal read, pushed
        now = time.monotonic()
        if not pushed and now - read > 0.5:
            read = now
            pushed = wanted <= {push.id for push in read_pushes(stand.push_record) if 200 <= push.status < 300}
        return pushed and complete(load.books)

    whole = load.linger(done, options.stalled_s, tick)
    if whole:
        load.linger(lambda: False, options.settle_s, tick)
    load.unbind()
    return whole


def _checks(stand: NodesStand) -> dict[str, int]:
    """What the gateway's own checks of the store and of the money find."""
    with stand.nodes[0].admin() as admin:
        ledger = admin.run("ledger", "check")
        store = admin.run("store", "check")
    return {
        "the ledger does not add up": len(ledger["problems"]),
        "the store is not whole": len(store["problems"]),
    }


def _trim(books: Books, used: int) -> None:
    """Forget the numbers that were never sent."""
    books.size = used
    books.accepted, books.receipt, books.due = books.accepted[:used], books.receipt[:used], books.due[:used]
    books.ids, books.receipt_ids = books.ids[:used], books.receipt_ids[:used]
    books.receipts, books.link = books.receipts[:used], books.link[:used]


def _judged(
    options: FaultOptions, stand: NodesStand, books: Books, webs: Sequence[_Http], faults: Sequence[Fault], wall: float
) -> Verdict:
    kills = [Kill(fault.at, fault.unsent, fault.over) for fault in faults]
    whole = Intake()
    for web in webs:
        whole.accepted |= web.intake.accepted
        whole.unknowable |= web.intake.unknowable
        whole.put_off += web.intake.put_off
        whole.refused += web.intake.refused
    submits = read_submits(stand.smsc_record)
    pushes = [push for push in read_pushes(stand.push_record) if push.type.startswith("message.")]
    limit = options.unknowable_ms / 1000
    parts = {
        "SMPP": judge_smpp(books, kills, [at for at in submits if number_of(at.dest) < _HTTP], limit, wall),
        "HTTP": judge(whole, kills, [at for at in submits if number_of(at.dest) >= _HTTP], pushes, limit),
    }
    verdict = merged(parts, 0, 0)
    verdict.facts["faults"] = verdict.facts.pop("kills")
    del verdict.failures["kills that did not happen"]
    return verdict


def _outage(books: Books, webs: Sequence[_Http], faults: Sequence[Fault], wall: float) -> dict[str, Any]:
    """How long nothing was accepted: at all, and after each fault was over."""
    times = sorted([at for at in books.accepted if at] + [at for web in webs for at in web.times])
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    again = []
    for fault in faults:
        after = next((at for at in times if at + wall >= fault.over), None)
        again.append(0.0 if after is None else after + wall - fault.over)
    takeovers = [fault.takeover_s for fault in faults if fault.takeover_s is not None]
    facts: dict[str, Any] = {
        "messages/s accepted": round(len(times) / (times[-1] - times[0])) if len(times) > 1 else 0,
        "longest pause of intake, s": round(gap, 2),
        "longest until intake after the fault, s": round(max(again, default=0.0), 2),
    }
    if takeovers:
        facts["longest take-over, s"] = round(max(takeovers), 2)
        facts["median take-over, s"] = round(sorted(takeovers)[len(takeovers) // 2], 2)
    return facts


def explains_all(what: str, at: float, over: float) -> Fault:
    """A fault after which nobody can tell what was under way: any message of that time may be sent again."""
    return Fault(what, at, over, EveryNumber())


__all__ = ["Bench", "EveryNumber", "Fault", "FaultOptions", "LoadError", "explains_all", "run_faults"]
