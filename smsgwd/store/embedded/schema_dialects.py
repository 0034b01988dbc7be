"""What provider styles need of the store (schema version 5): styles of callbacks, counts, history, references."""

from typing import Final

#: Version 5. `message.callback`: see model.message. `message.seq`: its number within its tenant, from 1, dense, in the
#: order in which messages were taken (those of before in the order of their ids).
#:
#: `tally`: model.tally, one row a tenant, kept with each transaction (`counts`).
#:
#: `mark`: of each block of 64 numbers (`seq >> 6`) where its messages are: they have ids from `first` on, those of all
#: blocks before it have ids up to `before`; `at` is when its first message was submitted. Ids ascend with numbers but
#: for messages that overtook one another before they were taken.
#:
#: `client_ref`: references that were to be used once, `refusal`: recipients refused by a submission, `dest` in digits
#: where it has any.
VERSION_5: Final = """
ALTER TABLE message ADD COLUMN callback BLOB;
ALTER TABLE message ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE message SET seq = numbered.seq FROM
    (SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY id) AS seq FROM message ORDER BY id) AS numbered
    WHERE numbered.id = message.id;
CREATE TABLE mark (
    tenant TEXT NOT NULL,
    block INTEGER NOT NULL,
    first INTEGER NOT NULL,
    before INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, block)
) WITHOUT ROWID;
INSERT INTO mark (tenant, block, first, before, at)
    SELECT tenant, seq >> 6, id, before, submitted_at FROM
    (SELECT tenant, seq, id, submitted_at, lag(id, 1, -1) OVER (PARTITION BY tenant ORDER BY id) AS before FROM message
    WHERE seq = 1 OR seq & 63 IN (0, 63)) WHERE seq = 1 OR seq & 63 = 0;
CREATE TABLE tally (
    tenant TEXT PRIMARY KEY,
    accepted INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    contacts INTEGER NOT NULL,
    groups INTEGER NOT NULL,
    templates INTEGER NOT NULL,
    orders INTEGER NOT NULL
) WITHOUT ROWID;
WITH counted (tenant, kind, count) AS (
    SELECT tenant, CASE WHEN state = 0 THEN 'scheduled' WHEN state < 10 THEN 'open' WHEN state = 10 THEN 'delivered'
        WHEN state = 14 THEN 'cancelled' ELSE 'failed' END, count(*) FROM message GROUP BY 1, 2
    UNION ALL SELECT tenant, kind, count(*) FROM record WHERE kind IN ('contact', 'group', 'template') GROUP BY 1, 2
    UNION ALL SELECT tenant, 'order', count(*) FROM ledger WHERE kind = 1 GROUP BY 1)
    INSERT INTO tally SELECT tenant,
    total(count) FILTER (WHERE kind IN ('scheduled', 'open', 'delivered', 'cancelled', 'failed')),
    total(count) FILTER (WHERE kind = 'scheduled'), total(count) FILTER (WHERE kind = 'delivered'),
    total(count) FILTER (WHERE kind = 'failed'), total(count) FILTER (WHERE kind = 'cancelled'),
    total(count) FILTER (WHERE kind = 'contact'), total(count) FILTER (WHERE kind = 'group'),
    total(count) FILTER (WHERE kind = 'template'), total(count) FILTER (WHERE kind = 'order')
    FROM counted GROUP BY tenant;
CREATE TABLE client_ref (
    tenant TEXT NOT NULL,
    ref TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (tenant, ref)
) WITHOUT ROWID;
CREATE INDEX client_ref_message ON client_ref (message);
CREATE TABLE refusal (
    submission INTEGER NOT NULL,
    dest TEXT NOT NULL,
    tenant TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (submission, dest)
) WITHOUT ROWID;
"""
