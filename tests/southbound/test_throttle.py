"""Which message an SMSC that throttles singles out, and which is merely at the head of a link that is too fast."""

from __future__ import annotations

import pytest

from smsgwd.delivery.rate import LinkRate
from smsgwd.smpp.status import ESME_RMSGQFUL, ESME_RTHROTTLED
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.throttle import Throttle
from tests.southbound.fakes import message


@pytest.fixture
def throttle() -> Throttle:
    return Throttle(LinkRate(0.0, None, 0.0), adaptive=True)


def refused(throttle: Throttle, out: Outgoing, taken: int, others: list[Outgoing]) -> bool:
    """After so many were taken and those others throttled, it is throttled, too."""
    if taken:
        throttle.success(1.0, 0.9, taken)
    for each in others:
        throttle.singles_out(each, ESME_RTHROTTLED)
    return throttle.singles_out(out, ESME_RTHROTTLED)


def test_the_only_one_that_does_not_get_through_is_singled_out(throttle: Throttle) -> None:
    out = Outgoing(message(1))
    assert [refused(throttle, out, 5, []) for _ in range(9)] == [False] * 8 + [True]


def test_the_head_of_a_link_that_is_too_fast_keeps_its_place(throttle: Throttle) -> None:
    out, others = Outgoing(message(1)), [Outgoing(message(number)) for number in range(2, 10)]
    assert not any(refused(throttle, out, 2, others) for _ in range(100))


def test_two_that_do_not_get_through_are_both_singled_out(throttle: Throttle) -> None:
    out, other = Outgoing(message(1)), Outgoing(message(2))
    assert [refused(throttle, out, 5, [other]) for _ in range(9)][-1]
    assert other.throttled == 9


def test_while_nobody_gets_through_nobody_is_singled_out(throttle: Throttle) -> None:
    out = Outgoing(message(1))
    assert not any(refused(throttle, out, 0, []) for _ in range(100))


def test_a_full_queue_singles_out_sooner(throttle: Throttle) -> None:
    out = Outgoing(message(1))
    said = []
    for _ in range(3):
        throttle.success(1.0, 0.9, 5)
        said.append(throttle.singles_out(out, ESME_RMSGQFUL))
    assert said == [False, False, True]
