from smsgwd.model.message import Failure
from smsgwd.smpp.pdu import SubmitSm
from smsgwd.southbound.outgoing import Outgoing, Verdict
from tests.southbound.fakes import message


def outgoing(parts, pdus, sent=()):
    out = Outgoing(message(1, parts=parts), frozenset(sent))
    out.begin([SubmitSm() for _ in range(pdus)])
    return out


def written(out):
    return out.todo[::-1]


def test_one_part():
    out = outgoing(1, 1)
    assert written(out) == [1] and out.accept(1, "a") == [(1, "a")]


def test_as_many_pdus_as_parts():
    out = outgoing(3, 3, sent={2})
    assert written(out) == [1, 3]
    assert out.accept(3, "c") == [(3, "c")] and out.accept(1, "a") == [(1, "a")]
    assert out.taken == {1, 2, 3}


def test_one_pdu_for_all_parts():
    out = outgoing(3, 1)
    assert out.accept(1, "a") == [(1, "a"), (2, "a"), (3, "a")]
    assert written(outgoing(3, 1, sent={1})) == [1]
    assert written(outgoing(3, 1, sent={1, 2, 3})) == []


def test_fewer_pdus_than_parts():
    out = outgoing(4, 2)
    assert out.accept(2, "b") == [(2, "b"), (3, "b"), (4, "b")] and out.accept(1, "a") == [(1, "a")]


def test_more_pdus_than_parts_complete_the_last_part_together():
    out = outgoing(2, 4)
    assert written(out) == [1, 2, 3, 4]
    assert out.accept(3, "c") == [] and out.accept(1, "a") == [(1, "a")] and out.accept(2, "b") == []
    assert out.accept(4, "d") == [(2, "b")]
    assert written(outgoing(2, 4, sent={1})) == [2, 3, 4]


def test_a_second_attempt_leaves_out_what_was_taken_in_the_first():
    out = outgoing(2, 3)
    out.accept(1, "a")
    out.accept(3, "c")
    out.decide(Verdict.AGAIN, None, 2)
    assert out.todo == []
    out.begin([SubmitSm() for _ in range(3)])
    assert written(out) == [2] and out.verdict is Verdict.NONE
    assert out.accept(2, "b") == [(2, "b")]


def test_the_gravest_verdict_stands():
    out = outgoing(3, 3)
    out.decide(Verdict.RETRY, Failure("first"), 1)
    out.decide(Verdict.AGAIN, None, 2)
    assert (out.verdict, out.error, out.failed_part) == (Verdict.RETRY, Failure("first"), 1)
    out.decide(Verdict.FAIL, Failure("second"), 3)
    assert (out.verdict, out.error, out.failed_part) == (Verdict.FAIL, Failure("second"), 3)
