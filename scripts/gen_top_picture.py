"""Write docs/plots/top.svg: the screen of `smsgwctl top` with figures that are made up. Not compared by tests: each
release of textual draws a little differently."""

from __future__ import annotations

import asyncio
import math
import re
import sys
from pathlib import Path
from typing import Any

from smsgwd.cli.top_figures import STAGES
from smsgwd.cli.top_screen import TopScreen

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "plots" / "top.svg"
_BOUNDS = [0.001, 0.005, 0.02, 0.1, 0.5]


class _Shown:
    """A daemon with some traffic."""

    def __init__(self) -> None:
        self._at = 0
        self._sent = 0.0

    def __call__(self, noun: str, verb: str, params: dict[str, str]) -> Any:
        self._at += 1
        rate = 900 + 250 * math.sin(self._at / 5) + 120 * math.sin(self._at * 1.7)
        self._sent += rate
        sent = self._sent
        spread = {"bounds": _BOUNDS, "counts": [sent * share for share in (0.1, 0.5, 0.3, 0.09, 0.01, 0)]}
        return {
            "node": "gw1",
            "version": "0.1.0",
            "phase": "running",
            "at": self._at,
            "uptime_s": 86_400 * 12 + self._at,
            "counters": {
                "accepted": sent,
                "submitted": sent * 0.99,
                "receipts": sent * 0.95,
                "final_delivered": sent * 0.93,
                "final_undelivered": sent * 0.02,
                "pushed": sent * 0.95,
                "refused": sent * 0.004,
            },
            "latency": dict.fromkeys((*STAGES, "commit", "lag"), spread),
            "connectors": [
                self._connector("carrier-gr", 0.6, spread),
                self._connector("carrier-it", 0.39, spread, rate=400.0, queued=1_830, oldest_s=14.0),
                self._connector("backup", 0.0, spread, state="paused", up=False),
                self._connector("carrier-cy", 0.0, spread, up=False, bound=0, queued=412, oldest_s=340.0),
            ],
            "strays": [],
            "tenants": [
                {
                    "tenant": name,
                    "accepted": sent * share,
                    "scheduled": 0,
                    "delivered": sent * share * 0.93,
                    "failed": sent * share * 0.02,
                    "cancelled": 0,
                }
                for name, share in (("shop", 0.5), ("bank", 0.3), ("clinic", 0.2))
            ],
            "store": {
                "healthy": True,
                "disk_free": 82_000_000_000,
                "queued": 2_242,
                "scheduled": 51_000,
                "held": 0,
                "sent": 8_410,
                "outbox_pending": 63,
                "outbox_dead": 0,
                "orphans": 2,
            },
        }

    def _connector(self, name: str, share: float, spread: Any, **fields: Any) -> dict[str, Any]:
        sent = self._sent * share
        return {
            "id": name,
            "up": True,
            "state": "on",
            "ready": 0,
            "sent": sent,
            "refused": sent * 0.003,
            "receipts": sent * 0.95,
            "throttled": 0,
            "unknown": 0,
            "rate": 0.0,
            "suspended_s": 0.0,
            "bound": 2,
            "binds": 2,
            "window_used": 31 if share else 0,
            "window_open": 100,
            "last_error": "",
            "answer": spread if share else {"bounds": _BOUNDS, "counts": [0.0] * 6},
            "queued": 0,
            "oldest_s": 0.0,
            **fields,
        }


async def _drawn() -> str:
    screen = TopScreen(_Shown(), 0.01)
    async with screen.run_test(size=(132, 24)) as pilot:
        await pilot.pause(2)
        return screen.export_screenshot(title="smsgwctl top")


def main() -> int:
    """Write the picture."""
    text = asyncio.run(_drawn())
    text = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", text, flags=re.DOTALL)  # nothing is fetched from elsewhere
    TARGET.write_text("\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
