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


def node(name: str, **fields: Any) -> dict[str, Any]:
    """A node that lives and has told its figures."""
    return {
        "node": name,
        "here": False,
        "state": "up",
        "host": "h1",
        "pid": 7,
        "version": "0.1.0",
        "since": "2026-11-22T18:45:37.597Z",
        "lease_s": 0.3,
        "told_s": 0.3,
        "binds": 2,
        "bound": 2,
        "accepted_s": 10.0,
        "sent_s": 9.0,
        "receipts_s": 8.0,
        "delivered_s": 7.0,
        "failed_s": 1.0,
        "pushed_s": 6.0,
        "refused_s": 0.0,
        "claimed": 12345.0,
        "in_flight": 3.0,
        "cpu": 0.25,
        "roles": ["sweeps"],
        **fields,
    }


def lost(name: str) -> dict[str, Any]:
    """A node without a lease."""
    unknown = dict.fromkeys(key for key in node(name) if key.endswith("_s") or key in ("bound", "claimed", "cpu"))
    return node(name, **unknown, state="lost", binds=0, roles=[], in_flight=None)
