"""`smsgwctl top` as text: the head of its screen, and the whole of it for `--once`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smsgwd.cli.tables import cell, harmless
from smsgwd.cli.top_figures import (
    CONNECTORS,
    NODES,
    QUEUES,
    STAGES,
    TENANTS,
    History,
    Sample,
    age,
    count,
    duration,
    spark,
)

_SHOWN = ("accepted", "sent", "receipts", "delivered", "failed", "pushed", "refused")
_SPARK = 30
_FIGURE = len("delivered 1234567.8/s ")
_BETWEEN = len("   ")


def head(sample: Sample, history: History, width: int = 0) -> list[str]:
    """The lines above the tables: what it is, rates with their history, latencies, what waits.

    On a screen `width` characters wide none is longer than that: what does not fit goes on the next line. 0 = no limit.
    """
    now = sample.now
    store = now["store"]
    rates = sample.rates()
    here = [row for row in now["connectors"] if not row.get("elsewhere")]
    up = sum(bool(row["up"]) for row in here)
    free = "" if store.get("disk_free") is None else f", disk free {_bytes(store['disk_free'])}"
    lines = _filled(
        [
            f"smsgwd {cell(now['version'])}",
            _who(sample),
            cell(now["phase"]),
            f"up {age(now['uptime_s'])}",
            f"connectors {up}/{len(here)} up",
            ("store ok" if store["healthy"] else "STORE CANNOT WRITE") + free,
        ],
        width,
    )
    places = _SPARK if not width else max(1, min(_SPARK, (width - _BETWEEN) // 2 - _FIGURE))
    for at in range(0, len(_SHOWN), 2):
        pair = _SHOWN[at : at + 2]
        lines.append("   ".join(f"{name:>9} {rates[name]:9.1f}/s {spark(history.of(name), places)}" for name in pair))
    told = sample.latencies()
    lines += _filled(
        [
            "latency (half/99%):",
            *(
                f"{stage} {'-' if (found := told[stage]) is None else f'{duration(found[0])}/{duration(found[1])}'}"
                for stage in STAGES
            ),
        ],
        width,
    )
    if "error" in store:
        lines.append(f"store: {harmless(str(store['error']))}")
    else:
        lines += _filled(
            [
                f"queued {count(store['queued'])}",
                f"scheduled {count(store['scheduled'])}",
                f"held {count(store['held'])}",
                f"waiting for a receipt {count(store['sent'])}",
                f"pushes {count(store['outbox_pending'])} (given up {count(store['outbox_dead'])})",
                f"orphans {count(store['orphans'])}",
            ],
            width,
        )
    return lines


def _who(sample: Sample) -> str:
    """Whose figures these are."""
    nodes = sample.now.get("nodes", ())
    if not nodes:
        return f"node {cell(sample.now['node'])}"
    lost = sum(row["state"] == "lost" for row in nodes)
    others = f"{len(nodes)} nodes" + (f", {lost} LOST" if lost else "")
    return f"all of {others}" if sample.cluster else f"node {cell(sample.now['node'])} of {others}"


def _filled(parts: Sequence[str], width: int) -> list[str]:
    """As many in a line as fit, two spaces between; the lines that follow are set in."""
    lines = [parts[0]]
    for part in parts[1:]:
        gap = " " if lines[-1].endswith(":") else "  "
        if width and len(lines[-1]) + len(gap) + len(part) > width:
            lines.append(f"  {part}")
        else:
            lines[-1] += gap + part
    return lines


def whole(sample: Sample, history: History) -> str:
    """Everything, as `--once` prints it."""
    parts = [*head(sample, history)]
    nodes = sample.nodes()
    for title, columns, rows in (
        *((("nodes", NODES, nodes),) if nodes else ()),
        ("connectors", CONNECTORS, sample.connectors()),
        ("queues", QUEUES, sample.queues()),
        ("tenants", TENANTS, sample.tenants()),
    ):
        parts += ["", *(_table(columns, rows) if rows else [f"no {title}"])]
    errors = [f"{row['id']}: {row['last_error']}" for row in sample.now["connectors"] if row["last_error"]]
    return "\n".join(parts + ([""] if errors else []) + [harmless(error) for error in errors])


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> list[str]:
    cells = [list(columns), *([harmless(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    first_right = 3 if columns is CONNECTORS else 4 if columns is NODES else 1
    return [
        "  ".join(
            text.ljust(width) if at < first_right else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
