"""Tracked links: kept with their messages, counted when they are opened, deleted when they are long over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from smsgwd.model.business import Click
from smsgwd.model.links import Link
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.work import Work

_PUT: Final = Many(
    "INSERT INTO link (code, tenant, message, msisdn, url, made_at, expires_at, client_ref) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
)


def keep(work: Work, links: Iterable[Link], kept: Collection[int]) -> None:
    """Keep those links whose message is among `kept`.

    Raises sqlite3.IntegrityError for a code that there is already: the batch fails alone, and is made anew with other
    codes by whoever asked.
    """
    values: list[Any] = []
    for link in links:
        if link.message_id in kept:
            values += (link.code, link.tenant, link.message_id, link.msisdn)
            values += (link.url, link.made_at, link.expires_at, link.client_ref)
    _PUT.run(work.connection, values)


def click(work: Work, change: Click) -> bool:
    """Count an opening, of a person or a program; False when there is no such link.

    The times are those of people: a preview says nothing about when somebody read the message.
    """
    if change.bot:
        sql = "UPDATE link SET bots = bots + 1 WHERE code = :code"
    else:
        sql = (
            "UPDATE link SET clicks = clicks + 1, first_at = min(coalesce(first_at, :at), :at),"
            " last_at = max(coalesce(last_at, :at), :at) WHERE code = :code"
        )
    return work.connection.execute(sql, {"code": change.code, "at": change.at}).rowcount > 0


def purge(work: Work, expired_before: int, limit: int) -> int:
    """Delete links that expired before then (ms since 1970), the longest ago first; how many."""
    return work.connection.execute(
        "DELETE FROM link WHERE code IN"
        " (SELECT code FROM link WHERE expires_at > 0 AND expires_at < ? ORDER BY expires_at LIMIT ?)",
        (expired_before, limit),
    ).rowcount
