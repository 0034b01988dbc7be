"""The hang check: SMPP at full speed beside a provider that never answers and has messages queued.

The gateway is the same each time, with a connector whose plugin is made for this; what differs is whether messages are
queued for it, and how it hangs: the provider takes requests and never answers (`silent`), the plugin blocks its process
(`sleep`), or keeps a core busy (`spin`). The runs take turns, so that all see the machine as it is at that time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from smsgwd.simulator.backlog_rows import states_in
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.measured import Measured
from smsgwd.simulator.smpp_bench import counts, is_exact, smsc_counts
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name
from smsgwd.simulator.submit_template import SubmitTemplate

WAYS: Final = ("silent", "sleep", "spin")
_NONE: Final = "none"  # nothing is queued: what the others are compared with
_HANGING: Final = "hung"  # the connector, and its plugin
_PLUGIN: Final = '''"""Hangs."""

import time
from smsgwd.providers import Options, Plugin, Provider, Request, Unknown, option


class HangingOptions(Options):
    """How, and where."""

    way: str = option("How.")
    url: str = option("Where.")


class Hanging(Provider):
    """Answers nothing."""

    async def send(self, group):
        """Never returns by itself."""
        if self.options.way == "sleep":
            time.sleep(86_400)
        while self.options.way == "spin":
            pass
        await self.host.request(Request("POST", self.options.url, body=b"message"))
        return [Unknown("it answered")] * len(group)


plugin = Plugin("hung", "hangs", Hanging, HangingOptions)
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHangOptions:
    """`messages` over SMPP as fast as windows allow, while `queued` ones wait for a provider that hangs, in each of
    `ways` (commas between); so `rounds` times, in turn with runs without any. Rates may differ by the share `within`;
    0 judges none. `spin` takes the CPU that load and SMSC want where there are two cores only: it is tried where it is
    asked for. A request is waited for `answer` seconds."""

    messages: int = 60_000
    queued: int = 10_000
    ways: str = "silent,sleep"
    rounds: int = 3
    within: float = 0.05
    answer: float = 2.0
    window: int = 200
    smsc_binds: int = 4
    warmup: int = 5_000
    stalled: float = 30.0


def run_provider_hang(options: ProviderHangOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError, LoadError, ValueError for a way that there is not."""
    ways = [way for way in options.ways.split(",") if way]
    if not ways or (wrong := next((way for way in ways if way not in WAYS), "")):
        raise ValueError(f"ways are {', '.join(WAYS)}; there is none called '{wrong if ways else ''}'")
    _write_plugin(directory / "plugin")
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in (_NONE, *ways)}
    for number in range(options.rounds):
        order = list(runs) if number % 2 == 0 else list(reversed(runs))
        for way in order:
            place = directory / f"{number}-{way}"
            place.mkdir()
            with _silent_provider() as port:
                run = _run(options, way, port, place, directory / "plugin")
            runs[way].append(run)
            sys.stderr.write(f"round {number + 1}, {way}: {run['messages_per_s']:.0f} messages/s\n")
    return judge_hangs(runs, options.within, options.queued)


def judge_hangs(runs: dict[str, list[dict[str, Any]]], within: float, queued: int) -> Verdict:
    """Compare the medians of the rates with those of the runs without anything queued, which are called 'none'."""
    facts: dict[str, Any] = {"queued for the provider": queued}
    failures: dict[str, int] = {}
    plain = median(run["messages_per_s"] for run in runs[_NONE])
    for way, done in runs.items():
        rate = median(run["messages_per_s"] for run in done)
        facts[f"{way}: messages/s"] = " ".join(f"{run['messages_per_s']:.0f}" for run in done)
        facts[f"{way}: median messages/s"] = round(rate)
        facts[f"{way}: gateway, us a message"] = round(median(run["gateway_us"] for run in done))
        facts[f"{way}: p99 of an answer, ms"] = round(median(run["accept_p99_ms"] for run in done), 1)
        failures[f"{way}: runs not exact"] = sum(not run["exact"] for run in done)
        if way != _NONE:
            facts[f"{way}: ratio"] = round(rate / plain, 3)
            facts[f"{way}: still to be sent"] = min(run["open"] for run in done)
            failures[f"{way}: slower than allowed"] = int(bool(within) and rate < plain * (1.0 - within))
            failures[f"{way}: queued messages gone"] = max(queued - run["kept"] for run in done)
    return Verdict(facts=facts, failures=failures)


