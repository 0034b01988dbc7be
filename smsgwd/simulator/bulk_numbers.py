"""Numbers of messages within their tenants, marks and counts, for messages that were written in bulk (`bulk_rows`).

As the gateway's store would have made them had the messages come in the order of their ids. Nobody runs on the store.
"""

from __future__ import annotations

import sqlite3
from typing import Final

_NUMBER: Final = (
    "UPDATE message SET seq = numbered.seq FROM"
    " (SELECT id, row_number() OVER (ORDER BY id) AS seq FROM message INDEXED BY message_tenant WHERE tenant = :tenant)"
    " AS numbered WHERE numbered.id = message.id AND message.seq != numbered.seq"
)
_MARK: Final = (
    "INSERT INTO mark (tenant, block, first, before, at) SELECT tenant, seq >> 6, id, before, submitted_at FROM"
    " (SELECT tenant, seq, id, submitted_at, lag(id, 1, -1) OVER (ORDER BY id) AS before FROM message"
    " WHERE tenant = :tenant AND (seq = 1 OR seq & 63 IN (0, 63))) WHERE seq = 1 OR seq & 63 = 0"
)
_COUNT: Final = (
    "INSERT INTO tally (tenant, accepted, scheduled, delivered, failed, cancelled, contacts, groups, templates, orders)"
    " SELECT :tenant, count(*), count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 10),"
    " count(*) FILTER (WHERE state > 10 AND state != 14), count(*) FILTER (WHERE state = 14), 0, 0, 0, 0"
    " FROM message WHERE tenant = :tenant"
    " ON CONFLICT (tenant) DO UPDATE SET accepted = excluded.accepted, scheduled = excluded.scheduled,"
    " delivered = excluded.delivered, failed = excluded.failed, cancelled = excluded.cancelled"
)


def has_numbers(connection: sqlite3.Connection) -> bool:
    """True for a store that numbers its messages. Raises sqlite3.Error."""
    found = connection.execute("SELECT 1 FROM pragma_table_info('message') WHERE name = 'seq'").fetchone()
    return found is not None


def renumber(connection: sqlite3.Connection, tenant: str) -> None:
    """Number all messages of a tenant by their ids, mark and count them; in one transaction. What has its number
    already is not written again. Raises sqlite3.Error."""
    values = {"tenant": tenant}
    connection.execute("BEGIN")
    connection.execute(_NUMBER, values)
    connection.execute("DELETE FROM mark WHERE tenant = :tenant", values)
    connection.execute(_MARK, values)
    connection.execute(_COUNT, values)
    connection.execute("COMMIT")
