from pathlib import Path

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

import smsgwd
from smsgwd.telemetry import Metrics, render
from smsgwd.telemetry.families import OTHER, Family
from smsgwd.telemetry.metrics import markdown

DOCS = Path(__file__).resolve().parents[2] / "docs"


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "metrics.md").read_text("utf-8") == markdown(), "run scripts/gen_metrics_docs.py"


def test_every_metric_is_registered_named_and_explained() -> None:
    metrics = Metrics(CollectorRegistry())
    registered = {family.name for family in metrics.registry.collect()}
    for spec in metrics.specs:
        assert spec.name.removesuffix("_total") in registered
        assert spec.name.startswith("smsgwd_")
        assert spec.name.endswith("_total") == (spec.kind == "counter")
        assert spec.help.endswith(".")
        assert bool(spec.labels) == (spec.max_series > 1)
    assert len(metrics.specs) == len(registered)


def test_nothing_reaches_the_global_registry_and_instances_are_apart() -> None:
    before = {family.name for family in prometheus_client.REGISTRY.collect()}
    one, two = Metrics(CollectorRegistry(), process=True), Metrics(CollectorRegistry(), process=True)
    one.parts.inc(3)
    assert value(two, "smsgwd_parts_accepted_total") == 0
    assert {family.name for family in prometheus_client.REGISTRY.collect()} == before


def test_counting_shows_in_the_scrape() -> None:
    metrics = Metrics(CollectorRegistry(), process=True)
    metrics.accepted.labels("http").inc()
    metrics.refused.labels("http", "no_credit").inc(2)
    metrics.commit_seconds.observe(0.003)
    metrics.store_healthy.set(1)
    text = render(metrics.registry).decode()
    assert 'smsgwd_messages_accepted_total{intake="http"} 1.0' in text
    assert 'smsgwd_messages_refused_total{code="no_credit",intake="http"} 2.0' in text
    assert 'smsgwd_store_commit_seconds_bucket{le="0.005"} 1.0' in text
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text
    assert len(list(text_string_to_metric_families(text))) > len(metrics.specs)


def test_a_connector_has_bound_children() -> None:
    metrics = Metrics(CollectorRegistry())
    sim = metrics.connector("sim")
    assert metrics.connector("sim") is sim
    sim.submitted.inc()
    sim.answered(0).inc()
    sim.answered(0x58).inc()
    sim.answered(0x58).inc()
    sim.answered("E42").inc()
    sim.receipt("delivered").inc()
    sim.binds_bound.set(2)
    assert value(metrics, "smsgwd_submitted_parts_total", connector="sim") == 1
    assert value(metrics, "smsgwd_answers_total", connector="sim", status="0x00000058") == 2
    assert value(metrics, "smsgwd_answers_total", connector="sim", status="E42") == 1
    assert value(metrics, "smsgwd_receipts_total", connector="sim", state="delivered") == 1
    assert value(metrics, "smsgwd_binds_bound", connector="sim") == 2


def test_a_removed_connector_leaves_no_series() -> None:
    metrics = Metrics(CollectorRegistry())
    for name in ("a", "b"):
        metrics.connector(name).answered(0).inc()
        metrics.connector(name).receipt("delivered").inc()
    metrics.forget_connector("a")
    text = render(metrics.registry).decode()
    assert 'connector="a"' not in text
    assert 'connector="b"' in text
    metrics.connector("a").submitted.inc()
    assert value(metrics, "smsgwd_submitted_parts_total", connector="a") == 1


def test_invented_label_values_do_not_grow_the_scrape() -> None:
    metrics = Metrics(CollectorRegistry())
    most = metrics.auth_failures.spec.max_series
    for number in range(most + 100):
        metrics.auth_failures.labels("http", str(number)).inc()
    samples = [
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "smsgwd_auth_failures_total"
    ]
    assert len(samples) == most + 1
    assert value(metrics, "smsgwd_auth_failures_total", intake=OTHER, reason=OTHER) == 100
    sim = metrics.connector("sim")
    for status in range(5000):
        sim.answered(status).inc()
    assert len(sim._answers) <= 256
    assert value(metrics, "smsgwd_answers_total", connector=OTHER, status=OTHER) == 1000


def test_the_number_of_labels_is_checked() -> None:
    metrics = Metrics(CollectorRegistry())
    family: Family[prometheus_client.Counter] = metrics.refused
    with pytest.raises(ValueError, match="smsgwd_messages_refused_total has the labels intake, code"):
        family.labels("http")


def test_every_metric_is_counted_somewhere() -> None:
    telemetry = Path(smsgwd.__file__).parent / "telemetry"
    source = "\n".join(
        path.read_text("utf-8") for path in telemetry.parent.rglob("*.py") if telemetry not in path.parents
    )
    inside = (telemetry / "metrics.py").read_text("utf-8")
    names = [
        name
        for name, value in vars(Metrics(CollectorRegistry())).items()
        if isinstance(value, (Family, MetricWrapperBase))
    ]
    bound = [
        name for name, value in vars(Metrics(CollectorRegistry()).connector("c")).items() if not name.startswith("_")
    ]
    assert len(names) > 20 and len(bound) > 5
    for name in names:
        assert f".{name}" in source or f"metrics.{name}.labels" in inside, name
    for name in bound:
        uses = (f"metrics.{name}.", f"observe_many(self._metrics.{name},", f".{name}.set(")
        assert any(use in source for use in uses), name
