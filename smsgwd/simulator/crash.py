"""The crash check: kill the gateway at seeded moments of an HTTP load, then see what became of every message.

What is asserted stands in `judge`, which is pure; the rest drives a stand.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from smsgwd.simulator.aftermath import Kill, unsent_in
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.record import PushLine, SubmitLine, read_pushes, read_submits
from smsgwd.simulator.stand import TOKEN, Stand, StandError
from smsgwd.simulator.submissions import Submissions, decode_answer, number_of

_SECRET = "whsec_c2VjcmV0IG9mIG9uZSBjcmFzaCBjaGVjaw=="  # noqa: S105 - of a gateway that lives for one check
_REFUSED_FOR_NOW = (409, 429, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillOptions:
    """How many kills in how many messages, whatever way they come in.

    A message may come to the SMSC twice only when the store that a kill left did not know it to be sent. Its first copy
    may have come `unknowable_ms` before that kill at most: a gateway that never recorded answers would fail.
    """

    messages: int = 20_000
    kills: int = 20
    seed: int = 1
    rate: float = 0.0
    text: str = "Message {n}"
    receipt_delay_ms: float = 20.0
    receipt_spread_ms: float = 200.0
    unknowable_ms: float = 5_000.0
    stalled_s: float = 60.0
    settle_s: float = 2.0

    def smsc(self) -> tuple[str, ...]:
        """Options of the SMSC simulator."""
        return (
            "--receipt-delay-ms", str(self.receipt_delay_ms), "--receipt-spread-ms", str(self.receipt_spread_ms),
            "--receipt-retry-ms", "200", "--receipt-window", "200",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashOptions(KillOptions):
    """Over HTTP. `keyed` is the share of requests with an Idempotency-Key."""

    connections: int = 32
    keyed: float = 0.5


@dataclass(slots=True)
class Intake:
    """What the client knows. `accepted` maps a number to its message id; `unknowable` are numbers of requests that were
    written, not answered, and not sent again for want of a key."""

    accepted: dict[int, str] = field(default_factory=dict)
    unknowable: set[int] = field(default_factory=set)
    retried: int = 0
    put_off: int = 0  #: answers 409, 429 and 503, tried again
    refused: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Verdict:
    """What became of the messages. `ok` is False when one of the counts in `failures` is not 0."""

    facts: dict[str, Any]
    failures: dict[str, int]

    @property
    def ok(self) -> bool:
        """Nothing failed."""
        return not any(self.failures.values())

    def table(self) -> str:
        """Readable, one line a count."""
        wide = max(34, *(len(name) for name in (*self.facts, *self.failures)))
        rows = [f"{name:<{wide}} {value}" for name, value in self.facts.items()]
        rows += [
            f"{name:<{wide}} {value}{'' if not value else '   <-- FAILED'}" for name, value in self.failures.items()
        ]
        return "\n".join(rows)


def judge(
    intake: Intake,
    kills: Sequence[Kill],
    submits: Sequence[SubmitLine],
    pushes: Sequence[PushLine],
    unknowable_s: float,
) -> Verdict:
    """Compare the books of client, SMSC, tenant and store. The records' times are wall clock (s since 1970)."""
    at_smsc: dict[int, list[SubmitLine]] = defaultdict(list)
    for line in submits:
        at_smsc[number_of(line.dest)].append(line)
    states: dict[str, set[str]] = defaultdict(set)
    ids_of: dict[int, set[str]] = defaultdict(set)
    for push in pushes:
        ids_of[number_of(push.to)].add(push.id)
        if 200 <= push.status < 300:
            states[push.id].add(push.state)
    known = intake.accepted.keys() | intake.unknowable
    duplicates, unexplained, oldest = find_duplicates(at_smsc, kills, unknowable_s)
    unknowable_taken = sum(number in at_smsc for number in intake.unknowable)
    return Verdict(
        facts={
            "kills": len(kills),
            "accepted (202)": len(intake.accepted),
            "retried with their key": intake.retried,
            "put off (409, 429, 503)": intake.put_off,
            "unknowable (no key, no answer)": len(intake.unknowable),
            "  of them taken by the gateway": unknowable_taken,
            "messages at the SMSC": len(at_smsc),
            "duplicates at the SMSC": duplicates,
            "  oldest before its kill, ms": round(oldest * 1000, 1),
            "pushes": len(pushes),
            "pushes repeated (same webhook-id)": len(pushes) - len({push.webhook_id for push in pushes}),
        },
        failures={
            "lost: 202 and not at the SMSC": len(intake.accepted.keys() - at_smsc.keys()),
            "never pushed: 202 and no receipt": sum(not states.get(message) for message in intake.accepted.values()),
            "more than one final state": sum(len(found) > 1 for found in states.values()),
            "admitted twice": sum(len(found) > 1 for found in ids_of.values()),
            "202 names another id than pushed": _misnamed(intake.accepted, ids_of),
            "duplicates not explained by a kill": unexplained,
            "at the SMSC, sent by nobody": len(at_smsc.keys() - known),
            "pushes with a wrong signature": sum(not push.signed for push in pushes),
            "requests refused": sum(intake.refused.values()),
        },
    )


