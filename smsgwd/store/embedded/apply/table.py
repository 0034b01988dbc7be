"""Which function applies which kind of change, and how a transaction's changes are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from smsgwd.delivery.correlation import likeliest
from smsgwd.model import business, changes, operators, pushes, upkeep
from smsgwd.model.changes import Change, PartSent, Result, Submit, TakeReceipt
from smsgwd.model.message import Message
from smsgwd.store.embedded.apply import (
    audit,
    erase,
    links,
    lookups,
    mo,
    money,
    operate,
    optout,
    orphans,
    outbox,
    receipts,
    records,
    repush,
    retention,
    schedule,
    sending,
    submit,
    sweeps,
    tenants,
    ways,
)
from smsgwd.store.embedded.work import Work

_NOTHING: Final[dict[str, tuple[int, int]]] = {}
TABLE: Final[dict[type, Callable[[Work, Any], Result]]] = {
    changes.Submit: submit.submit,
    changes.PartSent: sending.part_sent,
    changes.Requeue: sending.requeue,
    changes.Reroute: ways.reroute,
    changes.Fail: sending.fail,
    changes.GiveUp: sending.give_up,
    changes.Cancel: sending.cancel,
    changes.Replace: sending.replace,
    changes.TakeReceipt: receipts.take_receipt,
    changes.Expire: sweeps.expire,
    upkeep.TimeOutReceipts: sweeps.time_out_receipts,
    changes.Promote: sweeps.promote,
    upkeep.Tidy: sweeps.tidy,
    changes.Note: outbox.note,
    changes.TakeMo: mo.take_mo,
    changes.KeepMoPart: mo.keep_mo_part,
    changes.OptOut: optout.opt_out,
    upkeep.Rematch: orphans.rematch,
    upkeep.DropOrphans: orphans.drop_orphans,
    pushes.OutboxRevive: outbox.outbox_revive,
    pushes.OutboxDone: outbox.outbox_done,
    pushes.OutboxRetry: outbox.outbox_retry,
    pushes.OutboxDead: outbox.outbox_dead,
    business.PutTenant: tenants.put_tenant,
    business.Book: money.book,
    business.PutRecord: records.put_record,
    business.DropRecord: records.drop_record,
    business.Reschedule: schedule.reschedule,
    business.Unhold: schedule.unhold,
    business.Click: links.click,
    business.Push: outbox.push,
    business.PutLookups: lookups.put_lookups,
    upkeep.Purge: retention.purge,
    upkeep.PurgeIds: retention.purge_ids,
    upkeep.PurgeLeftovers: retention.purge_leftovers,
    upkeep.BlankTexts: retention.blank_texts,
    upkeep.Erase: erase.erase,
    upkeep.EraseRest: erase.erase_rest,
    operators.PutAudit: audit.put_audit,
    operators.PurgeAudit: audit.purge_audit,
    operators.DropFinals: audit.drop_finals,
    operators.Hold: operate.hold,
    operators.Discard: operate.discard,
    operators.Repush: repush.repush,
}


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
                found = known.get(receipt.smsc_id) if receipt.id_format in receipts.ALIKE else None
                if found is None:
                    key = likeliest(receipt.smsc_id, receipt.id_format)
                    found = known.get(key)
                    if found is None:
                        pairs[group, key] = None
                        continue
                if found[0] not in rows:
                    unknown.add(found[0])
    if work.memory.opted:
        optout.opted_out(work, _submitted(batches))
    if unknown:
        work.prefetch(sorted(unknown))
    if pairs:
        work.prefetch_smsc([word for pair in pairs for word in pair])


def _submitted(batches: Sequence[Sequence[Change]]) -> Iterator[Message]:
    for batch in batches:
        for change in batch:
            if isinstance(change, Submit):
                yield from change.messages


def apply(work: Work, batch: Sequence[Change]) -> list[Result]:
    """Apply the changes of a batch in order; one result a change. What is pending is written by `work.flush`."""
    table = TABLE
    return [table[type(change)](work, change) for change in batch]
