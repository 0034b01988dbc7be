"""What histograms say of the values in them: shares of them, and what one has now and had not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Upper bounds (the infinite one left out), and how many values are in each bucket, the last one beyond all bounds.
Histogram = Mapping[str, Sequence[float]]


def quantile(spread: Histogram, share: float) -> float | None:
    """The value that this share of all is below, as Prometheus works it out: evenly within a bucket. None for none."""
    counts, bounds = spread["counts"], spread["bounds"]
    total = sum(counts)
    if not total:
        return None
    wanted, below, seen = share * total, 0.0, 0.0
    for bound, number in zip(bounds, counts, strict=False):
        if number and seen + number >= wanted:
            return below + (bound - below) * (wanted - seen) / number
        seen += number
        below = bound
    return below  # beyond the last bound nobody knows


def newer(spread: Histogram, old: Histogram | None) -> Histogram:
    """What a histogram has now and had not before; all of it where there is nothing to compare with."""
    if old is None or len(old["counts"]) != len(spread["counts"]):
        return spread
    counts = [max(0.0, one - other) for one, other in zip(spread["counts"], old["counts"], strict=True)]
    return {"bounds": spread["bounds"], "counts": counts}
