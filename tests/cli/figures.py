"""Answers of `figures show` for tests of `top`."""

from __future__ import annotations

from typing import Any

BOUNDS = [0.01, 0.1, 1.0]


def spread(*counts: float) -> dict[str, list[float]]:
    """A histogram over BOUNDS and what is beyond."""
    return {"bounds": BOUNDS, "counts": list(counts) + [0.0] * (4 - len(counts))}


def connector(name: str, **fields: Any) -> dict[str, Any]:
    """A connector that works."""
    return {
        "id": name,
        "kind": "smpp",
        "up": True,
        "state": "on",
        "ready": 0,
        "in_flight": 0,
        "sent": 0,
        "refused": 0,
        "receipts": 0,
        "throttled": 0,
        "unknown": 0,
        "rate": 0.0,
        "suspended_s": 0.0,
        "bound": 2,
        "binds": 2,
        "window_used": 5,
        "window_open": 20,
        "last_error": "",
        "answer": spread(),
        "queued": 0,
        "oldest_s": 0.0,
        **fields,
    }


def figures(at: float, **fields: Any) -> dict[str, Any]:
    """The whole answer, `at` seconds on the daemon's clock."""
    return {
        "node": "n1",
        "version": "0.1.0",
        "phase": "running",
        "at": at,
        "uptime_s": at,
        "counters": {},
        "latency": {
            name: spread() for name in ("accept", "durable", "queue", "answer", "receipt", "push", "commit", "lag")
        },
        "connectors": [],
        "strays": [],
        "tenants": [],
        "store": {
            "healthy": True,
            "disk_free": 82_000_000_000,
            "used": 1,
            "free": 0,
            "queued": 0,
            "scheduled": 0,
            "held": 0,
            "sent": 0,
            "outbox_pending": 0,
            "outbox_dead": 0,
            "parked": 0,
            "orphans": 0,
        },
        **fields,
    }


def tenant(name: str, accepted: int = 0, delivered: int = 0, failed: int = 0) -> dict[str, Any]:
    """A tenant's counts."""
    return {
        "tenant": name,
        "accepted": accepted,
        "scheduled": 0,
        "delivered": delivered,
        "failed": failed,
        "cancelled": 0,
    }
