"""The body of a receipt push (docs/contract.md, 'Receipt push to a dlr_url')."""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.timespec.rfc3339 import format_epoch_ms

MAX_BATCH = 256 * 1024
"""Longest body of coalesced receipts, bytes."""


class _Error(msgspec.Struct, frozen=True, gc=False):
    code: str
    detail: str
    smpp_status: int | msgspec.UnsetType = msgspec.UNSET


class _Push(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str
    to: str
    from_: str = msgspec.field(name="from")
    client_ref: str | None
    state: str
    error: _Error | None
    submitted_at: str
    done_at: str | None
    parts: int


_PUBLIC = {state: state.public for state in State}
_encode = msgspec.json.Encoder().encode


def _error(failure: Failure) -> _Error:
    status = failure.smpp_status
    return _Error(failure.code, failure.detail, msgspec.UNSET if status is None else status)


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return format_epoch_ms(seconds * 1000)[:-4]


def time_of(milliseconds: int) -> str:
    """RFC 3339; the times of neighbouring pushes share their seconds, so those are kept."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}{rest:03d}Z"


def body_of(item: OutboxItem) -> bytes:
    """The JSON of one push: ids as strings (63 bits do not fit a JavaScript number), times RFC 3339 in UTC."""
    return _encode(
        _Push(
            item.type,
            str(item.message_id),
            item.dest,
            item.source,
            item.client_ref,
            _PUBLIC[item.state],
            None if item.error is None else _error(item.error),
            time_of(item.submitted_at),
            None if item.done_at is None else time_of(item.done_at),
            item.parts,
        )
    )


def batch_of(items: Iterable[OutboxItem]) -> tuple[bytes, int]:
    """The JSON of coalesced receipts, and how many are in it: at least one, and no more than fit into MAX_BATCH.

    Each is the object of a single push and its `webhook_id`, by which the tenant knows it in whatever company.
    """
    size = 64
    receipts: list[bytes] = []
    for item in items:
        receipt = b'{"webhook_id":"msg_%d",%b' % (item.id, body_of(item)[1:])
        size += len(receipt) + 1
        if size > MAX_BATCH and receipts:
            break
        receipts.append(receipt)
    return b'{"type":"batch","receipts":[%b]}' % b",".join(receipts), len(receipts)
