"""One run of `smsgwd bench smpp`: ESMEs, the gateway, a lean SMSC, and what was counted and measured."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.simulator import figures
from smsgwd.simulator.books import Books
from smsgwd.simulator.business import SPARE, Business, configured, put_in_place
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.measured import Measured, Named, Watched
from smsgwd.simulator.nodes_stand import NodesStand
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.spread import ONE, spread
from smsgwd.simulator.stand import ESME_PASSWORD, Process, Stand, StandError, esme_name
from smsgwd.simulator.submit_template import SubmitTemplate

LATENCIES = ("accept_ms", "through_ms", "receipt_ms", "life_ms")
PEERS = {"smsc": "smsc", "load": "load"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppBenchOptions:
    """What is sent how. `rate` is messages a second, 0 = as fast as the windows allow; times are seconds.

    `binds` are shared evenly among `accounts`; with `pairs` each of them is a transmitter and a receiver. `direct`
    leaves the gateway out: the load against the SMSC. With `redis` the store is at that address, under a prefix
    of its own; the process `redis_pid` is measured, too; so many `nodes` share it, and the binds. `target`
    ('host:port') is some other gateway, `pid` are its processes; with `smsc_port` an SMSC listens there that it can
    bind to. The peers wake up at most once in `coalesce_us`. With `business` that is in place before; `spread` sends
    to numbers all over the world.
    """

    messages: int = 100_000
    binds: int = 1
    accounts: int = 1
    window: int = 200
    rate: float = 0.0
    warmup: int = 5_000
    text: str = "Message {n}"
    pairs: bool = False
    receipt_delay_ms: float = 0.0
    smsc_binds: int = 4
    smsc_window: int = 200
    stalled_s: float = 30.0
    direct: bool = False
    target: str = ""
    system_id: str = ""
    password: str = ""
    pid: Sequence[int] = ()
    smsc_port: int = 0
    coalesce_us: int = 0
    business: Business | None = None
    spread: bool = False
    redis: str = ""
    redis_pid: int = 0
    durability: str = "strict"
    nodes: int = 1


def run_smpp(options: SmppBenchOptions, directory: Path) -> dict[str, Any]:
    """One run in an empty directory. Raises StandError or LoadError when a process, a bind or the warm-up fails."""
    if options.target:
        return _run_other(options, directory)
    smsc = (
        "--receipt-delay-ms", str(options.receipt_delay_ms), "--receipt-window", str(max(100, options.smsc_window)),
        "--coalesce-us", str(options.coalesce_us),
    )  # fmt: skip
    if options.nodes > 1:
        return _run_nodes(options, directory, smsc)
    stand = Stand(
        directory,
        smsc=smsc,
        overrides={
            "connector": {"binds": options.smsc_binds, "window": options.smsc_window},
            **business_overrides(options.business),
            **_store(options),
        },
        esmes=options.accounts,
        lean=True,
    )
    try:
        if options.direct:
            stand.smsc.start()
            return _measure(options, [("127.0.0.1", stand.smsc.port())], stand, {"smsc": stand.smsc})
        stand.start()
        processes: dict[str, Watched] = {"gateway": stand.gateway, "smsc": stand.smsc}
        if options.redis_pid:
            processes["redis"] = Named((options.redis_pid,))
        in_place = set_up(stand, options.business, [esme_name(number) for number in range(options.accounts)])
        return in_place | _measure(options, [("127.0.0.1", stand.smpp_port)], stand, processes)
    except BaseException:
        with contextlib.suppress(StandError):
            stand.stop()
        raise


def _run_nodes(options: SmppBenchOptions, directory: Path, smsc: tuple[str, ...]) -> dict[str, Any]:
    """A run against several nodes, which are told as one gateway. Raises as `run_smpp`."""
    stores = [_store(options)["store"]] * options.nodes
    stand = NodesStand(
        directory, stores, smsc=smsc, esmes=options.accounts, binds=options.smsc_binds, window=options.smsc_window,
        both=False, lean=True, level="warning",
    )  # fmt: skip
    try:
        stand.start()
        stand.wait_spread()
        processes: dict[str, Watched] = {"gateway": Named([node.pid for node in stand.nodes]), "smsc": stand.smsc}
        if options.redis_pid:
            processes["redis"] = Named((options.redis_pid,))
        at = [("127.0.0.1", node.smpp_port) for node in stand.nodes]
        return {"nodes": options.nodes, **_measure(options, at, stand, processes, stand.nodes)}
    except BaseException:
        stand.kill_all()
        raise


def _store(options: SmppBenchOptions) -> dict[str, Any]:
    """Section `store` of the configuration; none for the embedded store."""
    if not options.redis:
        return {}
    prefix = f"bench-{secrets.token_hex(4)}"
    return {"store": {"kind": "redis", "url": options.redis, "prefix": prefix, "durability": options.durability}}


def business_overrides(business: Business | None) -> dict[str, Any]:
    """What a stand's configuration needs besides for it."""
    return {} if business is None else {"spares": (SPARE,), "routes": configured(business)}


