"""Which function applies which kind of change in this store, and what a transaction's changes need read in advance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from smsgwd.delivery.correlation import candidates, likeliest
from smsgwd.model import business, changes, operators, pushes, upkeep
from smsgwd.model.changes import Change, PartSent, Result, Submit, TakeReceipt
from smsgwd.model.message import Message
from smsgwd.model.receipts import Receipt
from smsgwd.model.spooled import SubmitSpooled
from smsgwd.store.apply import table
from smsgwd.store.apply.optout import EVERYONE
from smsgwd.store.apply.receipts import ALIKE
from smsgwd.store.apply.sending import kept_as
from smsgwd.store.redis.apply import audit, erase, links, lookups, records, repush, retention, tenants
from smsgwd.store.redis.rows import smsc_of
from smsgwd.store.redis.work import RedisWork

TABLE: Final[dict[type, Callable[[RedisWork, Any], Result]]] = {
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
    upkeep.Erase: erase.erase,
    upkeep.EraseRest: erase.erase_rest,
    operators.PutAudit: audit.put_audit,
    operators.PurgeAudit: audit.purge_audit,
    operators.DropFinals: audit.drop_finals,
    operators.Repush: repush.repush,
}

#: `apply(work, batch)`: one result a change, in order. What is pending is written by `work.finish`.
apply: Final = partial(table.apply, TABLE)

_OF_MESSAGE: Final = frozenset(
    (changes.Requeue, changes.Fail, changes.GiveUp, changes.Cancel, changes.Note, business.Reschedule)
)
_OF_PUSH: Final = frozenset((pushes.OutboxDone, pushes.OutboxRetry, pushes.OutboxDead))


def prefetch(work: RedisWork, batches: Sequence[Sequence[Change]]) -> None:
    """Read at once what the frequent changes of a transaction will need and is not known: two round trips, three where
    a receipt writes its id otherwise than the response did; none where all is known."""
    keys = work.keys
    message, push = keys.message, keys.push
    wanted: list[str] = []  # rows
    ids: list[int] = []  # messages
    receipts: list[tuple[Receipt, str]] = []  # with the row of the id they are looked for by
    known: set[str] = set()  # rows of ids that come with the transaction: often the receipt is right behind
    submits: list[Submit] = []
    pinned: list[business.PutRecord] = []
    change: Any
    for batch in batches:
        for change in batch:
            kind = type(change)
            if kind is PartSent:
                ids.append(change.message_id)
                known.add(keys.smsc(change.group, kept_as(change)))
            elif kind is TakeReceipt:
                name = _likeliest(work, change.receipt)
                if name not in known:
                    receipts.append((change.receipt, name))
                    wanted.append(name)
            elif kind in _OF_MESSAGE:
                ids.append(change.message_id)
            elif kind in _OF_PUSH:
                if change.id >= 0:
                    wanted.append(push(change.id))
            elif kind is Submit or kind is SubmitSpooled:
                submits.append(change)
            elif kind is business.PutRecord:
                pinned.append(change)
            elif kind is changes.Replace:
                ids.append(change.message.id)
            elif kind is business.Click:
                wanted.append(keys.link(change.code))
    if submits:
        _submitted(work, submits, wanted)
    if pinned:
        work.tx.pin(records.needed(keys, pinned))
    wanted += map(message, ids)
    work.tx.fetch(wanted)
    if receipts:
        ids += _found(work, receipts)
    # Money of whoever a message is of that may end now.
    sums = work.memory.sums
    rows = (row for row in map(work.row, ids) if row is not None and row.told.price)
    unknown = {row.told.tenant for row in rows if row.told.tenant not in sums}
    if unknown:
        work.prefetch_accounts(unknown)


def _likeliest(work: RedisWork, receipt: Receipt) -> str:
    """The row of a receipt's SMSC id, in the form by which it is known, or likely to be."""
    group, smsc_id = receipt.group, receipt.smsc_id
    if receipt.id_format in ALIKE:
        name = work.keys.smsc(group, smsc_id)
        if work.tx.peek(name) is not None:
            return name
    return work.keys.smsc(group, likeliest(smsc_id, receipt.id_format))


def _found(work: RedisWork, receipts: list[tuple[Receipt, str]]) -> list[int]:
    """The messages of receipts whose likeliest ids were read, read as well."""
    tx, keys = work.tx, work.keys
    found: list[int] = []
    others: list[str] = []
    for receipt, name in receipts:
        value = tx.get(name)
        if value is not None:
            found.append(smsc_of(value)[0])
        else:
            forms = candidates(receipt.smsc_id, receipt.id_format)
            others += [keys.smsc(receipt.group, form) for form in forms[1:]]
    tx.fetch([*map(keys.message, found), *others])
    more = [smsc_of(value)[0] for value in map(tx.get, others) if value is not None]
    if more:
        work.prefetch(more)
    return found + more


def _submitted(work: RedisWork, submits: Iterable[Submit], wanted: list[str]) -> None:
    """What messages that are taken need: the money of who pays, and who has opted out (the latter goes to `wanted`)."""
    tenants_of: dict[str, None] = {}
    messages: list[Message] = []
    for submit in submits:
        tenants_of[submit.tenant] = None
        messages += submit.messages
    opted = work.opted()
    if opted:
        pairs = [(each.tenant, each.msisdn) for each in messages if each.tenant in opted]
        if EVERYONE in opted:
            pairs += [(EVERYONE, each.msisdn) for each in messages]
        wanted += work.listed_keys(pairs)
    sums = work.memory.sums
    rows = work.keys.tenant
    if any(name not in sums or work.tx.peek(rows(name)) is None for name in tenants_of):
        work.prefetch_accounts(tenants_of)
