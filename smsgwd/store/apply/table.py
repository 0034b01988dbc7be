"""Which function applies which kind of change that all stores have in common, and how changes are applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from smsgwd.model import business, changes, operators, pushes, spooled, upkeep
from smsgwd.model.changes import Change, Result
from smsgwd.store.apply import (
    mo,
    money,
    operate,
    optout,
    orphans,
    outbox,
    receipts,
    schedule,
    sending,
    submit,
    sweeps,
    ways,
)
from smsgwd.store.apply.spooled import submit_spooled
from smsgwd.store.work import Work

_Work = TypeVar("_Work", bound=Work)

SHARED: Final[dict[type, Callable[[Work, Any], Result]]] = {
    changes.Submit: submit.submit,
    spooled.SubmitSpooled: submit_spooled,
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
    business.Book: money.book,
    business.Reschedule: schedule.reschedule,
    business.Unhold: schedule.unhold,
    business.Push: outbox.push,
    operators.Hold: operate.hold,
    operators.Discard: operate.discard,
}


def apply(table: Mapping[type, Callable[[_Work, Any], Result]], work: _Work, batch: Sequence[Change]) -> list[Result]:
    """Apply the changes of a batch in order, each by its function in `table`; one result a change."""
    return [table[type(change)](work, change) for change in batch]
