"""Figures of a bench run: percentiles, joins of the records, facts of the machine, the readable table."""

import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from smsgwd import __version__
from smsgwd.simulator.record import PushLine, SubmitLine
from smsgwd.simulator.submissions import number_of

BUSY_SHARE = 0.7  # above this share of a core, simulator, catcher or load are measured instead of the gateway


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max of latencies, in ms; zeros when there are none."""
    ordered = sorted(seconds)
    if not ordered:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    last = len(ordered) - 1
    return {
        "p50": round(ordered[int(last * 0.50)] * 1000, 2),
        "p99": round(ordered[int(last * 0.99)] * 1000, 2),
        "max": round(ordered[last] * 1000, 2),
    }


def push_latencies(submits: Sequence[SubmitLine], pushes: Sequence[PushLine], first: int) -> list[float]:
    """Seconds from when a receipt could leave the SMSC (a message's last part) to its first push, numbers from `first`.

    The clocks are those of one machine; a push that seems to come before its receipt counts as 0.
    """
    due: dict[int, float] = {}
    for line in submits:
        number = number_of(line.dest)
        due[number] = max(due.get(number, 0.0), line.due)
    arrived: dict[int, float] = {}
    for push in pushes:
        arrived.setdefault(number_of(push.to), push.at)
    return [max(0.0, at - due[number]) for number, at in arrived.items() if number >= first and number in due]


def counts(
    accepted: dict[int, str], parts: int, submits: Sequence[SubmitLine], pushes: Sequence[PushLine]
) -> dict[str, int]:
    """How often what was seen; `accepted` maps numbers to message ids, `parts` are those that the answers promised."""
    at_smsc = Counter(number_of(line.dest) for line in submits)
    copies = Counter((line.dest, line.body, line.sar) for line in submits)
    pushed = {push.id for push in pushes if 200 <= push.status < 300}
    return {
        "accepted": len(accepted),
        "parts": parts,
        "smsc_unique": len(at_smsc),
        "smsc_parts": len(copies),
        "smsc_duplicates": sum(copies.values()) - len(copies),
        "smsc_unexpected": len(at_smsc.keys() - accepted.keys()),
        "pushed_unique": len(pushed),
        "push_repeats": len(pushes) - len({push.webhook_id for push in pushes}),
        "lost": len(accepted.keys() - at_smsc.keys()),
        "never_pushed": len(set(accepted.values()) - pushed),
    }


def is_exact(found: dict[str, int]) -> bool:
    """Nothing lost, nothing twice, nothing that nobody sent."""
    wrong = ("smsc_duplicates", "smsc_unexpected", "push_repeats", "lost", "never_pushed")
    return (
        not any(found[name] for name in wrong)
        and found["smsc_parts"] == found["parts"]
        and found["pushed_unique"] == found["accepted"]
    )


def is_valid(shares: Mapping[str, float]) -> bool:
    """True when the peers had time to spare: `shares` are cores kept busy, by process."""
    return all(share <= BUSY_SHARE for name, share in shares.items() if name != "gateway")


def machine() -> dict[str, Any]:
    """What the figures were taken on; `calibration_ms` is the time of a fixed Python loop, since hosts vary."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "build": " ".join(platform.python_build()),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": model,
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "calibration_ms": calibration_ms(),
        "smsgwd": __version__,
    }


def calibration_ms() -> float:
    """The best of three runs of a fixed loop, in ms of CPU."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        total = 0
        for number in range(1_000_000):
            total += number & 0xFF
        best = min(best, time.process_time() - begun)
    return round(best * 1000, 1)


def summary(runs: Sequence[dict[str, Any]], latencies: Sequence[str] = ("accept_ms", "push_ms")) -> dict[str, Any]:
    """The medians of the runs' main figures; `latencies` names those that have percentiles."""
    return {
        "messages_per_s": round(median(run["messages_per_s"] for run in runs), 1),
        **{name: _middle(runs, name) for name in latencies},
        "cpu_us_per_message": _middle(runs, "cpu_us_per_message"),
        "rss_peak_mb": round(median(run["rss_peak_mb"] for run in runs), 1),
        "exact": all(run["exact"] for run in runs),
        "valid": all(run["valid"] for run in runs),
    }


def _middle(runs: Sequence[dict[str, Any]], name: str) -> dict[str, float]:
    return {key: round(median(run[name][key] for run in runs), 2) for key in runs[0][name]}


def table(
    runs: Sequence[dict[str, Any]],
    latencies: Sequence[str] = ("accept_ms", "push_ms"),
    peers: Mapping[str, str] = MappingProxyType({"smsc": "smsc", "webhook": "sink", "load": "load"}),
) -> str:
    """The runs, readable; `peers` are the processes beside the gateway and how they are called."""
    head = f"{'run':>3} {'msg/s':>8}"
    for name in latencies:
        title = f"{name.removesuffix('_ms')} ms p50/p99"
        head += f" {title:>18}"
    head += f" {'gateway us':>10}" + "".join(f" {title + ' us':>8}" for title in peers.values())
    rows = [f"{head} {'RSS MB':>7}  exact valid"]
    for number, run in enumerate(runs, 1):
        cpu = run["cpu_us_per_message"]
        row = f"{number:>3} {run['messages_per_s']:>8.0f}"
        for name in latencies:
            both = f"{run[name]['p50']:.1f} / {run[name]['p99']:.1f}"
            row += f" {both:>{max(18, len(name) + 9)}}"
        row += f" {cpu.get('gateway', 0.0):>10.0f}" + "".join(f" {cpu.get(name, 0.0):>8.1f}" for name in peers)
        row += f" {run['rss_peak_mb']:>7.1f}  {'yes' if run['exact'] else 'NO':<5} {'yes' if run['valid'] else 'NO'}"
        rows.append(row)
    return "\n".join(rows)
