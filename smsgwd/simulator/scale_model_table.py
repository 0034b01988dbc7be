"""What the model says, as rows for people: what nodes take together, what fills first, how long it takes below that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from smsgwd.simulator.scale_model import ModelOptions, Result, simulate

EASY: Final = 0.7  #: of what they take: the load that latencies are told of, when no rate is asked for
_FULL: Final = 0.9
_SERVED: Final = 0.93  # bursts at the end of what is measured are still on their way
_simulated = lru_cache(maxsize=256)(simulate)  # gateways of several masters are often those of one


@dataclass(frozen=True, slots=True)
class Row:
    """So many nodes on so many masters. `most`: saturated, `easy`: at the rate asked for, or at EASY of what they take;
    both of one gateway (a master and its nodes)."""

    nodes: int
    masters: int
    most: Result
    easy: Result


def row(options: ModelOptions, masters: int = 1) -> Row:
    """Simulate these nodes, shared out evenly among gateways under prefixes of their own, each on its own master.

    They share nothing, so one of them is simulated. Raises ValueError when they cannot be shared out.
    """
    if masters < 1 or options.nodes % masters:
        raise ValueError(f"{options.nodes} nodes cannot be shared out evenly among {masters} masters")
    part = replace(options, nodes=options.nodes // masters, rate=options.rate / masters)
    most = _simulated(replace(part, rate=0.0))
    easy = _simulated(part if part.rate else replace(part, rate=most.messages_per_s * EASY))
    return Row(options.nodes, masters, most, easy)


def fills_first(result: Result) -> str:
    """What keeps it from more: a word, and how full it is. When all that came was served, what is fullest.

    `writers`: neither core is full, but each node has as many commits under way as may be, and waits for them.
    """
    shares = {"nodes": result.busiest_node, "server": result.server_full, "binds": result.binds_full}
    served = _served(result)
    if served:
        shares["server"] = result.server_cpu  # its fsyncs have room: they take more at once when more comes
    name = max(shares, key=lambda each: shares[each])
    if not served and shares[name] < _FULL:  # else windows: nothing is full
        word = "writers" if result.writer_full >= _FULL else "windows"
        return f"{word}, {name} {_percent(shares[name])}"
    return f"{name} {_percent(shares[name])}"


def _served(result: Result) -> bool:
    """Whether all that came went through."""
    return bool(result.offered) and result.messages_per_s >= _SERVED * result.came_per_s


_HEAD: Final = (
    "nodes", "masters", "most a second", "a minute", "node: core, µs", "server: thread, µs", "changes a commit",
    "full first", "at", "accept p50 / p99 ms", "queue p99 ms", "push p99 ms",
)  # fmt: skip


def cells(each: Row) -> list[str]:
    """A row in words, in the order of the head."""
    most, easy = each.most, each.easy
    times = easy.latency_ms
    rate = most.messages_per_s * each.masters
    return [
        f"{each.nodes}",
        f"{each.masters}",
        f"{_round(rate):,}",
        f"{_round(rate * 60):,}",
        f"{_percent(most.node_cpu)}, {most.node_us:.0f}",
        f"{_percent(most.server_full)}, {most.server_us:.0f}",
        f"{most.changes_a_commit:.0f}",
        fills_first(most),
        f"{_round(easy.offered * each.masters):,}/s" + ("" if _served(easy) else ": too much"),
        f"{times['accept']['p50']:.0f} / {times['accept']['p99']:.0f}",
        f"{times['queue']['p99']:.0f}",
        f"{times['push']['p99']:.0f}",
    ]


def markdown(rows: Sequence[Row]) -> str:
    """A table."""
    lines = [f"| {' | '.join(_HEAD)} |", "|" + "---|" * len(_HEAD)]
    lines += [f"| {' | '.join(cells(each))} |" for each in rows]
    return "\n".join(lines) + "\n"


def as_json(each: Row) -> dict[str, Any]:
    """A row for a file: what plots need."""
    most, easy = each.most, each.easy
    return {
        "nodes": each.nodes,
        "masters": each.masters,
        "messages_per_s": round(most.messages_per_s * each.masters, 1),
        "node_cpu": round(most.node_cpu, 4),
        "server_full": round(most.server_full, 4),
        "full_first": fills_first(most),
        "at": round(easy.offered * each.masters, 1),
        "accept_ms": easy.latency_ms["accept"],
        "queue_ms": easy.latency_ms["queue"],
        "push_ms": easy.latency_ms["push"],
    }


def _percent(share: float) -> str:
    return f"{min(1.0, share) * 100:.0f} %"


def _round(value: float) -> int:
    """To two digits: the model knows no more."""
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return round(value / step) * step
