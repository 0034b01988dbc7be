"""Rates and rows from answers of `figures show`."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.operators import readings
from tests.console.operators.traffic_answers import FIGURES, HISTORY


def later(seconds: float, **counters: float) -> dict[str, Any]:
    """The answer so many seconds later, these counters so much higher."""
    known = FIGURES["counters"]
    return {
        **FIGURES,
        "at": FIGURES["at"] + seconds,
        "uptime_s": FIGURES["uptime_s"] + seconds,
        "counters": {**known, **{name: known[name] + more for name, more in counters.items()}},
    }


def test_rates_are_of_the_seconds_between_two_answers() -> None:
    now = later(10, accepted=50, submitted=40, final_delivered=30, final_expired=6, final_rejected=4)
    found = readings.summary(now, FIGURES, None)
    assert (found["accepted"], found["submitted"], found["delivered"], found["failed"]) == (5, 4, 3, 1)
    assert found["errors"] == 0.25
    assert found["p99_ms"] is None  # nothing was accepted between them, as the histogram has it


def test_before_there_are_two_the_last_sample_is_shown() -> None:
    found = readings.summary(FIGURES, None, HISTORY)
    assert found["accepted"] == HISTORY["accepted"][-1]
    assert found["p99_ms"] == pytest.approx(HISTORY["accept_p99_ms"][-1])
    assert readings.summary(FIGURES, None, None)["accepted"] is None


def test_a_gateway_that_was_started_anew_is_compared_with_nothing() -> None:
    past = readings.Past()
    assert past.add(FIGURES) is None
    assert past.add(later(2)) is FIGURES
    assert past.add({**later(4), "uptime_s": 1.0}) is None


def test_what_is_compared_with_is_ten_seconds_old_at_most() -> None:
    past = readings.Past()
    for tick in range(9):
        before = past.add(later(2 * tick))
    assert before is not None and before["at"] == FIGURES["at"] + 6


def test_connectors_have_their_rates_and_a_word() -> None:
    now = later(10)
    now["connectors"] = [
        {**row, "sent": row["sent"] + 100, "refused": row["refused"] + 20} for row in FIGURES["connectors"]
    ]
    rows = {row["id"]: row for row in readings.connector_rows(now, FIGURES, None)}
    assert (rows["athens"]["sent_s"], rows["athens"]["errors_s"], rows["athens"]["throttled_s"]) == (10, 2, 0)
    assert (rows["athens"]["word"], rows["kyiv"]["word"]) == ("up", "down")
    first = {row["id"]: row for row in readings.connector_rows(FIGURES, None, HISTORY)}
    assert first["athens"]["sent_s"] == HISTORY["connectors"]["athens"]
    assert first["athens"]["errors_s"] is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "paused"}, "paused"),
        ({"suspended_s": 9.0}, "suspended"),
        ({"provider": {"halted": "parked", "circuit_open": False}}, "halted"),
        ({"provider": {"halted": "", "circuit_open": True}}, "circuit open"),
        ({"elsewhere": True}, "elsewhere"),
        ({"up": False}, "down"),
        ({"bound": 1}, "up in part"),
    ],
)
def test_the_word_of_a_connector(changes: dict[str, Any], word: str) -> None:
    assert readings.word_of({**FIGURES["connectors"][0], **changes}) == word


def test_tenants_who_send_most_now_come_first() -> None:
    [row] = FIGURES["tenants"]
    before = {**FIGURES, "tenants": [row, {**row, "tenant": "quick"}]}
    now = {**later(10), "tenants": [row, {**row, "tenant": "quick", "accepted": row["accepted"] + 70}]}
    found = readings.tenant_rows(now, before)
    assert [each["tenant"] for each in found] == ["quick", row["tenant"]]
    assert found[0]["accepted_s"] == 7


def test_tables_have_every_nth_sample_the_newest_first() -> None:
    rows = readings.coarse({"times": [10, 20, 30], "accepted": [1, None, 3]}, ("accepted",), 2)
    assert rows == [{"at": 30_000, "accepted": 3}, {"at": 10_000, "accepted": 1}]
