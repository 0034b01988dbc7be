"""Reads that only operators ask for, on an open connection."""

from __future__ import annotations

import sqlite3

from smsgwd.ports.store import Space


def tenant_of(connection: sqlite3.Connection, message_id: int) -> str | None:
    """Whose message this is; None when there is none."""
    found = connection.execute("SELECT tenant FROM message WHERE id = ?", (message_id,)).fetchone()
    return None if found is None else found[0]


def space(connection: sqlite3.Connection) -> Space:
    """Bytes of the database's pages, and of those that are free (PRAGMA page_count and freelist_count)."""
    size, pages, free = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return Space(bytes=size * pages, free_bytes=size * free)
