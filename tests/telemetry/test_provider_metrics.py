import pytest
from prometheus_client import CollectorRegistry

from smsgwd.telemetry import Metrics, render


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("status", "written", "outcome"),
    [
        (200, True, "2xx"),
        (302, True, "3xx"),
        (404, True, "4xx"),
        (429, True, "429"),
        (503, True, "5xx"),
        (0, True, "no_answer"),
        (0, False, "not_sent"),
    ],
)
def test_requests_are_told_apart_by_how_they_end(status: int, written: bool, outcome: str) -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.provider("isms1").request(status, written=written).inc()
    assert value(metrics, "smsgwd_provider_requests_total", connector="isms1", outcome=outcome) == 1


def test_a_balance_in_another_currency_takes_the_place_of_the_one_before() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.provider("isms1").balance(12.5, "EUR")
    metrics.provider("isms1").balance(11.5, "EUR")
    assert value(metrics, "smsgwd_provider_balance", connector="isms1", currency="EUR") == 11.5
    metrics.provider("isms1").balance(200, "")
    assert value(metrics, "smsgwd_provider_balance", connector="isms1", currency="") == 200
    assert value(metrics, "smsgwd_provider_balance", connector="isms1", currency="EUR") is None


def test_what_keeps_a_connector_from_sending_shows_and_ends() -> None:
    metrics = Metrics(CollectorRegistry())
    provider = metrics.provider("isms1")
    provider.halted("parked", True)
    assert value(metrics, "smsgwd_provider_halted", connector="isms1", why="parked") == 1
    provider.halted("parked", False)
    assert value(metrics, "smsgwd_provider_halted", connector="isms1", why="parked") == 0


def test_a_removed_connector_leaves_no_series() -> None:
    metrics = Metrics(CollectorRegistry())
    for name in ("a", "b"):
        provider = metrics.provider(name)
        assert metrics.provider(name) is provider
        provider.request(200).inc()
        provider.verdict("accepted").inc()
        provider.poll("final").inc()
        provider.callback("taken").inc()
        provider.event("incoming").inc()
        provider.contacts("pushed").inc()
        provider.halted("stopped", True)
        provider.balance(3, "EUR")
        provider.permit_seconds.observe(0.2)
    metrics.forget_connector("a")
    text = render(metrics.registry).decode()
    assert 'connector="a"' not in text
    assert 'connector="b"' in text
    metrics.provider("a").worker_restarts.inc()
    assert value(metrics, "smsgwd_provider_worker_restarts_total", connector="a") == 1


def test_what_counts_a_little_longer_than_its_connector_is_there_makes_no_series_again() -> None:
    metrics = Metrics(CollectorRegistry())
    provider = metrics.provider("a")
    provider.request(200).inc()
    metrics.forget_connector("a")
    provider.request(200).inc()
    provider.request(503).inc()
    provider.verdict("accepted").inc()
    provider.halted("parked", False)
    provider.balance(3, "EUR")
    provider.running.set(0)
    assert 'connector="a"' not in render(metrics.registry).decode()
