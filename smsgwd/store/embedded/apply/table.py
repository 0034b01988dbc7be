"""Which function applies which kind of change, and how a transaction's changes are applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from smsgwd.delivery.correlation import likeliest
from smsgwd.model import changes
from smsgwd.model.changes import Change, PartSent, Result, TakeReceipt
from smsgwd.store.embedded.apply import outbox, receipts, sending, submit, sweeps, tenants
from smsgwd.store.embedded.work import Work

TABLE: Final[dict[type, Callable[[Work, Any], Result]]] = {
    changes.Submit: submit.submit,
    changes.PartSent: sending.part_sent,
    changes.Requeue: sending.requeue,
    changes.Fail: sending.fail,
    changes.GiveUp: sending.give_up,
    changes.Cancel: sending.cancel,
    changes.Replace: sending.replace,
    changes.TakeReceipt: receipts.take_receipt,
    changes.Expire: sweeps.expire,
    changes.TimeOutReceipts: sweeps.time_out_receipts,
    changes.Promote: sweeps.promote,
    changes.Tidy: sweeps.tidy,
    changes.Note: outbox.note,
    changes.TakeMo: outbox.take_mo,
    changes.OutboxRevive: outbox.outbox_revive,
    changes.OutboxDone: outbox.outbox_done,
    changes.OutboxRetry: outbox.outbox_retry,
    changes.OutboxDead: outbox.outbox_dead,
    changes.PutTenant: tenants.put_tenant,
}


def prefetch(work: Work, batches: Sequence[Sequence[Change]]) -> None:
    """Read in a few statements what the frequent changes of a transaction will need."""
    ids: dict[int, None] = {}
    keys: dict[str, dict[str, None]] = {}
    for batch in batches:
        for change in batch:
            kind = type(change)
            if kind is PartSent:
                ids[change.message_id] = None  # type: ignore[union-attr]
            elif kind is TakeReceipt:
                receipt = change.receipt  # type: ignore[union-attr]
                group = keys.get(receipt.group)
                if group is None:
                    group = keys[receipt.group] = {}
                group[likeliest(receipt.smsc_id, receipt.id_format)] = None
    if ids:
        work.prefetch(ids)
    for name, wanted in keys.items():
        work.prefetch_smsc(name, wanted)


def apply(work: Work, batch: Sequence[Change]) -> list[Result]:
    """Apply the changes of a batch in order; one result a change. What is pending is written by `work.flush`."""
    table = TABLE
    return [table[type(change)](work, change) for change in batch]
