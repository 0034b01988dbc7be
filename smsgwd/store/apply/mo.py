"""Subscribers' messages: parts that wait for each other, and what tenants are owed of them."""

from __future__ import annotations

from typing import Final

from smsgwd.model.changes import KeepMoPart, MoKept, Owed, TakeMo
from smsgwd.model.mo import Mo, MoMessage, MoSetKey, pack_mo, pack_mo_message, unpack_mo
from smsgwd.model.outbox import MO, OutboxItem, esme_target
from smsgwd.store.apply.optout import set_opt_out
from smsgwd.store.items import mo_item
from smsgwd.store.owed import url_target
from smsgwd.store.rows import MO_COMPLETE, MO_DONE, MO_WAITS, MoRow
from smsgwd.store.work import Work

#: Sets of one reference are told apart by multiples of this, added to it: a reference has 16 bits at most.
_GENERATION: Final = 1 << 16
_MOST_GENERATIONS: Final = 8
_LONGEST_WORD: Final = 32


def take_mo(work: Work, change: TakeMo) -> Owed:
    """Owe a tenant a subscriber's message, and be done with its parts.

    With `done` nothing is owed, and nothing changes, when no part of the set is left (it was taken before) or more are
    there than this was made of (another came meanwhile: the whole set is taken instead).
    """
    if change.done is not None:
        rows = work.mo_sets(change.done, (change.done.ref,)).get(change.done.ref, {})
        left = sum(row.status != MO_DONE for row in rows.values())
        used = len(change.parts) if change.message is None else change.message.parts - change.message.missing
        if left == 0 or left > used:
            return Owed(())
        work.mark_mo_set(change.done, MO_DONE)
    if change.opts_out is not None and change.msisdn:
        set_opt_out(work, change.tenant, change.msisdn, change.opts_out, change.at, _word(change.message))
    if change.message is not None and change.url:
        return Owed((_owe_url(work, change, change.message),))
    return Owed(tuple(_owe_account(work, change, mo) for mo in change.parts))


def _word(message: MoMessage | None) -> str:
    """The keyword for the opt-out list."""
    text = "" if message is None else (message.text or "").strip()
    return text[:_LONGEST_WORD] or "message"


def _owe_account(work: Work, change: TakeMo, mo: Mo) -> OutboxItem:
    # one time for all parts of a set: they are delivered in their order, not in that of their arrival
    target, at, payload = esme_target(change.account), change.at or mo.received_at, pack_mo(mo)
    number = work.pushes.add(0, target, change.tenant, "", MO, at, payload)
    return mo_item((number, change.tenant, target, "", MO, at, at, 0), mo, payload)


def _owe_url(work: Work, change: TakeMo, message: MoMessage) -> OutboxItem:
    target, payload = url_target(change.tenant, change.url), pack_mo_message(message)
    at = change.at or message.received_at
    number = work.pushes.add(0, target, change.tenant, change.url, MO, at, payload)
    return mo_item((number, change.tenant, target, change.url, MO, at, at, 0), message, payload)


def keep_mo_part(work: Work, change: KeepMoPart) -> MoKept:
    """Keep a part with its set; all parts when it is the last one missing.

    A reference is used again, after 256 messages of a phone or sooner: a part that no set of its reference can have
    (its place is taken by other content, or the set is complete) begins a further set, whose key has another `ref`.
    Parts of a set are never lost to the next one.
    """
    base, seq, mo = change.key, change.seq, change.mo
    generations = work.mo_sets(base, _refs(base))
    waits: list[int] = []  # sets that miss this part
    late: list[int] = []  # sets that were done with although they missed it
    for ref in _refs(base):
        rows = generations.get(ref, {})
        mine = rows.get(seq)
        if mine is not None:
            if _same(unpack_mo(mine.mo), mo):
                return MoKept(base._replace(ref=ref), (), True)
        elif rows:
            (waits if any(row.status == MO_WAITS for row in rows.values()) else late).append(ref)
    found = waits or late or [_room(work, base, generations)]
    return _put(work, base._replace(ref=found[0]), seq, mo, generations.get(found[0], {}))


def _refs(base: MoSetKey) -> list[int]:
    return [base.ref % _GENERATION + n * _GENERATION for n in range(_MOST_GENERATIONS)]


def _room(work: Work, base: MoSetKey, generations: dict[int, dict[int, MoRow]]) -> int:
    """A `ref` for a new set: in the place of one that is done with, else one that is not used, else the first."""
    refs = _refs(base)
    done = [ref for ref in refs if ref in generations and all(r.status == MO_DONE for r in generations[ref].values())]
    free = [ref for ref in refs if ref not in generations]
    if free and not done:
        return free[0]
    ref = (done or refs)[0]  # of a peer that begins sets without end only so many are kept
    work.drop_mo_set(base._replace(ref=ref))
    generations.pop(ref)
    return ref


def _put(work: Work, key: MoSetKey, seq: int, mo: Mo, rows: dict[int, MoRow]) -> MoKept:
    work.put_mo_part(key, seq, mo)
    parts = {number: unpack_mo(row.mo) for number, row in rows.items() if row.status != MO_DONE} | {seq: mo}
    if len(parts) < key.total:
        return MoKept(key)
    work.mark_mo_set(key, MO_COMPLETE, MO_WAITS)
    return MoKept(key, tuple(parts[number] for number in sorted(parts)))


def _same(one: Mo, other: Mo) -> bool:
    """True when an SMSC that repeats itself sends the one for the other."""
    return (one.body, one.data_coding, one.esm_class) == (other.body, other.data_coding, other.esm_class)
