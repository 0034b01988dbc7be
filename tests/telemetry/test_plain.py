import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from smsgwd.telemetry.plain import Spread, Tally

BOUNDS = (0.1, 1.0, 5.0)


def pages(names: list[str]) -> tuple[bytes, bytes]:
    """The same counted by the client's own classes and by ours, as the scrape shows it."""
    found = []
    for counter, histogram in ((Counter, Histogram), (Tally, Spread)):
        registry = CollectorRegistry()
        plain, labelled = counter("c", "Text.", registry=registry), counter("l", "Text.", names, registry=registry)
        plain.inc()
        plain.inc(2.5)
        plain.inc(0)
        labelled.labels(*["x"] * len(names)).inc(7)
        alone = histogram("h", "Text.", buckets=BOUNDS, registry=registry)
        spread = histogram("s", "Text.", names, buckets=BOUNDS, registry=registry)
        for value in (-1, 0.05, 0.1, 0.11, 1.0, 4.9, 5.0, 5.1, 1e9):
            alone.observe(value)
            spread.labels(*["y"] * len(names)).observe(value)
        found.append(generate_latest(registry))
    return found[0], found[1]


@pytest.mark.parametrize("names", [["one"], ["one", "two"]])
def test_a_scrape_shows_what_the_client_would_show(names: list[str]) -> None:
    theirs, ours = pages(names)
    assert b"l_total{" in ours
    assert ours == theirs


def test_many_at_once_count_like_one_after_the_other() -> None:
    registry = CollectorRegistry()
    many, single = (Spread(name, "Text.", buckets=BOUNDS, registry=registry) for name in ("many", "single"))
    many.observe_many(0.5, 3)
    many.observe_many(7.0, 2)
    for value in (0.5, 0.5, 0.5, 7.0, 7.0):
        single.observe(value)
    for name, labels in (("bucket", {"le": "1.0"}), ("bucket", {"le": "+Inf"}), ("count", {}), ("sum", {})):
        found = registry.get_sample_value(f"many_{name}", labels)
        assert found is not None
        assert found == registry.get_sample_value(f"single_{name}", labels)


def test_a_tally_never_goes_down() -> None:
    tally = Tally("t", "Text.", registry=CollectorRegistry())
    with pytest.raises(ValueError, match="only go up"):
        tally.inc(-1)
    tally.reset()
    tally.inc(2)
    assert tally.collect()
