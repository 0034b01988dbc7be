"""What stored records say, and which of them cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from smsgwd.model.plan import NumberPlan
from smsgwd.model.records import NumberPlanRecord, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.telemetry import get_logger

T = TypeVar("T")
_log = get_logger("daemon")


def plan_of(records: Iterable[Record]) -> tuple[NumberPlan, list[tuple[Record, str]]]:
    """All plans as one, and those that cannot be used."""
    rows: list[tuple[str, str, str, str, str]] = []
    unusable: list[tuple[Record, str]] = []
    for record in records:
        try:
            plan = decoded(record, NumberPlanRecord)
            NumberPlan(plan.rows)
        except (Refused, ValueError) as error:
            unusable.append((record, str(error)))
        else:
            rows += plan.rows
    return NumberPlan(rows), unusable


def decoded(record: Record, wanted: type[T]) -> T:
    """What a record says. Raises Refused(INVALID)."""
    try:
        return msgspec.json.decode(record.value, type=wanted)
    except (msgspec.DecodeError, ValueError) as error:
        raise Refused(Refusal.INVALID, f"{record.kind} {record.key}: {error}") from None


def unusable(record: Record, why: str) -> None:
    """Say that a stored record is left out."""
    _log.error("record.unusable", kind=record.kind, key=record.key, reason=why)