def find_duplicates(
    at_smsc: Mapping[int, Sequence[SubmitLine]], kills: Sequence[Kill], unknowable_s: float
) -> tuple[int, int, float]:
    """Copies too many, those of them that no kill explains, and the greatest age of one at its kill (s)."""
    duplicates = unexplained = 0
    oldest = 0.0
    for number, lines in at_smsc.items():
        copies: dict[tuple[str, str], list[float]] = defaultdict(list)
        for line in lines:
            copies[line.body, line.sar].append(line.at)
        for times in copies.values():
            for earlier, later in pairwise(times):
                duplicates += 1
                ages = [
                    kill.at - earlier
                    for kill in kills
                    if number in kill.unsent and kill.at < later and earlier <= kill.over
                ]
                age = min(ages, default=float("inf"))
                if age > unknowable_s:
                    unexplained += 1
                else:
                    oldest = max(oldest, age)
    return duplicates, unexplained, oldest


def _misnamed(accepted: Mapping[int, str], ids_of: Mapping[int, set[str]]) -> int:
    return sum(bool(ids_of.get(number)) and message not in ids_of[number] for number, message in accepted.items())


class Killer:
    """Kills the gateway when seeded counts of answers are reached, some of them while it is starting again."""

    def __init__(self, stand: Stand, messages: int, kills: int, seed: int) -> None:
        dice = Random(f"{seed}/kills")
        points = sorted(dice.randint(messages // 50, messages * 19 // 20) for _ in range(kills))
        # (answers that must be there, delay from then): a tenth of the kills follows the one before it at once
        self._plan = [
            (0 if index and dice.random() < 0.1 else point, dice.uniform(0.0, 0.05) if index else 0.0)
            for index, point in enumerate(points)
        ]
        self._dice = dice
        self._stand = stand
        self._at: float | None = None
        self.kills: list[Kill] = []

    def look(self, answers: int) -> None:
        """Called between events with the answers so far: kill when it is time. Raises StandError when it is down."""
        self._stand.gateway.check()
        if not self._plan:
            return
        now = time.monotonic()
        needed, delay = self._plan[0]
        if self._at is None:
            if answers < needed:
                return
            self._at = now + (delay if needed else self._dice.uniform(0.1, 0.8))
        if now >= self._at:
            self._at = None
            self._plan.pop(0)
            at = time.time()
            self._stand.gateway.kill()
            unsent = unsent_in(self._stand.directory / "data")
            self.kills.append(Kill(at, unsent, time.time()))
            self._stand.gateway.start()


def run_crash(options: CrashOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    stand = Stand(directory, smsc=options.smsc(), secret=_SECRET)
    intake = Intake()
    try:
        stand.start()
        killer = Killer(stand, options.messages, options.kills, options.seed)
        submit(options, stand, intake, range(options.messages), lambda: killer.look(len(intake.accepted)))
        stand.wait_ready()
        settle(options, stand, intake)
        status = stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.webhook, stand.smsc):
            process.kill_if_running()
        raise
    submits, pushes = read_submits(stand.smsc_record), read_pushes(stand.push_record)
    verdict = judge(intake, killer.kills, submits, pushes, options.unknowable_ms / 1000)
    verdict.failures["kills that did not happen"] = options.kills - len(killer.kills)
    verdict.failures["exit status of the last stop"] = abs(status)
    return verdict


def submit(options: CrashOptions, stand: Stand, intake: Intake, numbers: range, tick: Callable[[], None]) -> None:
    """Submit these numbers over HTTP, keep what was answered in `intake`; `tick` is called at least every 50 ms.

    Raises StandError when the load does not come through, and what `tick` raises.
    """
    dice = Random(f"{options.seed}/keys")
    host = f"127.0.0.1:{stand.http_port}"
    with_key = Submissions(host, TOKEN, options.text, key_prefix=f"crash-{options.seed}-")
    without = Submissions(host, TOKEN, options.text)
    keyed: set[int] = set()

    def jobs() -> Iterator[Job]:
        for number in numbers:
            if dice.random() < options.keyed:
                keyed.add(number)
                yield Job(with_key.request(number), number)
            else:
                yield Job(without.request(number), number)

    def answered(job: Job, status: int, body: bytes) -> Next:
        if status == 202:
            intake.accepted[job.tag] = decode_answer(body).messages[0].id
        elif status in _REFUSED_FOR_NOW:
            intake.put_off += 1
            return Next.AGAIN
        else:
            intake.refused[status] += 1
        return Next.DONE

    def lost(job: Job) -> Next:
        if job.tag in keyed:
            intake.retried += 1
            return Next.AGAIN
        intake.unknowable.add(job.tag)
        return Next.DONE

    load = HttpLoad(("127.0.0.1", stand.http_port), options.connections, jobs(), answered, lost, rate=options.rate)
    limit = 120.0 + len(numbers) / 100 + 10.0 * options.kills
    if not load.run(tick, timeout_s=limit):
        raise StandError(f"the load was not through after {limit:.0f} s")


def settle(options: CrashOptions, stand: Stand, intake: Intake) -> None:
    """Wait until every 202 has been pushed, then until nothing moves any more; gives up when nothing moves at all.

    Raises StandError when the gateway has ended.
    """
    wanted = set(intake.accepted.values())
    seen, changed = -1, time.monotonic()
    while True:
        stand.gateway.check()
        pushes = read_pushes(stand.push_record)
        missing = wanted - {push.id for push in pushes if 200 <= push.status < 300}
        now = time.monotonic()
        if len(pushes) != seen:
            seen, changed = len(pushes), now
        if now - changed > (options.stalled_s if missing else options.settle_s):
            return
        time.sleep(0.25)
