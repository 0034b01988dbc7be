"""Figures of a bench run: percentiles, facts of the machine, the readable table."""

import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from smsgwd import __version__

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


def between(begins: Sequence[float], ends: Sequence[float], first: int) -> list[float]:
    """Seconds between two arrays' times where both are known (not 0), from number `first`."""
    return [max(0.0, end - begin) for begin, end in zip(begins[first:], ends[first:], strict=False) if begin and end]


def is_valid(shares: Mapping[str, float]) -> bool:
    """True when the peers had time to spare: `shares` are cores kept busy, by process."""
    return all(share <= BUSY_SHARE for name, share in shares.items() if name not in ("gateway", "workers"))


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


def summary(runs: Sequence[dict[str, Any]], latencies: Sequence[str]) -> dict[str, Any]:
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
    latencies: Sequence[str],
    peers: Mapping[str, str],
) -> str:
    """The runs, readable; `peers` are the processes beside the gateway and how they are called."""
    if any("workers" in run["cpu_us_per_message"] for run in runs):
        peers = {"workers": "workers", **peers}
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
