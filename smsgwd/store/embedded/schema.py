"""The tables: what the first version made, and what each later one changed."""

from typing import Final

#: Status of a row in `outbox`.
PENDING: Final = 0
DONE: Final = 1
DEAD: Final = 2

#: Version 1. `rank` is minus the priority, so that one ascending index is the ready queue. `body` comes last: what is
#: read on the hot path lies before it in the row. Times are milliseconds since 1970, UTC; money is micro-units.
VERSION_1: Final = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    submission INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    dest TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    coding INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    connector TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    state INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    flash INTEGER NOT NULL,
    price INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    client_ref TEXT,
    dlr_url TEXT,
    sent_at INTEGER,
    done_at INTEGER,
    err_code TEXT,
    err_detail TEXT,
    err_smpp INTEGER,
    smsc_id TEXT,
    body BLOB NOT NULL
);
CREATE INDEX message_ready ON message (connector, rank, id) WHERE state = 2;
CREATE INDEX message_due ON message (due_at) WHERE state < 2;
CREATE INDEX message_open ON message (state, deadline) WHERE state < 10;
CREATE INDEX message_tenant ON message (tenant, id);

CREATE TABLE part (
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    smsc_id TEXT,
    state INTEGER NOT NULL,
    sent_at INTEGER,
    done_at INTEGER,
    err_code TEXT,
    err_detail TEXT,
    err_smpp INTEGER,
    PRIMARY KEY (message, part)
) WITHOUT ROWID;

CREATE TABLE smsc (
    grp TEXT NOT NULL,
    id TEXT NOT NULL,
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    PRIMARY KEY (grp, id)
) WITHOUT ROWID;

CREATE TABLE parked (
    id INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    orphan INTEGER NOT NULL DEFAULT 0,
    receipt BLOB NOT NULL
);
CREATE INDEX parked_age ON parked (orphan, received_at);
CREATE TABLE parked_key (
    grp TEXT NOT NULL,
    key TEXT NOT NULL,
    parked INTEGER NOT NULL,
    form INTEGER NOT NULL,
    PRIMARY KEY (grp, key, parked)
) WITHOUT ROWID;
CREATE INDEX parked_key_parked ON parked_key (parked);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    target TEXT NOT NULL,
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    done_at INTEGER
);
CREATE INDEX outbox_pending ON outbox (target, due_at, id) WHERE status = 0;
CREATE INDEX outbox_done ON outbox (done_at) WHERE status = 1;
CREATE INDEX outbox_dead ON outbox (target, id) WHERE status = 2;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    detail TEXT NOT NULL,
    connector TEXT,
    smsc_id TEXT,
    smpp_status INTEGER
);
CREATE INDEX event_message ON event (message, id);

CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    answer BLOB NOT NULL,
    refused BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (made_at);

CREATE TABLE tenant (
    id TEXT PRIMARY KEY,
    balance INTEGER,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE credential (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    tenant TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    max_binds INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE INDEX credential_tenant ON credential (tenant);

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;
INSERT INTO meta VALUES ('outbox_ids', 0), ('probe', NULL);
"""

#: Version 2: messages that came from ESMEs (`account`, `asks`, `wire`: see model.message), outbox rows that are
#: about no message of ours (`payload`: a subscriber's message), settings of SMPP accounts (JSON, NULL = defaults).
VERSION_2: Final = """
ALTER TABLE message ADD COLUMN account TEXT;
ALTER TABLE message ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN wire BLOB;
ALTER TABLE outbox ADD COLUMN payload BLOB;
ALTER TABLE credential ADD COLUMN esme BLOB;
"""

#: Version 3: going over to other connectors (`tried`, `fallback`, `hops`: see model.message; `smsc.part` holds the part
#: and, times 256, the hops of then), how long SMSCs take to answer, parts of subscribers' messages (`status` 0 = waits,
#: 1 = done with, 2 = complete or given up waiting and nobody's yet), opt-out lists.
VERSION_3: Final = """
ALTER TABLE message ADD COLUMN tried TEXT;
ALTER TABLE message ADD COLUMN fallback TEXT;
ALTER TABLE message ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN latency INTEGER;
ALTER TABLE part ADD COLUMN latency INTEGER;
ALTER TABLE event ADD COLUMN latency INTEGER;
CREATE TABLE mo_part (
    grp TEXT NOT NULL,
    source TEXT NOT NULL,
    dest TEXT NOT NULL,
    ref INTEGER NOT NULL,
    total INTEGER NOT NULL,
    width INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    mo BLOB NOT NULL,
    PRIMARY KEY (grp, source, dest, ref, total, width, seq)
) WITHOUT ROWID;
CREATE INDEX mo_part_age ON mo_part (status, received_at);
CREATE TABLE optout (
    tenant TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (tenant, msisdn)
) WITHOUT ROWID;
"""
