"""Erasure: what tells of one person goes; what happened, and what it cost, stays (`smsgwd.store.erasure`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from smsgwd.delivery.lifecycle import Event
from smsgwd.model.message import FINAL_FROM, Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.records import CONTACT, MEMBER
from smsgwd.model.upkeep import Erase, Erased, EraseRest
from smsgwd.store.erasure import (
    UNSENT,
    about,
    answer_without,
    push_tells,
    record_tells,
    without,
    zeroed,
)
from smsgwd.store.numbers import is_number
from smsgwd.store.redis.apply import archive, links, lookups, records
from smsgwd.store.redis.kept import link_from, lookup_from
from smsgwd.store.redis.keys import Keys, id8, number_of
from smsgwd.store.redis.mo import mo_set_of
from smsgwd.store.redis.parked import parked_of
from smsgwd.store.redis.pushes import PENDING, push_from
from smsgwd.store.redis.rows import RedisRow
from smsgwd.store.redis.submissions import answer_of, answer_place, answer_value, refused_of, refused_value
from smsgwd.store.redis.walks import EraseWalk
from smsgwd.store.redis.work import RedisWork

_FINAL: Final = int(FINAL_FROM)
_LOOKED_AT: Final = 4000  # rows in one step: some milliseconds
_DETAIL: Final = 2  # its place in an event


def erase(work: RedisWork, change: Erase) -> Erased:
    """Remove what tells of the number from those messages of the list that are to or from it.

    Those that have not left end as CANCELLED; one of which an SMSC has a part already does so too, unrefunded, since
    its rest could not be sent without its text. A message that was sent still gets its receipt: that is found by id.
    One that another node has claimed to send it is left as it is.
    """
    counts: Counter[str] = Counter()
    outbox: list[OutboxItem] = []
    cancelled: list[int] = []
    work.prefetch(change.ids)
    for message_id in change.ids:
        row = work.row(message_id)
        if row is None or not about(row.told, change.msisdn) or work.elsewhere(row):
            continue
        counts["messages"] += 1
        before, row.told = row.told, without(row.told, change.msisdn)
        if row.state in UNSENT:
            outbox += work.settle(row, Event.CANCELLED, change.at, None)
            cancelled.append(row.id)
        counts["answers"] += _answers_of(work, before, change.msisdn)
        _clean(work, row, change.msisdn)
    if cancelled:
        counts["cancelled"] = len(cancelled)
    return Erased(+counts, tuple(cancelled), tuple(outbox))


def _clean(work: RedisWork, row: RedisRow, msisdn: str) -> None:
    """The rest of a row of which `told` has been changed: no text, history and parts without words."""
    tx, told = work.tx, row.told
    told.body = b""
    if row.state >= _FINAL and told.dlr_url is not None and msisdn in told.dlr_url:
        told.dlr_url = None
    row.retold()
    row.fallback = None
    if row.err_detail is not None and msisdn in row.err_detail:
        row.err_detail = ""
    row.events = [(*event[:_DETAIL], "", *event[_DETAIL + 1 :]) for event in row.events]
    for part in (row.known or {}).values():
        if part.err_detail is not None and msisdn in part.err_detail:
            part.err_detail = ""
    if row.ref is not None:
        key = work.keys.used_ref(told.tenant, row.ref)
        if tx.get(key) == id8(row.id):
            tx.delete(key)
        row.ref = None
    work.changed(row)


def _answers_of(work: RedisWork, message: Message, msisdn: str) -> int:
    """The number in the answer kept for a repetition of the message's request; how many answers were changed."""
    tx, keys, at = work.tx, work.keys, message.submitted_at
    changed, after = 0, None
    while True:
        page = tx.scored(keys.answers, at, at, _LOOKED_AT, after=after)
        for member, _ in page:
            tenant, key = answer_place(member)
            if tenant == message.tenant:
                changed += _put_answer(work, tenant, key, lambda answer: answer_without(answer, message, msisdn))
        if len(page) < _LOOKED_AT:
            return changed
        after = page[-1][1], page[-1][0]


def _put_answer(work: RedisWork, tenant: str, key: str, change: Callable[[bytes], bytes]) -> bool:
    """Change an answer that is kept; False where it is the same then."""
    found = work.answer_of(tenant, key)
    if found is None:
        return False
    before, found.answer = found.answer, change(found.answer)
    if found.answer == before:
        return False
    work.tx.put(work.keys.answer(tenant, key), answer_value(found))
    return True


def erase_rest(work: RedisWork, change: EraseRest) -> Erased:
    """The next rows of what is no message, index after index; the result says when there are more to be looked at."""
    walk = work.walks.erase
    if walk.number != change.msisdn:
        work.walks.erase = walk = EraseWalk(change.msisdn)
        if work.memory.archives:
            archive.to_forget(work, change.msisdn, change.at)
    counts: Counter[str] = Counter()
    left = _LOOKED_AT
    while walk.index < len(_WALKED):
        name, index_of, goes = _WALKED[walk.index]
        page = work.tx.walk(index_of(work.keys), walk.place, left)
        counts[name] += goes(work, [member for member, _ in page], change.msisdn)
        if len(page) == left:
            walk.place = page[-1][1], page[-1][0]
            return Erased(+counts, more=True)
        left -= len(page)
        walk.index, walk.place = walk.index + 1, None
    if change.opt_out:
        counts["opt_outs"] += sum(work.unlist_number(tenant, change.msisdn) for tenant in sorted(work.opted()))
    work.walks.erase = EraseWalk()
    return Erased(+counts)


