"""The crash check over everything at once: HTTP, ESMEs and subscribers' messages, one gateway that is killed meanwhile.

SMSC, catcher and ESMEs stay up. Messages over HTTP and over SMPP are judged as `crash` and `crash_smpp` do; what became
of the subscribers' messages is judged by `judge_mo`, which is pure.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import CrashOptions, Intake, Killer, Verdict, judge, settle, submit
from smsgwd.simulator.crash_smpp import judge_smpp
from smsgwd.simulator.record import read_pushes, read_submits
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, TENANT, Stand, StandError, esme_name
from smsgwd.simulator.submissions import number_of
from smsgwd.simulator.submit_template import SubmitTemplate

_SECRET = "whsec_c2VjcmV0IG9mIG9uZSBjcmFzaCBjaGVjaw=="  # noqa: S105 - of a gateway that lives for one check
_MO_TO: Final = "54321"
_MO_FROM: Final = "3069000"
_MO_TEXT: Final = b"MO "
_MO_TURN: Final = 10  # so many subscribers' messages go to the ESME, then so many to the webhook
_MO_SHARE: Final = 0.8  # of the load's time, in which they come
_TYPE_MASK: Final = 0x3C  # of esm_class (SMPP 3.4 s5.2.12)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashMixOptions(CrashOptions):
    """One half of the messages comes over HTTP, the other over SMPP, at `rate` a second together (0 = unlimited).

    `mo_rate` subscribers' messages a second come meanwhile, half of them for an ESME, half for a webhook.
    """

    messages: int = 100_000
    kills: int = 100
    rate: float = 300.0
    accounts: int = 4
    binds: int = 8
    window: int = 20
    mo_rate: float = 20.0

    @property
    def mo_count(self) -> int:
        """How many subscribers' messages come in all."""
        return int(self.mo_rate * _MO_SHARE * self.messages / (self.rate or 1_000.0))


class MixBooks(Books):
    """Books that also count what subscribers wrote, by number."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.mos: Counter[int] = Counter()

    def enter_receipt(self, data: bytes, at: int, stop: int, now: float) -> None:
        """See Books; a deliver_sm that is no receipt is a subscriber's message."""
        source = data.index(0, at + 16) + 3
        dest = data.index(0, source) + 3
        flags = data.index(0, dest) + 1
        if data[flags] & _TYPE_MASK:
            super().enter_receipt(data, at, stop, now)
            return
        begin = data.find(_MO_TEXT, flags, stop)
        digits = data[begin + len(_MO_TEXT) : stop]
        if begin < 0 or not digits.isdigit():
            self.strange += 1
            return
        self.mos[int(digits)] += 1


def for_webhook(number: int) -> bool:
    """Whether the subscriber's message of this number is the webhook's; else it is the ESME's."""
    return number // _MO_TURN % 2 == 1


