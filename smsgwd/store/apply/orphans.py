"""Receipts that no message was found for in time: tried again on demand, forgotten in the end."""

from __future__ import annotations

from smsgwd.delivery.correlation import EXACT, candidates, canonical, likeliest
from smsgwd.model.changes import Moved, Noted, Resent
from smsgwd.model.message import Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.receipts import Receipt
from smsgwd.model.upkeep import DropOrphans, Rematch, Rematched
from smsgwd.store.apply.receipts import apply_receipt, find_other, oldest_for
from smsgwd.store.rows import Row
from smsgwd.store.work import Work


def rematch(work: Work, change: Rematch) -> Rematched:
    """Look for the messages of orphans as `take_receipt` would; those found are applied and gone.

    Also by the forms of the id that the receipt's own setting leaves out: it may have been wrong. With `smsc_id` the
    others are passed over; `last` is the last one looked at, whether it was tried or not.
    """
    found = work.orphans(change.after, change.limit + 1)
    wanted = canonical(change.smsc_id) if change.smsc_id else ""
    outbox: list[OutboxItem] = []
    resent: list[Message] = []
    matched = 0
    tried, last = 0, change.after
    for orphan in found[: change.limit]:
        last, receipt = orphan.id, orphan.receipt
        if wanted and not _called(receipt, change.smsc_id, wanted):
            continue
        tried += 1
        place = _find(work, receipt, change.at)
        if place is None:
            continue
        matched += 1
        work.unpark(orphan.id)
        result = apply_receipt(work, *place, receipt)
        if isinstance(result, Resent):
            resent.append(result.message)
            outbox += result.outbox
        elif isinstance(result, (Moved, Noted)):
            outbox += result.outbox
    return Rematched(tried, matched, last, len(found) > change.limit, tuple(outbox), tuple(resent))


def _called(receipt: Receipt, smsc_id: str, stored: str) -> bool:
    """Whether its id is `smsc_id`, whose canonical form is `stored`."""
    return receipt.smsc_id == smsc_id if receipt.id_format == EXACT else canonical(receipt.smsc_id) == stored


def _find(work: Work, receipt: Receipt, at: int) -> tuple[Row, int] | None:
    """The message and place (`Work.map_smsc`); not one that is younger than the receipt and only has its id now."""
    found = work.by_smsc(receipt.group, likeliest(receipt.smsc_id, receipt.id_format))
    if found is None or receipt.received_at < oldest_for(found[0], at):
        forms = () if receipt.id_format == EXACT else candidates(receipt.smsc_id)
        found = find_other(work, receipt, forms)
    if found is None or receipt.received_at < oldest_for(found[0], at):
        return None
    return found


def drop_orphans(work: Work, change: DropOrphans) -> int:
    """Forget the oldest of those received before a time; how many."""
    return work.drop_orphans(change.before, change.limit)
