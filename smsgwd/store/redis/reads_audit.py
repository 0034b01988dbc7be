"""What operators did, which messages ended, and what the server takes (ports.Store)."""

from __future__ import annotations

from smsgwd.model.operators import BEGUN, FAILED, AuditEntry
from smsgwd.ports.looking import AuditFilter, FinalRecord
from smsgwd.ports.store import Space
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.kept import audit_from
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.rows import row_from, view_of


async def audit(ask: Asking, where: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
    """See Store.audit."""
    found: list[AuditEntry] = []
    high = b"" if before is None else id8(max(0, before))
    while len(found) < limit:
        page = await ask.members(ask.keys.audits, b"", high, PAGE, newest=True)
        numbers = [number_of(member) for member in page]
        values = await ask.rows([ask.keys.audit(number) for number in numbers])
        entries = [
            audit_from(number, value) for number, value in zip(numbers, values, strict=True) if value is not None
        ]
        found += [entry for entry in entries if _wanted(entry, where)]
        if len(page) < PAGE:
            break
        high = page[-1]
    return found[:limit]


def _wanted(entry: AuditEntry, where: AuditFilter) -> bool:
    return (
        entry.at >= where.from_ms
        and (where.to_ms is None or entry.at < where.to_ms)
        and (not where.who or entry.who == where.who)
        and (not where.noun or entry.command == where.noun or entry.command.startswith(f"{where.noun} "))
        and (not where.failed or entry.outcome in (FAILED, BEGUN))
    )


async def finals(ask: Asking, after: int, limit: int) -> list[FinalRecord]:
    """See Store.finals."""
    found: list[FinalRecord] = []
    while len(found) < limit:
        page = await ask.scored(ask.keys.finals, f"({after}", "+inf", min(PAGE, limit))
        values = await ask.rows([ask.keys.message(number_of(member[:8])) for member, _ in page])
        found += [
            FinalRecord(seq, view_of(row_from(value)), number_of(member))
            for (member, seq), value in zip(page, values, strict=True)
            if value is not None
        ]
        if len(page) < min(PAGE, limit):
            break
        after = page[-1][1]
    return found[:limit]


async def space(ask: Asking) -> Space:
    """See Store.space: what the server has in memory, of all that use it, and what it holds of that without a use. On
    its disk it takes about as much, and up to twice that while it writes its log anew."""
    text = await ask.call("FCALL", "smsgwd_facts", 1, ask.keys.messages, "memory")
    facts = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
    used, resident = int(facts["used_memory"]), int(facts["used_memory_rss"])
    return Space(bytes=max(resident, used), free_bytes=max(0, resident - used))