def mo_routes(count: int) -> list[dict[str, Any]]:
    """Routes by sender that share `count` subscribers' messages as `for_webhook` says."""
    tens = range(count // _MO_TURN + 1)
    prefixes = [f"{_MO_FROM}{ten:04d}*" for ten in tens if for_webhook(ten * _MO_TURN)]
    routes: list[dict[str, Any]] = [{"match": {"to": _MO_TO}, "account": esme_name(0)}]
    return ([{"match": {"to": _MO_TO, "from": prefixes}, "webhook": TENANT}] if prefixes else []) + routes


def judge_mo(count: int, acknowledged: int, esme: Mapping[int, int], webhook: Mapping[int, int]) -> Verdict:
    """Compare what the SMSC had acknowledged with what came where, how often, by number from 1 to `count`."""
    numbers = range(1, count + 1)
    places = {number: webhook if for_webhook(number) else esme for number in numbers}
    return Verdict(
        facts={
            "subscribers' messages acknowledged": acknowledged,
            "  at the ESME": len(esme),
            "  at the webhook": len(webhook),
            "  that came again": sum(esme.values()) + sum(webhook.values()) - len(esme) - len(webhook),
        },
        failures={
            "MO not acknowledged in the end": abs(count - acknowledged),
            "MO lost": sum(number not in places[number] for number in numbers),
            "MO at the wrong place": sum(number in webhook and not for_webhook(number) for number in numbers)
            + sum(number in esme and for_webhook(number) for number in numbers),
            "MO nobody wrote": len((esme.keys() | webhook.keys()) - set(numbers)),
        },
    )


class _Event(msgspec.Struct):
    """A line of the catcher: a push, its port, or its statistics."""

    event: str = ""
    status: int = 0
    body: dict[str, Any] = {}


def mos_shown(output: Path) -> Counter[int]:
    """The numbers of the subscribers' messages that a catcher with --show took. Raises OSError, msgspec.DecodeError."""
    found: Counter[int] = Counter()
    decode = msgspec.json.Decoder(_Event).decode
    mark = b'"mo.received"'
    for line in output.read_bytes().splitlines():
        if mark in line:
            push = decode(line)
            if push.event == "push" and 200 <= push.status < 300:
                found[int(str(push.body["data"]["text"]).removeprefix(_MO_TEXT.decode()))] += 1
    return found


class Esmes(threading.Thread):
    """The load over SMPP, beside that over HTTP. `problem` is what ended it before its time."""

    def __init__(self, options: CrashMixOptions, stand: Stand, books: MixBooks) -> None:
        super().__init__(name="esmes", daemon=True)
        plans = [
            BindPlan(esme_name(number % options.accounts), ESME_PASSWORD, number % options.accounts)
            for number in range(options.binds)
        ]
        self.books = books
        self.problem: Exception | None = None
        self.sent = threading.Event()  #: everything is answered
        self.over = threading.Event()  #: to be set when the subscribers' messages may be waited for no more
        self._options = options
        address = ("127.0.0.1", stand.smpp_port)
        self.load = SmppLoad(address, plans, SubmitTemplate(options.text), books, window=options.window, reconnect=True)

    def run(self) -> None:
        """The thread."""
        try:
            self._drive()
        except Exception as problem:
            self.problem = problem
        finally:
            self.sent.set()
            self.load.close()

    def _drive(self) -> None:
        options, load, books = self._options, self.load, self.books
        load.bind()
        if not load.run(
            range(books.size), rate=options.rate / 2, receipts=False, stalled_s=options.stalled_s, tick=_nothing
        ):
            raise LoadError(f"the load was not through: nothing came for {options.stalled_s:g} s")
        self.sent.set()
        while not self.over.is_set():  # receipts and subscribers' messages come all the while
            load.linger(self.over.is_set, 1.0, _nothing)
        load.unbind()


def _nothing() -> None:
    """What a load calls that nobody watches."""


def run_crash_mix(options: CrashMixOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    half = options.messages // 2
    mos = options.mo_count
    stand = Stand(
        directory,
        smsc=(
            *options.smsc(), "--mo-rate", str(options.mo_rate), "--mo-count", str(mos), "--mo-to", _MO_TO,
            "--mo-from", _MO_FROM, "--mo-text", _MO_TEXT.decode() + "{n}",
        ),
        webhook=("--show",),
        overrides={"mo_routes": mo_routes(mos)},
        secret=_SECRET,
        esmes=options.accounts,
        both=True,
    )  # fmt: skip
    intake, books = Intake(), MixBooks(half)
    try:
        stand.start()
        killer = Killer(stand, half * 2, options.kills, options.seed)
        esmes = Esmes(options, stand, books)

        def tick() -> None:
            if esmes.problem is not None:
                raise StandError(f"the load over SMPP: {esmes.problem}")
            answers = len(intake.accepted) + len(intake.unknowable) + books.accepted_count + len(books.unknown)
            killer.look(answers)

        wall = time.time() - time.monotonic()
        esmes.start()
        submit(replace(options, rate=options.rate / 2), stand, intake, range(half, half * 2), tick)
        while not esmes.sent.is_set():
            tick()
            esmes.sent.wait(0.05)
        stand.wait_ready()
        wait_for(options, lambda: (complete(books), books.received), tick)
        settle(options, stand, intake)
        shown = directory / "webhook.out"

        def subscribers() -> tuple[bool, int]:
            came = len(books.mos) + len(mos_shown(shown))
            return came >= mos, came

        wait_for(options, subscribers, tick)
        time.sleep(options.settle_s)
        esmes.over.set()
        esmes.join()
        told = stand.smsc.summary_now()
        status = stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.webhook, stand.smsc):
            process.kill_if_running()
        raise
    submits = read_submits(stand.smsc_record)
    pushes = [push for push in read_pushes(stand.push_record) if push.type.startswith("message.")]
    limit = options.unknowable_ms / 1000
    parts = {
        "HTTP": judge(intake, killer.kills, [at for at in submits if number_of(at.dest) >= half], pushes, limit),
        "SMPP": judge_smpp(books, killer.kills, [at for at in submits if number_of(at.dest) < half], limit, wall),
        "MO": judge_mo(mos, int(told["mo_acked"]), books.mos, mos_shown(shown)),
    }
    return merged(parts, options.kills - len(killer.kills), status)


def complete(books: Books) -> bool:
    """Every acknowledged message of the ESMEs has its receipt."""
    return all(seen or not at for seen, at in zip(books.receipts, books.accepted, strict=True))


def wait_for(options: CrashMixOptions, count: Callable[[], tuple[bool, int]], tick: Callable[[], None]) -> None:
    """Until `count` says that all is there; gives up when its number has not changed for so long."""
    seen, moved = -1, time.monotonic()
    while True:
        tick()
        done, number = count()
        now = time.monotonic()
        if number != seen:
            seen, moved = number, now
        if done or now - moved > options.stalled_s:
            return
        time.sleep(0.1)


def merged(parts: Mapping[str, Verdict], kills_missing: int, status: int) -> Verdict:
    """One verdict of several: their counts by the name of the part; `status` is that of the gateway's last stop."""
    facts: dict[str, Any] = {}
    failures: dict[str, int] = {}
    for name, verdict in parts.items():
        facts |= {f"{name}: {what}": value for what, value in verdict.facts.items() if what != "kills"}
        failures |= {f"{name}: {what}": value for what, value in verdict.failures.items()}
    kills = next((verdict.facts["kills"] for verdict in parts.values() if "kills" in verdict.facts), 0)
    failures |= {"kills that did not happen": kills_missing, "exit status of the last stop": abs(status)}
    return Verdict(facts={"kills": kills} | facts, failures=failures)