def set_up(stand: Stand, business: Business | None, loaded: Sequence[str]) -> dict[str, Any]:
    """Put it in place for these tenants of the load; its part of the report. Raises AdminError."""
    if business is None:
        return {}
    with stand.admin() as admin:
        return {"in_place": put_in_place(admin, business, loaded)}


def _run_other(options: SmppBenchOptions, directory: Path) -> dict[str, Any]:
    """A run against another gateway. Raises as `run_smpp`."""
    host, _, port = options.target.rpartition(":")
    address = [(host.strip("[]"), int(port))]
    watched: dict[str, Watched] = {"gateway": Named(options.pid)} if options.pid else {}
    if not options.smsc_port:
        return _measure(options, address, None, watched)
    stand = Stand(
        directory,
        smsc=("--receipt-delay-ms", str(options.receipt_delay_ms), "--coalesce-us", str(options.coalesce_us)),
        esmes=1,
        lean=True,
        smsc_port=options.smsc_port,
    )
    try:
        stand.start_peers()
        return _measure(options, address, stand, {**watched, "smsc": stand.smsc})
    except BaseException:
        with contextlib.suppress(StandError):
            stand.stop()
        raise


def plans(options: SmppBenchOptions, at: Sequence[tuple[str, int]]) -> list[BindPlan]:
    """The binds: the accounts in turn, and where they bind in turn."""
    found = []
    for number in range(options.binds):
        account = number % options.accounts
        name = options.system_id or esme_name(account)
        password = options.password or ESME_PASSWORD
        modes = ("t", "r") if options.pairs else ("b",)
        found += [BindPlan(name, password, account, mode, at[number % len(at)]) for mode in modes]
    return found


def _measure(
    options: SmppBenchOptions,
    at: Sequence[tuple[str, int]],
    stand: Stand | None,
    processes: Mapping[str, Watched],
    nodes: Sequence[Process] = (),
) -> dict[str, Any]:
    """`at`: where the load binds. `nodes` are those of `processes` that are looked after besides."""
    template = SubmitTemplate(options.text, prefixes=spread() if options.spread else ONE)
    books = Books(options.warmup + options.messages)
    load = SmppLoad(
        at[0], plans(options, at), template, books, window=options.window, coalesce_s=options.coalesce_us / 1e6
    )
    check = _checker([process for process in processes.values() if isinstance(process, Process)] + [*nodes])
    try:
        load.bind()
        if not load.run(range(options.warmup), stalled_s=options.stalled_s, tick=check) or books.refused:
            raise LoadError(f"the warm-up did not come through: {books.received} receipts, {dict(books.refused)}")
        measured = Measured(processes)
        load.run(range(options.warmup, books.size), rate=options.rate, stalled_s=options.stalled_s, tick=check)
        measured.end()
        load.unbind()
    finally:
        load.close()
    status = 0
    smsc: LeanReport | None = None
    summary: dict[str, Any] = {}
    if stand is not None:
        status = stand.stop()
        if options.direct or options.target:  # there is no gateway of ours
            status = 0
        smsc, summary = LeanReport.read(stand.smsc_report), stand.smsc.summary()
    return _report(options, load, measured, smsc, summary, status, template.parts)


def _checker(processes: list[Process]) -> Callable[[], None]:
    def check() -> None:
        for process in processes:
            process.check()

    return check


