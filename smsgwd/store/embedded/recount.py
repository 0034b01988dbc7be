"""Whether a tenant's counts and numbers are what can be counted: part of `store check`."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

from typing import Final

from smsgwd.store.embedded.counts import BLOCK

#: What must find nothing: what it would mean, and a query of what is put into that. Each is one statement, so that it
#: sees one moment.
COUNTS: Final = (
    (
        "tenant {} has another number of scheduled messages than its count says",
        "SELECT tenant FROM (SELECT tenant, count(*) AS n, 0 AS told FROM message WHERE state < 2 AND state = 0"
        " GROUP BY tenant UNION ALL SELECT tenant, 0, scheduled FROM tally) GROUP BY tenant HAVING sum(n) != sum(told)",
    ),
    (
        "tenant {} has ended and open messages that are not all it ever had by its count",
        "SELECT tenant FROM (SELECT tenant, count(*) AS n, 0 AS told FROM message INDEXED BY message_open"
        " WHERE state < 10 GROUP BY tenant"
        " UNION ALL SELECT tenant, delivered + failed + cancelled, accepted FROM tally)"
        " GROUP BY tenant HAVING sum(n) != sum(told)",
    ),
    *(
        (
            f"tenant {{}} has another number of {kind}s than its count says",
            f"SELECT tenant FROM (SELECT tenant, count(*) AS n, 0 AS told FROM record WHERE kind = '{kind}'"
            f" GROUP BY tenant UNION ALL SELECT tenant, 0, {kind}s FROM tally)"
            " GROUP BY tenant HAVING sum(n) != sum(told)",
        )
        for kind in ("contact", "group", "template")
    ),
    (
        "tenant {} has another number of top-ups than its count says",
        "SELECT tenant FROM (SELECT tenant, count(*) AS n, 0 AS told FROM ledger WHERE kind = 1 GROUP BY tenant"
        " UNION ALL SELECT tenant, 0, orders FROM tally) GROUP BY tenant HAVING sum(n) != sum(told)",
    ),
    (
        "message {} has a number that its tenant has not come to",
        "SELECT m.id FROM message m LEFT JOIN tally t ON t.tenant = m.tenant"
        " WHERE m.seq < 1 OR m.seq > coalesce(t.accepted, 0)",
    ),
)

#: The same for a deep check: they look up something for each message, or sort them all.
NUMBERS: Final = (
    (
        "tenant {} has two messages with one number",
        "SELECT tenant FROM message GROUP BY tenant HAVING count(*) != count(DISTINCT seq)",
    ),
    (
        "message {} is not where the mark of its number says",
        f"SELECT m.id FROM message m LEFT JOIN mark k ON k.tenant = m.tenant AND k.block = m.seq >> {BLOCK}"
        " LEFT JOIN mark next ON next.tenant = m.tenant AND next.block = k.block + 1"
        " WHERE k.first IS NULL OR m.id < k.first OR m.id > next.before",
    ),
    (
        "the marks of tenant {} have a gap",
        "SELECT tenant FROM mark GROUP BY tenant HAVING count(*) != max(block) - min(block) + 1",
    ),
)
