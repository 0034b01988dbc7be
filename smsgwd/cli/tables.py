"""Data of the admin socket as tables for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

# What a terminal obeys instead of showing it: control characters, marks of direction; and halves of characters.
_OBEYED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_AMOUNT: Final = re.compile(r"-?[0-9]+\.[0-9]+")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Aligned columns with a header, from rows with the same keys; numbers and amounts to the right."""
    if not rows:
        return "(none)"
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    right = [_countable([row.get(name) for row in rows]) for name in names]
    lines = [names, *cells]
    return "\n".join(
        "  ".join(
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def render(noun: str, data: Any) -> str:
    """What a person sees of an answer: `status` has a form of its own, the rest is tables and `key: value`
    lines."""
    if noun == "status" and isinstance(data, dict) and "connectors" in data:
        return _status(data)
    return _any(data)


def harmless(text: str, kept: str = "") -> str:
    """Text that others have written, for a terminal: what would move the cursor or change what stands there is shown as
    `\\x1b`, but for the characters of `kept`."""
    return _OBEYED.sub(lambda found: found[0] if found[0] in kept else repr(found[0])[1:-1], text)


def progress(data: dict[str, Any]) -> str:
    """How far a piece of work is, from its `done` and `total` (0 = not known)."""
    done, total = data["done"], data["total"]
    return f"{done} of {total} ({100 * done // total} %)" if total else f"{done} so far"


def _countable(column: Sequence[Any]) -> bool:
    """True for a column of numbers or amounts (which come as texts); some may not be there."""
    there = [value for value in column if value not in (None, "-", "none")]
    return bool(there) and all(
        _AMOUNT.fullmatch(value) is not None
        if isinstance(value, str)
        else isinstance(value, int | float) and not isinstance(value, bool)
        for value in there
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "(none)" if not value else ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return progress(value) if value.keys() == {"done", "total"} else harmless(json.dumps(value, ensure_ascii=False))
    return harmless(str(value))


def _nested(value: Any) -> bool:
    """True for what is no cell of a table: rows of their own."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def _any(data: Any) -> str:
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return table([{k: v for k, v in row.items() if not _nested(v)} for row in data])
    if isinstance(data, dict):
        lines = []
        tables = []
        for key, value in data.items():
            if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
                tables.append(f"\n{key}:\n{table(value)}")
            elif isinstance(value, dict):
                lines += [f"{key} {name}: {_cell(each) or '-'}" for name, each in value.items()]
            else:
                lines.append(f"{key}: {_cell(value) or '-'}")
        return "\n".join(lines + tables)
    return harmless(data, "\r\n\t") if isinstance(data, str) else _cell(data)


def _status(data: dict[str, Any]) -> str:
    store = data["store"]
    lines = [
        f"smsgwd {data['version']}  node {data['node']}  {data['phase']}  up {data['uptime_s']:.0f} s",
        "listening: "
        + "; ".join(f"{name} {', '.join(addresses)}" for name, addresses in data["listeners"].items() if addresses),
        f"store: {'ok' if store['healthy'] else 'CANNOT WRITE: submissions are refused'}",
    ]
    if workers := data.get("http_workers"):
        lines.append(f"HTTP workers: {workers['up']} of {workers['of']} up, process ids {_cell(workers['pids'])}")
    if "error" in store:
        lines.append(f"store figures: {store['error']}")
    else:
        held = f"held for a decision {store['held']}, " if store.get("held") else ""
        lines.append(
            f"scheduled or waiting {store['scheduled']}, {held}sent without receipt {store['sent_without_receipt']}, "
            f"pushes pending {store['outbox_pending']} (given up {store['outbox_dead']}), "
            f"receipts parked {store['parked']} (orphans {store['orphans']})"
        )
    queues = {queue["connector"]: queue for queue in store.get("queues", ())}
    rows = [
        {
            "connector": row["id"],
            "kind": row["kind"],
            "up": row["up"],
            "queued": queues.get(row["id"], {}).get("queued", 0),
            "in flight": row["in_flight"],
            "sent": row["sent"],
            "refused": row["refused"],
            "receipts": row["receipts"],
            "binds": " ".join(f"{bind['state']}({bind['window_used']}/{bind['window']})" for bind in row["binds"]),
        }
        for row in data["connectors"]
    ]
    errors = [
        f"{row['id']} bind {bind['index']}: {_cell(bind['last_error'])}"
        for row in data["connectors"]
        for bind in row["binds"]
        if bind["last_error"] and bind["state"] != "bound"
    ]
    for row in data["connectors"]:
        if row["suspended_s"]:
            errors.append(f"{row['id']}: suspended for another {row['suspended_s']:.0f} s")
        if row["rate"]:
            errors.append(f"{row['id']}: sends {row['rate']:.1f} parts a second at most")
    return "\n".join([*lines, "", table(rows), *errors])
