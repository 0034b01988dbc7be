"""Tracked links: counted when they are opened, deleted when they are long over."""

from __future__ import annotations

from smsgwd.model.business import Click
from smsgwd.store.embedded.work import Work


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
