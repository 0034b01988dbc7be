"""Who of several workers takes the next connection."""

import os

import pytest

from smsgwd.net.edge_shares import Shares


@pytest.fixture
def shares():
    """Two views of one memory, for three workers."""
    descriptor = Shares.create(3)
    found = Shares(descriptor, 3), Shares(descriptor, 3)
    os.close(descriptor)
    yield found
    for each in found:
        each.close()


def test_who_is_alone_waits_for_nobody(shares):
    assert not shares[0].has_most(2, 0)
    assert not shares[0].has_most(2, 1000)


@pytest.mark.parametrize(
    ("own", "other", "waits"),
    [(0, 0, False), (1, 0, True), (1, 1, False), (2, 1, True), (9, 8, False), (10, 8, True), (112, 100, False)],
)
def test_who_has_clearly_more_than_another_waits(shares, own, other, waits):
    ours, theirs = shares
    assert not theirs.has_most(3, other)
    assert ours.has_most(1, own) is waits


def test_nobody_waits_for_one_that_is_gone(shares):
    ours, theirs = shares
    theirs.put(3, 0)
    assert ours.has_most(1, 5)
    theirs.gone(3)
    assert not ours.has_most(1, 5)


def test_a_count_stays_a_count(shares):
    shares[0].put(1, 1 << 40)
    assert shares[1].has_most(2, 1 << 41)
