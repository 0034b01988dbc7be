"""One request on its way to a tenant: what it carries, and its body."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from smsgwd.model.outbox import OutboxItem
from smsgwd.notify.payload import batch_of, body_of
from smsgwd.notify.signing import batch_id_of, id_of
from smsgwd.notify.target import Lane


class Push(msgspec.Struct, gc=False):
    """A request for `item`, and in the same request for `more` (coalesced receipts; docs/receipt-push.md)."""

    lane: Lane
    item: OutboxItem
    suspect: bool  #: how its slot is counted
    probe: bool
    started: float  #: monotonic seconds
    more: Sequence[OutboxItem] = ()

    @property
    def items(self) -> tuple[OutboxItem, ...]:
        """All that it carries."""
        return (self.item, *self.more)


def receipt_request(push: Push) -> tuple[str, bytes]:
    """`webhook-id` and body of a push of receipts. What does not fit into one body goes back to the lane."""
    if push.more:
        try:
            body, count = batch_of(push.items)
        except Exception:
            count = 1  # one of them cannot be written: alone it fails alone
        if count <= len(push.more):
            push.lane.put_back(push.more[count - 1 :])
            push.more = push.more[: count - 1]
        if push.more:
            return batch_id_of(push.item.id, count), body
    return id_of(push.item.id), body_of(push.item)
