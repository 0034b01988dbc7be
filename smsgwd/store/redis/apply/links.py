"""Tracked links: counted when they are opened, deleted when they are long over."""

from __future__ import annotations

from smsgwd.model.business import Click
from smsgwd.store.redis.kept import LinkRow, link_from, link_member
from smsgwd.store.redis.work import RedisWork


def click(work: RedisWork, change: Click) -> bool:
    """Count an opening, of a person or a program; False when there is no such link.

    The times are those of people: a preview says nothing about when somebody read the message.
    """
    key = work.keys.link(change.code)
    value = work.tx.get(key)
    if value is None:
        return False
    link, at = link_from(value), change.at
    if change.bot:
        link.bots += 1
    else:
        link.clicks += 1
        link.first_at = at if link.first_at is None else min(link.first_at, at)
        link.last_at = at if link.last_at is None else max(link.last_at, at)
    work.tx.put(key, link.pack())
    return True


def drop(work: RedisWork, code: str, link: LinkRow) -> None:
    """It leads nowhere any more."""
    tx, keys = work.tx, work.keys
    tx.delete(keys.link(code))
    tx.remove(keys.links(link.tenant), link_member(link.message, code))
    tx.remove(keys.link_expiry, code.encode())


def purge(work: RedisWork, expired_before: int, limit: int) -> int:
    """Delete links that expired before then (ms since 1970), the longest ago first; how many."""
    tx, keys = work.tx, work.keys
    if expired_before <= 1:
        return 0
    found = tx.scored(keys.link_expiry, 1, expired_before - 1, limit)
    codes = [member.decode() for member, _ in found]
    tx.fetch(map(keys.link, codes))
    for code, (member, _) in zip(codes, found, strict=True):
        value = tx.get(keys.link(code))
        if value is None:
            tx.remove(keys.link_expiry, member)
        else:
            drop(work, code, link_from(value))
    return len(found)
