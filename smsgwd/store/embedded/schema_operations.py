"""What operating needs of the store (schema version 6): the audit, what ended, where a message's receipt is."""

from typing import Final

#: Version 6. All of it is instant, however large the file is.
#:
#: `message.push`: the row of `outbox` that its final state was, or is, owed by (NULL = by none, or it ended before
#: there was this column). So a push is found by its message without an index on the outbox, and can be owed again under
#: its own id when its row is gone.
#:
#: `audit`: model.operators.AuditEntry, column by column.
#:
#: `final`: messages that ended and are to be written down elsewhere (ports.Store.finals). Numbers are never used again,
#: also when the table was empty in between: whoever writes them down goes on behind the last one. `charged` is what
#: its tenant paid for it, micro-units.
VERSION_6: Final = """
ALTER TABLE message ADD COLUMN push INTEGER;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    via TEXT NOT NULL,
    address TEXT NOT NULL,
    command TEXT NOT NULL,
    params TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    took_ms INTEGER NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE TABLE final (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    charged INTEGER NOT NULL
);
"""