# -- each kind: how many rows of a page were changed. Rows are looked at, and read again by who changes them. ----------


def _receipts(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    keys, gone = work.keys, 0
    numbers = [number_of(member) for member in members]
    for number, value in zip(numbers, work.tx.look([keys.parked(number) for number in numbers]), strict=True):
        if value is not None and is_number(parked_of(value).receipt.msisdn, msisdn):
            work.unpark(number)
            gone += 1
    return gone


def _mo_parts(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    gone = 0
    for key in map(mo_set_of, members):
        if is_number(key.source, msisdn) or is_number(key.dest, msisdn):
            gone += len(work.mo_sets(key, (key.ref,)).get(key.ref, ()))
            work.drop_mo_set(key)
    return gone


def _pushes(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    """A subscriber's message that is owed, or was: it goes. A URL that tells the number goes with its push."""
    keys, gone = work.keys, 0
    numbers = [number_of(member) for member in members]
    for number, value in zip(numbers, work.tx.look([keys.push(number) for number in numbers]), strict=True):
        seen = None if value is None else push_from(value)
        if seen is None or not push_tells(seen.kind, seen.url, seen.payload, seen.status == PENDING, msisdn):
            continue
        push = work.pushes.row(number)
        if push is not None:
            work.pushes.drop(number, push)
            gone += 1
    return gone


def _answers(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    keys, changed = work.keys, 0
    places = [answer_place(member) for member in members]
    for place, value in zip(places, work.tx.look([keys.answer(*place) for place in places]), strict=True):
        if value is not None and zeroed(before := answer_of(value).answer, msisdn) != before:
            changed += _put_answer(work, *place, lambda answer: zeroed(answer, msisdn))
    return changed


def _links(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    """A link leads where the text said, which was for this person alone: it leads nowhere any more."""
    keys, gone = work.keys, 0
    codes = [member.decode() for member in members]
    for code, value in zip(codes, work.tx.look([keys.link(code) for code in codes]), strict=True):
        if value is not None and link_from(value).msisdn == msisdn:
            links.drop(work, code, link_from(value))
            gone += 1
    return gone


def _lookups(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    keys, gone = work.keys, 0
    numbers = [number_of(member) for member in members]
    for number, value in zip(numbers, work.tx.look([keys.lookup(number) for number in numbers]), strict=True):
        seen = None if value is None else lookup_from(number, value)
        if seen is not None and (seen.msisdn == msisdn or is_number(seen.dest, msisdn)):
            lookup = lookups.read(work, number)
            if lookup is not None:
                lookups.erase(work, lookup)
                gone += 1
    return gone


def _refusals(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
    """That a submission had a recipient that was refused."""
    tx, keys, gone = work.tx, work.keys, 0
    names = [keys.refused(number_of(member)) for member in members]
    for member, name, seen in zip(members, names, tx.look(names), strict=True):
        if seen is None or not any(is_number(dest, msisdn) for dest in refused_of(seen).codes):
            continue
        value = tx.get(name)
        if value is None:
            continue
        row = refused_of(value)
        left = {dest: code for dest, code in row.codes.items() if not is_number(dest, msisdn)}
        gone += len(row.codes) - len(left)
        row.codes = left
        if left:
            tx.put(name, refused_value(row))
        else:
            tx.delete(name)
            tx.remove(keys.refusals, member)
    return gone


def _records(kind: str) -> Callable[[RedisWork, Sequence[bytes], str], int]:
    def goes(work: RedisWork, members: Sequence[bytes], msisdn: str) -> int:
        names = [records.name_of(member) for member in members]
        return records.drop(work, kind, [name for name in names if record_tells(kind, name[1], msisdn)])

    return goes


#: Each index that is walked over: the name of what it has in the counts, the index, what is done with a page.
_WALKED: Final[tuple[tuple[str, Callable[[Keys], str], Callable[[RedisWork, Sequence[bytes], str], int]], ...]] = (
    ("receipts", lambda keys: keys.parked_age, _receipts),
    ("receipts", lambda keys: keys.orphan_age, _receipts),
    ("subscriber_parts", lambda keys: keys.mo_open, _mo_parts),
    ("subscriber_parts", lambda keys: keys.mo_complete, _mo_parts),
    ("subscriber_parts", lambda keys: keys.mo_done, _mo_parts),
    ("pushes", lambda keys: keys.pushes, _pushes),
    ("answers", lambda keys: keys.answers, _answers),
    ("links", lambda keys: keys.link_expiry, _links),
    ("lookups", lambda keys: keys.lookups, _lookups),
    ("refusals", lambda keys: keys.refusals, _refusals),
    ("contacts", lambda keys: keys.records(CONTACT), _records(CONTACT)),
    ("contacts", lambda keys: keys.records(MEMBER), _records(MEMBER)),
)
