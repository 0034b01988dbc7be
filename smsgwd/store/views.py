"""A message as its tenant sees it, with its history and parts, made of what a store keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from smsgwd.model.message import EventView, MessageView, PartView
from smsgwd.store.rows import STATES, PartRow, failure_from


def whole_view(
    view: MessageView, latency_ms: int | None, stored: Iterable[EventView], known: Mapping[int, PartRow]
) -> MessageView:
    """The view with its events and parts: `stored` are the exceptional events in the order they were kept, `known` what
    is kept of the parts of a message of several, by number; `latency_ms` is the message's own."""
    return msgspec.structs.replace(
        view, events=_events(view, latency_ms, stored), parts=_parts(view, latency_ms, known)
    )


def _parts(view: MessageView, latency_ms: int | None, known: Mapping[int, PartRow]) -> tuple[PartView, ...]:
    """Every part, also those no SMSC has seen; for a message of one part the message's own columns tell it."""
    whole = view.message
    if whole.parts == 1:
        return (PartView(1, view.smsc_id, whole.state, view.sent_at, view.done_at, view.error, latency_ms),)
    # A part the SMSC never had is open, or ended with its message.
    done_at = view.done_at if whole.state.final else None
    return tuple(
        PartView(number, None, whole.state, None, done_at) if number not in known else _part(known[number])
        for number in range(1, whole.parts + 1)
    )


def _part(row: PartRow) -> PartView:
    error = failure_from(row.err_code, row.err_detail, row.err_smpp)
    return PartView(row.part, row.smsc_id, STATES[row.state], row.sent_at, row.done_at, error, row.latency)


def _events(view: MessageView, latency_ms: int | None, stored: Iterable[EventView]) -> tuple[EventView, ...]:
    """The history: stored events, and the ordinary ones that the message's columns tell (of its last way)."""
    whole = view.message
    events = [(whole.submitted_at, 0, EventView(whole.submitted_at, "accepted"))]
    for event in stored:
        late = view.done_at is not None and event.at > view.done_at
        events.append((event.at, 5 if late else 3 if event.type == "receipt" else 1, event))
    if view.sent_at is not None:
        sent = EventView(view.sent_at, "sent", connector=whole.connector, smsc_id=view.smsc_id, latency_ms=latency_ms)
        events.append((view.sent_at, 2, sent))
    if view.done_at is not None and whole.state.final:
        error = view.error
        detail = "" if error is None else ": ".join(filter(None, (error.code, error.detail)))
        final = EventView(
            view.done_at, whole.state.public, detail, smpp_status=None if error is None else error.smpp_status
        )
        events.append((view.done_at, 4, final))
    events.sort(key=lambda event: event[:2])
    return tuple(event for _, _, event in events)