def _report(
    options: SmppBenchOptions,
    load: SmppLoad,
    measured: Measured,
    smsc: LeanReport | None,
    summary: dict[str, Any],
    status: int,
    parts: int,
) -> dict[str, Any]:
    books = load.books
    first = options.warmup
    messages = max(1, sum(1 for at in books.accepted[first:] if at))
    span = max(1e-9, max(books.receipt, default=0.0) - load.first_at)
    shares = measured.shares()
    found = counts(books)
    if smsc is not None:
        found |= smsc_counts(books, smsc, summary, 1 if options.direct else parts)
    refused = {f"0x{code:02X}": count for code, count in sorted(books.refused.items())}
    report = {
        "messages": messages,
        "duration_s": round(span, 3),
        "messages_per_s": round(messages / span, 1),
        "accepted_per_s": round(messages / max(1e-9, max(books.accepted, default=0.0) - load.first_at), 1),
        "accept_ms": figures.percentiles(figures.between(books.due, books.accepted, first)),
        "through_ms": figures.percentiles(figures.between(books.due, smsc.arrived, first) if smsc is not None else []),
        "receipt_ms": figures.percentiles(figures.between(smsc.sent, books.receipt, first) if smsc is not None else []),
        "life_ms": figures.percentiles(figures.between(books.due, books.receipt, first)),
        "cpu_us_per_message": measured.per_message(messages),
        "cpu_share": shares,
        "rss_peak_mb": measured.rss_peak_mb,
        "counts": found,
        "refused_by_status": refused,
        "gateway_exit": status,
        "exact": is_exact(found) and not refused and status == 0,
        "valid": figures.is_valid(shares),
    }
    if not options.rate:
        report["fairness"] = fairness(load, options.accounts)
    return report


def counts(books: Books) -> dict[str, int]:
    """What the ESMEs saw."""
    return {
        "accepted": books.accepted_count,
        "refused": books.refused.total(),
        "unanswered": sum(1 for at, link in zip(books.accepted, books.link, strict=True) if link > 0 and not at),
        "not_sent": sum(1 for link in books.link if not link),
        "receipts_unique": books.received,
        "never_received": sum(1 for at, seen in zip(books.accepted, books.receipts, strict=True) if at and not seen),
        "receipt_repeats": len(books.repeats),
        "misnamed": books.misnamed(),
        "strange": books.strange,
        "not_delivered": books.not_delivered,
        "tlv_differs": books.tlv_differs,
    }


def smsc_counts(books: Books, smsc: LeanReport, summary: dict[str, Any], parts: int) -> dict[str, int]:
    """What the SMSC saw, compared with what the ESMEs saw; every message should have come in so many `parts`."""
    copies = smsc.copies[: books.size] + bytes(max(0, books.size - len(smsc.copies)))
    return {
        "smsc_parts": int(summary["accepted"]),
        "smsc_unique": sum(1 for count in copies if count),
        "smsc_duplicates": int(summary["duplicates"]),
        "smsc_unexpected": sum(1 for count in smsc.copies[books.size :] if count) + int(summary["beyond"]),
        "smsc_receipts": int(summary["receipts_sent"]),
        "smsc_receipts_unacked": int(summary["receipts_sent"]) - int(summary["receipts_acked"]),
        "lost": sum(1 for at, count in zip(books.accepted, copies, strict=True) if at and not count),
        "wrong_parts": sum(1 for count in copies if count and count != parts),
    }


_WRONG = (
    "refused", "unanswered", "not_sent", "never_received", "receipt_repeats", "misnamed", "strange", "not_delivered",
    "tlv_differs", "smsc_duplicates", "smsc_unexpected", "smsc_receipts_unacked", "lost", "wrong_parts",
)  # fmt: skip


def is_exact(found: dict[str, int]) -> bool:
    """Nothing lost, doubled, refused or named wrongly, on either side."""
    return not any(found.get(name, 0) for name in _WRONG) and found["accepted"] == found[
        "receipts_unique"
    ] == found.get("smsc_unique", found["accepted"])


def fairness(load: SmppLoad, accounts: int) -> dict[str, Any]:
    """How the accounts shared the gateway while every bind had more to send; shares are of the fair one."""
    by_account = [0] * accounts
    for link, accepted in zip(load.links, load.at_exhaustion, strict=False):
        by_account[link.plan.account] += accepted
    total = sum(by_account)
    fair = total / accounts
    return {
        "accounts": accounts,
        "span_s": round(load.exhausted_at - load.first_at, 3),
        "messages": total,
        "min_share": round(min(by_account) / fair, 3) if fair else 0.0,
        "max_share": round(max(by_account) / fair, 3) if fair else 0.0,
    }
