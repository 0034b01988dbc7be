"""Answers of commands about messages, as a gateway gave them (texts replaced by what hurts where it is not escaped)."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told

BAD = "<script>alert(1)</script>"
#: The same as a page must have it.
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"
ID = "250491445726449665"
TARGET = "demo http://127.0.0.1:9"


def no_such(params: Any) -> Told:
    return Told("there is no message of that id")


def found(**more: Any) -> dict[str, Any]:
    """A row of `message find`."""
    return {
        "id": ID,
        "tenant": "demo",
        "from": "iSMS",
        "to": "30691***",
        "state": "delivered",
        "connector": "sim",
        "parts": 1,
        "smsc_id": "1795411413030325",
        "client_ref": None,
        "submitted_at": "2026-11-23T05:23:34.567Z",
        "done_at": "2026-11-23T05:23:34.874Z",
        "error": None,
        **more,
    }


def step(after_s: float, step: str, **more: Any) -> dict[str, Any]:
    """A step of `message trace`."""
    at = f"2026-11-23T05:23:{34.567 + after_s:06.3f}Z"
    row = {"connector": "", "status": "", "smsc_id": "", "ms": None, "detail": ""}
    return {"at": at, "after_s": after_s, "step": step, **row, **more}


def push(**more: Any) -> dict[str, Any]:
    """A row of `outbox show`."""
    return {
        "id": 1795411414229318,
        "message": ID,
        "type": "message.delivered",
        "target": TARGET,
        "url": "http://127.0.0.1:9/gone",
        "status": "pending",
        "attempts": 2,
        "created_at": "2026-11-23T05:23:34.874Z",
        "due_at": "2026-11-23T05:24:48.346Z",
        "done_at": None,
        "last_error": "Connection was refused by other side: 111: Connection refused.",
        **more,
    }


def trace(**more: Any) -> dict[str, Any]:
    """`message trace` of a message of three parts."""
    sim = {"connector": "sim", "status": "ESME_ROK"}
    return {
        "id": ID,
        "submission": "250491445726449664",
        "tenant": "demo",
        "came_by": "HTTP",
        "from": "iSMS",
        "to": "30691***",
        "client_ref": None,
        "state": "delivered",
        "held": False,
        "error": None,
        "parts": 3,
        "encoding": "gsm",
        "price": "0.1200",
        "connector": "sim",
        "tried": "",
        "attempts": 0,
        "submitted_at": "2026-11-23T05:23:34.567Z",
        "valid_until": "2026-11-25T05:23:34.567Z",
        "steps": [
            step(0.0, "accepted", detail="by HTTP, 3 parts gsm"),
            step(0.008, "submit_sm taken, part 3 of 3", smsc_id="1795411413030217", ms=2, **sim),
            step(0.031, "all parts taken", smsc_id="1795411413030215", ms=24, **sim),
            step(0.307, "receipt", connector="sim", smsc_id="1795411413030215", detail="2 (part 1 of 3)"),
            step(0.307, "part 1: delivered"),
            step(0.307, "ended: delivered"),
            step(0.307, "push owed: message.delivered", detail="http://127.0.0.1:9/gone"),
            step(0.307, "push pending: message.delivered", detail="1 failed attempt, the last: refused"),
        ],
        "pushes": [push()],
        **more,
    }


def shown(**more: Any) -> dict[str, Any]:
    """`message show` of a message of one part that waits for its receipt."""
    return {
        "id": ID,
        "tenant": "demo",
        "from": "iSMS",
        "to": "+30691***",
        "state": "sent",
        "connector": "sim",
        "tried": "",
        "attempts": 0,
        "parts": 1,
        "submitted_at": "2026-11-23T05:23:34.559Z",
        "deadline": "2026-11-25T05:23:34.559Z",
        "due_at": None,
        "held": False,
        "sent_at": "2026-11-23T05:23:34.625Z",
        "done_at": None,
        "error": None,
        "events": [
            {"at": "2026-11-23T05:23:34.559Z", "type": "accepted"},
            {"at": "2026-11-23T05:23:34.580Z", "type": "retry", "connector": "sim", "smpp_status": 0x58},
            {
                "at": "2026-11-23T05:23:34.625Z",
                "type": "sent",
                "connector": "sim",
                "smsc_id": "1795411413030266",
                "latency_ms": 16,
            },
        ],
        **more,
    }


def dlr_status(**more: Any) -> dict[str, Any]:
    """`dlr status`."""
    ages = {"<10s": 2, "<1m": 32, "<5m": 0, "<15m": 0, "<1h": 0, "<6h": 0, "<1d": 0, "older": 0}
    return {
        "sent_without_receipt": 34,
        "counted": 34,
        "parked": 24,
        "orphans": 2,
        "connectors": [{"connector": "sim", **ages, "waiting": 34, "oldest_s": 25}],
        **more,
    }


def orphan(**more: Any) -> dict[str, Any]:
    """A row of `dlr orphans`."""
    return {
        "id": 7,
        "received_at": "2026-11-23T05:23:34.874Z",
        "connector": "sim",
        "group": "127.0.0.1:gw",
        "smsc_id": "91795411413030333",
        "status": "DELIVRD",
        "error": "000",
        **more,
    }
