"""A person is forgotten in the archive: what `smsgwd.store.erasure` says, on a message that ended."""

from __future__ import annotations

import msgspec

from smsgwd.store.archive.row import ArchivedRow, archived, copy_of
from smsgwd.store.copying.records import Event, MessageCopy
from smsgwd.store.erasure import about, without
from smsgwd.store.rows import PartRow


def forgotten(row: ArchivedRow, msisdn: str) -> ArchivedRow | None:
    """The row without what tells of the number (digits); None where it is not about it. What the message is found by
    (SMSC ids) stays as it is."""
    copy = copy_of(row)
    if not about(copy.message, msisdn):
        return None
    return archived(_without(copy, msisdn))


def _without(copy: MessageCopy, msisdn: str) -> MessageCopy:
    message = without(copy.message, msisdn)
    message.body = b""
    if message.dlr_url is not None and msisdn in message.dlr_url:
        message.dlr_url = None
    return msgspec.structs.replace(
        copy,
        message=message,
        err_detail=_word(copy.err_detail, msisdn),
        parts=[_part(part, msisdn) for part in copy.parts],
        events=[_event(event) for event in copy.events],
        ref=None,
    )


def _word(detail: str | None, msisdn: str) -> str | None:
    return "" if detail is not None and msisdn in detail else detail


def _part(part: PartRow, msisdn: str) -> PartRow:
    return msgspec.structs.replace(part, err_detail=_word(part.err_detail, msisdn))


def _event(event: Event) -> Event:
    at, kind, _, connector, smsc_id, status, latency = event
    return at, kind, "", connector, smsc_id, status, latency
