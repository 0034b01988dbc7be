"""Number lookups as they are asked for and answered."""

# ruff: noqa: S608 -- SQL is put together from the column list of this module only, values are always bound

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.model.business import PutLookups
from smsgwd.model.ids import first_id_at
from smsgwd.model.lookups import Lookup, LookupState
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.work import Work
from smsgwd.store.erasure import ERASED

_COLUMNS: Final = (
    "id", "request", "tenant", "dest", "msisdn", "asked_at", "done_at", "price", "state", "network", "facts",
    "payers",
)  # fmt: skip
_PUT: Final = Many(
    f"INSERT INTO lookup ({', '.join(_COLUMNS)}) VALUES ",
    f"({', '.join('?' * len(_COLUMNS))})",
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}"
    f" WHERE lookup.dest != '{ERASED}'",
)
_FINAL: Final = int(LookupState.DELIVERED)
_encode = msgspec.json.encode


def put_lookups(work: Work, change: PutLookups) -> None:
    """Keep lookups, or put them in the place of those of their ids; but not of those that were erased meanwhile: what
    a source says of a person who is to be forgotten is not kept."""
    values: list[Any] = []
    for lookup in change.lookups:
        values += lookup_values(lookup)
    _PUT.run(work.connection, values)


def lookup_values(lookup: Lookup) -> tuple[Any, ...]:
    """The columns of a row. `network` is mcc+mnc where both are told: what `Store.known_networks` looks for."""
    facts = lookup.facts
    return (
        lookup.id,
        lookup.request,
        lookup.tenant,
        lookup.dest,
        lookup.msisdn,
        lookup.asked_at,
        lookup.done_at,
        lookup.price,
        int(facts.state),
        facts.mcc + facts.mnc if facts.mcc and facts.mnc else "",
        _encode(facts),
        lookup.payers,
    )


def purge(work: Work, asked_before: int, limit: int) -> int:
    """Delete final lookups asked for before then (ms since 1970), the oldest first; how many. Ids tell their time."""
    return work.connection.execute(
        "DELETE FROM lookup WHERE id IN (SELECT id FROM lookup WHERE id < ? AND +state >= ? AND asked_at < ?"
        " ORDER BY id LIMIT ?)",
        (first_id_at(asked_before), _FINAL, asked_before, limit),
    ).rowcount
