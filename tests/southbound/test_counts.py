"""Figures of a connector, handed on once a read."""

import pytest
from prometheus_client import CollectorRegistry, Histogram

from smsgwd.southbound.counts import Counts, observe_many
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import render


def samples(histogram):
    return [
        (sample.name, tuple(sample.labels.items()), sample.value)
        for family in histogram.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


@pytest.mark.parametrize("value", [0.0, 0.004, 0.005, 0.0051, 1.0, 99.0, 100.0, 1e9])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_many_at_once_are_as_many_one_by_one(value, count):
    one, many = (Histogram("seconds", "", registry=None, buckets=(0.005, 1.0, 100.0)) for _ in range(2))
    for _ in range(count):
        one.observe(value)
    observe_many(many, value, count)
    assert samples(many) == samples(one)


def test_what_was_counted_is_handed_on_once():
    metrics = Metrics(CollectorRegistry())
    counts = Counts(metrics.connector("sim"))
    counts.submitted += 5
    counts.answer(0, 0.01, 3)
    counts.answer(0x58, 0.01)
    counts.receipt("delivered")
    counts.receipt("delivered")
    counts.unknown += 2
    counts.flush(1, 2)
    counts.flush(1, 2)
    text = render(metrics.registry).decode()
    for line in (
        'smsgwd_submitted_parts_total{connector="sim"} 5.0',
        'smsgwd_answers_total{connector="sim",status="0x00000000"} 3.0',
        'smsgwd_answers_total{connector="sim",status="0x00000058"} 1.0',
        'smsgwd_receipts_total{connector="sim",state="delivered"} 2.0',
        'smsgwd_outcome_unknown_total{connector="sim"} 2.0',
        'smsgwd_answer_seconds_count{connector="sim"} 4.0',
        'smsgwd_ready_queue_depth{connector="sim"} 2.0',
    ):
        assert line in text


def test_nobody_looks():
    counts = Counts(None)
    counts.answer(0, 0.01, 3)
    counts.receipt("delivered")
    counts.mo("kept")
    counts.flush(1, 2)
    counts.unknown += 1
    assert counts.unknown == 1
