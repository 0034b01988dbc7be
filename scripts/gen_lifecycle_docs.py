"""Writes docs/lifecycle.md from the lifecycle table. `--check` exits 1 when the file differs."""

import sys
from pathlib import Path

from smsgwd.delivery.lifecycle import RECOVERY, TABLE, move
from smsgwd.model.message import State

TARGET = Path(__file__).resolve().parent.parent / "docs" / "lifecycle.md"

_HEAD = """# The life of a message

Made from `smsgwd/delivery/lifecycle.py` by `scripts/gen_lifecycle_docs.py`; do not edit.

Every accepted message ends in exactly one final state. A move that is not in the table is refused and changes nothing;
the first final state stands, whatever receipts come later.

`resent` takes the place of a receipt that says undelivered or rejected where the route has a second way: the message
begins anew on the next connector, stays paid, and its tenant hears of the last way only. A failure for which it
goes over to another connector before any carrier took it is `postponed`, mostly `due` at once.

"""


def document() -> str:
    """The page."""
    lines = [_HEAD, "```mermaid", "stateDiagram-v2"]
    lines += [
        f"    {state.name} --> {move(state, event).name}: {event.value}"
        for state, moves in TABLE.items()
        for event in moves
        if not event.value.startswith("receipt_")
    ]
    lines += [f"    {state} --> FINAL: receipt" for state in ("SENT", "QUEUED", "WAITING")]
    lines += [
        f"    note right of {state.name}: at a start, {RECOVERY[state].replace(';', ',')}"
        for state in State
        if not state.final
    ]
    lines += ["```", ""]
    lines += ["| durable state | tenants see | event → state | found at a start |", "|---|---|---|---|"]
    for state in State:
        moves = ", ".join(f"{event.value} → {after.name}" for event, after in TABLE[state].items()) or "(final)"
        lines.append(f"| {state.name} | `{state.public}` | {moves} | {RECOVERY[state]} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write, or check with --check."""
    text = document()
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.exists() and TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
