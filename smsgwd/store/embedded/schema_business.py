"""The tables of what makes a business: the ledger, records, links, lookups (schema version 4)."""

from typing import Final

#: Version 4. `message.payers`, `channel`, `source_addr`, `dest_addr`: see model.message. Every tenant has a balance
#: from here on; it may not fall below `floor` (NULL = no limit). A postpaid tenant begins with what its open messages
#: cost, owed and reserved: they are paid, or given back, when they end. `ledger.id` is 1024 times `at`, or more.
#: Several live secrets of one name differ in `serial`. `credential.more`: JSON of expiry, scopes, networks, label.
VERSION_4: Final = """
ALTER TABLE message ADD COLUMN payers TEXT;
ALTER TABLE message ADD COLUMN channel TEXT;
ALTER TABLE message ADD COLUMN source_addr TEXT;
ALTER TABLE message ADD COLUMN dest_addr TEXT;
ALTER TABLE tenant ADD COLUMN floor INTEGER;
ALTER TABLE tenant ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
UPDATE tenant SET floor = 0 WHERE balance IS NOT NULL;
UPDATE tenant SET reserved = o.price FROM
    (SELECT tenant, sum(price) AS price FROM message INDEXED BY message_open WHERE state < 10 GROUP BY tenant) o
    WHERE tenant.id = o.tenant;
UPDATE tenant SET balance = -reserved WHERE balance IS NULL;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 0,
    message INTEGER,
    reference TEXT,
    note TEXT
);
CREATE INDEX ledger_tenant ON ledger (tenant, id);
CREATE UNIQUE INDEX ledger_reference ON ledger (tenant, reference) WHERE reference IS NOT NULL;
INSERT INTO ledger (id, tenant, at, kind, amount, reserved, balance, note)
    SELECT n.at * 1024 + row_number() OVER (ORDER BY id), id, n.at, 5, balance, reserved, balance, 'opening balance'
    FROM tenant, (SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS at) n;
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
    facts BLOB NOT NULL
);
CREATE INDEX lookup_request ON lookup (tenant, request);
CREATE INDEX lookup_number ON lookup (msisdn, done_at) WHERE state IN (10, 11);
CREATE INDEX lookup_open ON lookup (id) WHERE state < 10;
"""
