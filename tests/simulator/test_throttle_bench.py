"""The judge of the throttling check, and the messages it sends."""

from smsgwd.simulator.record import SubmitLine
from smsgwd.simulator.throttle_bench import (
    PairTemplate,
    ThrottleOptions,
    figures_of,
    judge_throttle,
    lane_of,
    out_of_order,
)
from smsgwd.smpp.codec import decode
from smsgwd.smpp.pdu import SubmitSm


def line(number, at=0.0):
    body = b"%08d" % number
    return SubmitLine(at, str(number), "bench", "x", 0, 0, 0, body.hex(), at)


def test_frames_are_submits_of_their_lane():
    for number in (0, 4, 5, 9, 23):
        pdu = decode(PairTemplate(5).frame(number))
        assert isinstance(pdu, SubmitSm) and pdu.sequence == 1000 + number
        pair, priority = lane_of(number, 5)
        assert pdu.destination_addr == b"30690%08d" % pair and pdu.priority_flag == 1 + priority
        assert pdu.short_message == b"%08d" % number and pdu.source_addr == b"bench" and not pdu.registered_delivery
    assert lane_of(3, 5) == (3, 0) and lane_of(8, 5) == (3, 1) and lane_of(13, 5) == (3, 0)


def test_order_is_judged_by_lane_and_a_repeat_is_no_overtaking():
    assert out_of_order([1, 0, 2, 3, 12, 11, 13], 10) == 0  # other recipients
    assert out_of_order([10, 0, 20], 10) == 0  # another priority
    assert out_of_order([0, 0, 20, 20, 40], 10) == 0
    assert out_of_order([20, 0, 40], 10) == 1
    assert out_of_order([40, 0, 20, 60], 10) == 2


def test_figures_count_from_the_first_message():
    submits = [line(number, 100 + number / 10) for number in range(100)]
    found = figures_of(10.0, 5.0, submits, 25, 1000)
    assert (found.accepted, found.share, found.throttled, found.out_of_order) == (10.0, 100.0, 20.0, 0)
    assert figures_of(10.0, 5.0, [], 0, 10).share == 0.0


def test_the_verdict():
    good = figures_of(10.0, 5.0, [line(number, number / 10) for number in range(100)], 0, 1000)
    assert judge_throttle([good], 95.0).ok
    slow = figures_of(20.0, 5.0, [line(number, number / 10) for number in range(100)], 0, 1000)
    assert not judge_throttle([good, slow], 95.0).ok
    wild = figures_of(10.0, 5.0, [line(number % 50 * 20, number / 10) for number in range(100)], 0, 10)
    assert wild.out_of_order and not judge_throttle([wild], 0.0).ok
    assert ThrottleOptions().rates == "200,1000,3000"
