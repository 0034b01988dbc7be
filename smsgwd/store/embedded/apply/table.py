"""Which function applies which kind of change in this store, and what a transaction's changes need read in advance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from smsgwd.delivery.correlation import likeliest
from smsgwd.model import business, operators, upkeep
from smsgwd.model.changes import Change, PartSent, Result, Submit, TakeReceipt
from smsgwd.model.message import Message
from smsgwd.store.apply import table
from smsgwd.store.apply.optout import opted_out
from smsgwd.store.apply.receipts import ALIKE
from smsgwd.store.embedded.apply import audit, erase, links, lookups, records, repush, retention, tenants
from smsgwd.store.embedded.work import Work

_NOTHING: Final[dict[str, tuple[int, int]]] = {}
TABLE: Final[dict[type, Callable[[Work, Any], Result]]] = {
    **table.SHARED,
    business.PutTenant: tenants.put_tenant,
    business.PutRecord: records.put_record,
    business.DropRecord: records.drop_record,
    business.Click: links.click,
    business.PutLookups: lookups.put_lookups,
    upkeep.Purge: retention.purge,
    upkeep.PurgeIds: retention.purge_ids,
    upkeep.PurgeLeftovers: retention.purge_leftovers,
    upkeep.BlankTexts: retention.blank_texts,
    upkeep.DropArchived: retention.drop_archived,
    upkeep.Erase: erase.erase,
    upkeep.EraseRest: erase.erase_rest,
    operators.PutAudit: audit.put_audit,
    operators.PurgeAudit: audit.purge_audit,
    operators.DropFinals: audit.drop_finals,
    operators.Repush: repush.repush,
}

#: `apply(work, batch)`: one result a change, in order. What is pending is written by `work.flush`.
apply: Final = partial(table.apply, TABLE)


def prefetch(work: Work, batches: Sequence[Sequence[Change]]) -> None:
    """Read in a few statements what the frequent changes of a transaction will need and is not known."""
    rows, ids = work.memory.rows, work.memory.ids
    unknown: set[int] = set()
    pairs: dict[tuple[str, str], None] = {}
    for batch in batches:
        for change in batch:
            kind = type(change)
            if kind is PartSent:
                message_id = change.message_id  # type: ignore[union-attr]
                if message_id not in rows:
                    unknown.add(message_id)
            elif kind is TakeReceipt:
                receipt = change.receipt  # type: ignore[union-attr]
                group = receipt.group
                known = ids.get(group, _NOTHING)
                found = known.get(receipt.smsc_id) if receipt.id_format in ALIKE else None
                if found is None:
                    key = likeliest(receipt.smsc_id, receipt.id_format)
                    found = known.get(key)
                    if found is None:
                        pairs[group, key] = None
                        continue
                if found[0] not in rows:
                    unknown.add(found[0])
    if work.memory.opted:
        opted_out(work, _submitted(batches))
    if unknown:
        work.prefetch(sorted(unknown))
    if pairs:
        work.prefetch_smsc([word for pair in pairs for word in pair])


def _submitted(batches: Sequence[Sequence[Change]]) -> Iterator[Message]:
    for batch in batches:
        for change in batch:
            if isinstance(change, Submit):
                yield from change.messages
