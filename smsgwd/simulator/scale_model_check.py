"""The model against measurements: each figure beside the one that was found, and by how much it is wrong.

A file of measurements is JSON: `{"points": [...]}`, a point being `{"name", "nodes", "rate" (0: saturated), "sets" (of
assumptions: `bench`, `embedded`), "assume": {name: value}, "found": {figure: value}}`. Instead of a point, or as the
whole file, a report of `smsgwd bench smpp` may stand as it was printed. `node_us` is CPU of all nodes
together, by message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from smsgwd.simulator.scale_model import ModelOptions, Result, simulate

#: What our load and SMSC are, of which a report does not tell: peers on the same machine, who answer at once.
BENCH: Final[Mapping[str, float]] = {
    "rtt_ms": 0.1, "replicas": 0, "smsc_p50_ms": 0.1, "smsc_p99_ms": 0.3, "receipt_delay_ms": 0.1, "client_rtt_ms": 0.2,
    "connectors": 1, "tick_ms": 2, "until_answer": 1,
}  # fmt: skip
#: The embedded store: nothing leaves the process, commits cost less.
EMBEDDED: Final[Mapping[str, float]] = {
    "change_us": 4, "commit_us": 350, "commits_under_way": 1, "core_share": 1, "rtt_ms": 0, "server_turn_us": 0,
    "server_commit_us": 0, "server_change_us": 0, "server_look_us": 0, "server_lease_us": 0, "server_peer_us": 0,
    "reads_before_commit": 0, "fsync_p50_ms": 0.2, "fsync_p99_ms": 1,
}  # fmt: skip
_SETS: Final = {"bench": BENCH, "embedded": EMBEDDED}
FIGURES: Final = ("messages_per_s", "node_us", "server_us", "accept_p50_ms", "accept_p99_ms")
_NO_SERVER: Final = "server_us"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one point."""

    point: str
    figure: str
    found: float
    model: float

    @property
    def error(self) -> float:
        """The model's, as a share of what was found."""
        return self.model / self.found - 1


def compare(measured: Any, options: ModelOptions) -> list[Compared]:
    """The model for each point, beside what was found. Raises ValueError for a file that says nothing of the kind."""
    result: list[Compared] = []
    for point in _points(measured):
        assume: dict[str, float] = {}
        for name in point["sets"]:
            if name not in _SETS:
                raise ValueError(f"{point['name']}: no such set: {name}; there are {', '.join(_SETS)}")
            assume |= _SETS[name]
        assumed = options.assumed.changed((assume | point["assume"]).items())
        asked = replace(options, nodes=point["nodes"], rate=point["rate"], assumed=assumed)
        said = figures(simulate(asked))
        unknown = point["found"].keys() - said.keys()
        if unknown:
            raise ValueError(f"{point['name']}: the model has no figure {', '.join(sorted(unknown))}")
        result += [
            Compared(point["name"], name, point["found"][name], said[name])
            for name in FIGURES
            if point["found"].get(name)
        ]
    return result


def figures(result: Result) -> dict[str, float]:
    """What can be compared."""
    accept = result.latency_ms["accept"]
    return dict(
        zip(
            FIGURES,
            (result.messages_per_s, result.node_us, result.server_us, accept["p50"], accept["p99"]),
            strict=True,
        )
    )


def markdown(compared: Sequence[Compared]) -> str:
    """A table: a line a point; found, what the model says, its error."""
    named = {"messages_per_s": "messages/s", "node_us": "node µs", "server_us": "server µs"}
    named |= {"accept_p50_ms": "accept p50 ms", "accept_p99_ms": "p99 ms"}
    lines = [f"| measured | {' | '.join(named[name] for name in FIGURES)} |", "|---|" + "---|" * len(FIGURES)]
    known = {(each.point, each.figure): each for each in compared}
    for point in dict.fromkeys(each.point for each in compared):
        told = []
        for name in FIGURES:
            each = known.get((point, name))
            told.append(
                "" if each is None else f"{_short(each.found)} → {_short(each.model)} ({each.error * 100:+.0f} %)"
            )
        lines.append(f"| {point} | {' | '.join(told)} |")
    return "\n".join(lines) + "\n"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _points(measured: Any) -> list[dict[str, Any]]:
    if isinstance(measured, dict) and "points" in measured:
        found = measured["points"]
    else:
        found = measured if isinstance(measured, list) else [measured]
    try:
        points = [_of_report(each) if "summary" in each else _whole(each) for each in found]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not measurements: {error!r}") from None
    if not points:
        raise ValueError("no measurements")
    return points


def _whole(point: dict[str, Any]) -> dict[str, Any]:
    rest = {"name": point["name"], "found": dict(point["found"]), "nodes": int(point.get("nodes", 1))}
    return rest | {
        "rate": float(point.get("rate", 0)),
        "sets": list(point.get("sets", ("bench",))),
        "assume": dict(point.get("assume", {})),
    }


def _of_report(report: dict[str, Any]) -> dict[str, Any]:
    """A report of `smsgwd bench smpp`."""
    options, summary = report["options"], report["summary"]
    nodes, cpu = int(options.get("nodes", 1)), summary["cpu_us_per_message"]
    shared = bool(options["redis"])
    found = {
        "messages_per_s": summary["messages_per_s"],
        "node_us": cpu["gateway"],
        "accept_p50_ms": summary["accept_ms"]["p50"],
        "accept_p99_ms": summary["accept_ms"]["p99"],
    }
    if shared and "redis" in cpu:
        found[_NO_SERVER] = cpu["redis"]
    rate = float(options["rate"])
    return {
        "name": f"{nodes} node{'s' if nodes > 1 else ''}, {f'{rate:,.0f}/s' if rate else 'saturated'}"
        + ("" if shared else ", embedded store"),
        "nodes": nodes,
        "rate": rate,
        "sets": ["bench"] if shared else ["bench", "embedded"],
        "assume": {
            "binds": options["smsc_binds"],
            "bind_window": options["smsc_window"],
            "lives": options["binds"] * options["window"] / nodes,
            "lives_in_all": options["binds"] * options["window"],
        },
        "found": found,
    }
