"""What some submissions ask besides: references that are used once, and recipients refused that are remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from smsgwd.model.changes import Submit
from smsgwd.model.message import Message
from smsgwd.model.refusals import Refusal
from smsgwd.store.embedded.bulk import Many

REPEATED: Final = Refusal.REPEATED_REF.code
_USED: Final = Many(
    "WITH wanted (tenant, ref) AS (VALUES ",
    "(?, ?)",
    ") SELECT c.tenant, c.ref FROM wanted w CROSS JOIN client_ref c ON c.tenant = w.tenant AND c.ref = w.ref",
)
_USE: Final = Many("INSERT INTO client_ref (tenant, ref, message) VALUES ", "(?, ?, ?)")
_REFUSE: Final = Many("INSERT OR IGNORE INTO refusal (submission, dest, tenant, code) VALUES ", "(?, ?, ?, ?)")


def digits_of(dest: str) -> str:
    """How recipients are compared: their digits, where they have any."""
    return "".join(letter for letter in dest if "0" <= letter <= "9") or dest


def repeated(connection: sqlite3.Connection, change: Submit) -> set[int]:
    """Places of messages whose reference was used before, be it by another of the same submission. Raises IndexError
    for a place that is none."""
    places = [place for place in change.unique if change.messages[place].client_ref is not None]
    wanted: list[str] = []
    for place in places:
        wanted += _key(change.messages[place])
    seen: set[tuple[str, str]] = set(_USED.find(connection, wanted))
    found: set[int] = set()
    for place in sorted(set(places)):
        key = _key(change.messages[place])
        if key in seen:
            found.add(place)
        seen.add(key)
    return found


def _key(message: Message) -> tuple[str, str]:
    return (message.tenant, message.client_ref or "")


def use(connection: sqlite3.Connection, change: Submit, refused: dict[int, str]) -> None:
    """The references of messages that were taken are used from now on."""
    values: list[str | int] = []
    for place in dict.fromkeys(change.unique):
        message = change.messages[place]
        if place not in refused and message.client_ref is not None:
            values += (*_key(message), message.id)
    _USE.run(connection, values)


def keep_refused(connection: sqlite3.Connection, change: Submit, refused: dict[int, str]) -> None:
    """Remember who was refused, before the store was asked or by it; nothing where nobody was taken."""
    if change.refused is None or len(refused) == len(change.messages):
        return
    values: list[str | int] = []
    pairs: Sequence[tuple[str, str]] = [
        *change.refused,
        *((dest, code) for place, code in refused.items() for dest in _written(change.messages[place])),
    ]
    for dest, code in pairs:
        values += (change.submission, digits_of(dest), change.tenant, code)
    _REFUSE.run(connection, values)


def _written(message: Message) -> tuple[str, str]:
    """Whoever asks may write the number as it was, or as it is sent to."""
    return message.dest, message.msisdn
