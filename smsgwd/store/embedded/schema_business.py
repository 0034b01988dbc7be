"""The tables of what makes a business: the ledger, records, links, lookups (schema version 4)."""

from typing import Final

#: Version 4. `message.payers`, `channel`, `source_addr`, `dest_addr`: see model.message.
#:
#: A tenant's balance and what it has reserved are those of its newest entry (`balance`, `held`), nothing where it has
#: none. `ledger.id` is 1024 times `at`, or more; `reserved` is what an entry adds to `held`. `ledger_of` tells the
#: entries of a tenant, up to the one in `meta`: those behind it are few, and are entered there together (books). The
#: balance may not fall below `tenant.floor` (NULL = no limit). Every tenant has one from here on: a postpaid one begins
#: with what its open messages cost, owed and reserved: they are paid, or given back, when they end.
#:
#: `message_held` and `message_held_id` have the messages that only an operator releases (`model.message.HELD`), few as
#: a rule.
#:
#: Several live secrets of one name differ in `serial`. `credential.more`: JSON of expiry, scopes, networks, label.
VERSION_4: Final = """
ALTER TABLE message ADD COLUMN payers TEXT;
ALTER TABLE message ADD COLUMN channel TEXT;
ALTER TABLE message ADD COLUMN source_addr TEXT;
ALTER TABLE message ADD COLUMN dest_addr TEXT;
CREATE INDEX message_held ON message (tenant, msisdn) WHERE state < 2 AND due_at >= 4611686018427387904;
CREATE INDEX message_held_id ON message (id) WHERE state < 2 AND due_at >= 4611686018427387904;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    held INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 0,
    message INTEGER,
    reference TEXT,
    note TEXT
);
CREATE TABLE ledger_of (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('ledger_of', 0);
CREATE UNIQUE INDEX ledger_reference ON ledger (tenant, reference) WHERE reference IS NOT NULL;
WITH now (at) AS (SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000), open (tenant, price) AS
    (SELECT tenant, sum(price) FROM message INDEXED BY message_open WHERE state < 10 GROUP BY tenant), opening AS
    (SELECT id, COALESCE(price, 0) AS held, COALESCE(balance, -price, 0) AS balance FROM tenant
    LEFT JOIN open ON open.tenant = tenant.id)
    INSERT INTO ledger (id, tenant, at, kind, amount, reserved, balance, held, note)
    SELECT at * 1024 + row_number() OVER (ORDER BY id), id, at, 5, balance, held, balance, held, 'opening balance'
    FROM opening, now WHERE balance != 0 OR held != 0;
CREATE TABLE tenant_4 (
    id TEXT PRIMARY KEY,
    floor INTEGER,
    record BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO tenant_4 (id, floor, record) SELECT id, CASE WHEN balance IS NOT NULL THEN 0 END, record FROM tenant;
DROP TABLE tenant;
ALTER TABLE tenant_4 RENAME TO tenant;
CREATE TABLE credential_4 (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    serial INTEGER NOT NULL DEFAULT 0,
    tenant TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    max_binds INTEGER NOT NULL,
    esme BLOB,
    more BLOB,
    PRIMARY KEY (kind, name, serial)
) WITHOUT ROWID;
INSERT INTO credential_4 (kind, name, tenant, secret_hash, max_binds, esme)
    SELECT kind, name, tenant, secret_hash, max_binds, esme FROM credential;
DROP TABLE credential;
ALTER TABLE credential_4 RENAME TO credential;
CREATE INDEX credential_tenant ON credential (tenant);
CREATE TABLE record (
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, tenant, key)
) WITHOUT ROWID;
CREATE TABLE link (
    code TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    message INTEGER NOT NULL,
    msisdn TEXT NOT NULL,
    url TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    client_ref TEXT,
    clicks INTEGER NOT NULL DEFAULT 0,
    bots INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    last_at INTEGER
) WITHOUT ROWID;
CREATE INDEX link_message ON link (message);
CREATE INDEX link_tenant ON link (tenant, message);
CREATE INDEX link_expiry ON link (expires_at) WHERE expires_at > 0;
CREATE TABLE lookup (
    id INTEGER PRIMARY KEY,
    request INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    dest TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    done_at INTEGER,
    price INTEGER NOT NULL,
    state INTEGER NOT NULL,
    network TEXT NOT NULL,
    facts BLOB NOT NULL,
    payers TEXT
);
CREATE INDEX lookup_request ON lookup (tenant, request);
CREATE INDEX lookup_number ON lookup (msisdn, done_at) WHERE state IN (10, 11);
CREATE INDEX lookup_open ON lookup (id) WHERE state < 10;
"""