def _run(options: ProviderHangOptions, way: str, port: int, directory: Path, plugin: Path) -> dict[str, Any]:
    """One run from an empty store."""
    smsc_port = free_ports(1)[0]
    stand = Stand(
        directory,
        smsc=("--receipt-window", str(options.window)),
        overrides={"connectors": _connectors(options, way, port, smsc_port), "routes": _ROUTES},
        esmes=2,
        lean=True,
        smsc_port=smsc_port,
    )
    stand.gateway.environment = {"PYTHONPATH": os.pathsep.join(filter(None, (str(plugin), os.getenv("PYTHONPATH"))))}
    books = Books(options.warmup + options.messages)
    load: SmppLoad | None = None
    try:
        stand.start()
        if way != _NONE:
            _queue(stand, options)
        load = SmppLoad(
            ("127.0.0.1", stand.smpp_port),
            [BindPlan(esme_name(0), ESME_PASSWORD)],
            SubmitTemplate("Message {n}"),
            books,
            window=options.window,
        )
        load.bind()
        if not load.run(range(options.warmup), stalled_s=options.stalled, tick=stand.gateway.check):
            raise LoadError(f"the warm-up did not come through: {books.received} receipts, {dict(books.refused)}")
        measured = Measured({"gateway": stand.gateway})
        load.run(range(options.warmup, books.size), stalled_s=options.stalled, tick=stand.gateway.check)
        measured.end()
        load.unbind()
        status = stand.stop()
    except BaseException:
        with contextlib.suppress(StandError):
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    found = counts(books) | smsc_counts(books, LeanReport.read(stand.smsc_report), stand.smsc.summary(), 1)
    span = max(1e-9, max(books.receipt, default=0.0) - load.first_at)
    waits = sorted(books.accepted[n] - books.due[n] for n in range(options.warmup, books.size) if books.accepted[n])
    states = states_in(directory / "data" / "store.db")
    ours = measured.cpu["gateway"] - max(0.0, measured.cpu.get("workers", 0.0))
    return {
        "messages_per_s": options.messages / span,
        "gateway_us": 1e6 * ours / options.messages,
        "accept_p99_ms": 1e3 * waits[int(0.99 * (len(waits) - 1))] if waits else 0.0,
        "exact": is_exact(found) and not status,
        "kept": sum(states.values()) - books.accepted_count,
        "open": sum(count for state, count in states.items() if not state.final),
    }


_ROUTES: Final = [{"match": {"tenant": esme_name(1)}, "connectors": [_HANGING]}, {"connectors": ["sim"]}]


def _connectors(options: ProviderHangOptions, way: str, port: int, smsc_port: int) -> list[dict[str, Any]]:
    smsc = {"kind": "smpp", "host": "127.0.0.1", "port": smsc_port, "system_id": "gw", "password": "gw"}
    return [
        {"id": "sim", **smsc, "binds": options.smsc_binds, "window": options.window},
        {
            "id": _HANGING,
            "kind": "provider",
            "provider": _HANGING,
            "timers": {"answer_s": options.answer},
            "options": {"way": way, "url": f"http://127.0.0.1:{port}/"},
        },
    ]


def _queue(stand: Stand, options: ProviderHangOptions) -> None:
    """Have the messages accepted that the provider is to get. Raises LoadError."""
    books = Books(options.queued)
    plan = BindPlan(esme_name(1), ESME_PASSWORD, mode="t")
    load = SmppLoad(
        ("127.0.0.1", stand.smpp_port), [plan], SubmitTemplate("Message {n}"), books, window=options.window
    )  # fmt: skip
    try:
        load.bind()
        load.run(range(options.queued), receipts=False, stalled_s=options.stalled, tick=stand.gateway.check)
        load.unbind()
    finally:
        load.close()
    if books.accepted_count != options.queued:
        raise LoadError(f"{books.accepted_count} of {options.queued} were accepted, refused: {dict(books.refused)}")


@contextmanager
def _silent_provider() -> Iterator[int]:
    """A server that takes connections, reads what comes, and says nothing; its port."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in kept:
                each.close()


def _write_plugin(directory: Path) -> None:
    """A directory that Python takes for one with the installed plugin."""
    facts = directory / "smsgwd_hung-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: smsgwd-hung\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[smsgwd.providers]\n{_HANGING} = smsgwd_hung:plugin\n")
    (directory / "smsgwd_hung.py").write_text(_PLUGIN)
