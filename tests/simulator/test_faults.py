import pytest

from smsgwd.simulator.faults import GARBAGE, NO_FAULT, Drops, LinkFaults
from smsgwd.simulator.options import SmscOptions
from smsgwd.smpp.codec import decode
from smsgwd.smpp.errors import PduError
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.pdu import GenericNack, SubmitSmResp, UnknownPdu


def _run(options: SmscOptions, count: int, drops: Drops | None = None):
    faults = LinkFaults(options, drops or Drops(options))
    return [faults.next() for _ in range(count)]


def test_nothing_asked_nothing_wrong():
    assert _run(SmscOptions(), 5) == [NO_FAULT] * 5


def test_a_drop_leaves_the_last_ones_unanswered_and_untaken():
    found = _run(SmscOptions(drop_after=5, drop_unanswered=2), 5)
    assert [fault.answered for fault in found] == [True, True, True, False, False]
    assert [fault.accepted for fault in found] == [True, True, True, False, False]
    assert [fault.drop for fault in found] == [False] * 4 + [True]


def test_a_drop_may_take_what_it_does_not_answer():
    found = _run(SmscOptions(drop_after=3, drop_unanswered=1, drop_accepted=True), 3)
    assert [(fault.answered, fault.accepted, fault.drop) for fault in found] == [
        (True, True, False), (True, True, False), (False, True, True),
    ]  # fmt: skip


def test_a_drop_may_answer_all():
    found = _run(SmscOptions(drop_after=2), 2)
    assert [(fault.answered, fault.drop) for fault in found] == [(True, False), (True, True)]


def test_drops_end():
    options = SmscOptions(drop_after=2, drop_unanswered=1, drop_times=1)
    drops = Drops(options)
    assert _run(options, 2, drops)[1].drop
    assert _run(options, 4, drops) == [NO_FAULT] * 4


def test_garbage_comes_in_turn():
    found = _run(SmscOptions(garbage_every=2, garbage_kinds="13"), 7)
    assert [fault.garbage for fault in found] == [b"", GARBAGE["1"], b"", GARBAGE["3"], b"", GARBAGE["1"], b""]
    assert all(fault.answered and fault.accepted for fault in found)


@pytest.mark.parametrize(("kind", "cls"), [("0", UnknownPdu), ("1", SubmitSmResp), ("3", GenericNack)])
def test_garbage_that_is_a_frame(kind, cls):
    assert Framer(65536).feed(GARBAGE[kind]) == [GARBAGE[kind]]
    assert isinstance(decode(GARBAGE[kind]), cls)


def test_the_truncated_deliver_sm_is_a_whole_frame_with_a_torn_body():
    assert Framer(65536).feed(GARBAGE["2"]) == [GARBAGE["2"]]
    with pytest.raises(PduError):
        decode(GARBAGE["2"])


@pytest.mark.parametrize("kind", ["4", "5"])
def test_garbage_that_breaks_the_framing(kind):
    framer = Framer(65536)
    assert framer.feed(GARBAGE[kind]) == []
    assert framer.fault is not None
