"""The judges of the crash check and of the check with an absent ESME see every kind of loss: each test plants one."""

from array import array

import pytest

from smsgwd.simulator.absent import judge_absent
from smsgwd.simulator.aftermath import Kill
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash_smpp import judge_smpp
from smsgwd.simulator.record import SubmitLine

KILL = 1_000_100.0  # wall clock; the books' clock is a million seconds behind
WALL = 1_000_000.0


def _submit(number, at=KILL - 50, body="00"):
    return SubmitLine(at, "s", "bench", f"+30690{number:08d}", 0, 0, 1, body, at)


def _books(size=4):
    """Messages 1 and 2 accepted with their receipts, 3 unknown, 0 unknown."""
    books = Books(size)
    for number in (1, 2):
        books.link[number] = 1
        books.accepted[number] = 50.0
        books.ids[number] = books.receipt_ids[number] = b"%d" % (number + 100)
        books.receipts[number] = 1
        books.receipt[number] = 99.0
        books.received += 1
    for number in (0, 3):
        books.link[number] = -1
        books.unknown.add(number)
    return books


def _judge(books, submits=None):
    submits = [_submit(1), _submit(2)] if submits is None else submits
    return judge_smpp(books, [Kill(KILL, frozenset({1}))], submits, 5.0, WALL)


def test_all_is_well():
    verdict = _judge(_books())
    assert verdict.ok and verdict.facts["acknowledged"] == 2 and "FAILED" not in verdict.table()


def test_an_unknown_message_may_have_been_taken_with_a_receipt():
    books = _books()
    books.receipts[3] = 1
    verdict = _judge(books, [_submit(1), _submit(2), _submit(3)])
    assert verdict.ok and verdict.facts["  of them taken by the gateway"] == 1


def test_what_a_kill_explains():
    books = _books()
    books.repeats.append((1, 102.0))
    verdict = _judge(books, [_submit(1, KILL - 1), _submit(1, KILL + 1), _submit(2)])
    assert verdict.ok and verdict.facts["receipts that came again"] == verdict.facts["duplicates at the SMSC"] == 1


def _receipt_gone(books):
    books.receipts[1] = 0


def _repeat_before_the_kill(books):
    books.repeats.append((1, 99.5))


def _repeat_long_after(books):
    books.receipt[1] = 20.0
    books.repeats.append((1, 102.0))


def _other_name(books):
    books.receipt_ids[2] = b"7"


def _other_name_in_a_repeat(books):
    books.other_id = 1


def _refused(books):
    books.refused[0x0B] = 1


def _unanswered(books):
    books.unknown.discard(3)
    books.link[3] = 2


def _not_sent(books):
    books.link[3] = 0


def _strange(books):
    books.strange = 1


def _undelivered(books):
    books.not_delivered = 1


def _tlv(books):
    books.tlv_differs = 1


@pytest.mark.parametrize(
    ("failure", "change", "submits"),
    [
        ("lost: acknowledged, not at the SMSC", None, [_submit(1)]),
        ("acknowledged and no receipt", _receipt_gone, None),
        ("taken, unknown and no receipt", None, [_submit(1), _submit(2), _submit(3)]),
        ("receipts again without a kill", _repeat_before_the_kill, None),
        ("receipts again without a kill", _repeat_long_after, None),
        ("receipt names another id", _other_name, None),
        ("receipt names another id", _other_name_in_a_repeat, None),
        ("receipt's TLV and text differ", _tlv, None),
        ("receipts that are not DELIVRD", _undelivered, None),
        ("receipts of nothing we sent", _strange, None),
        ("duplicates not explained by a kill", None, [_submit(1), _submit(2), _submit(2)]),
        ("at the SMSC, sent by nobody", None, [_submit(1), _submit(2), _submit(9)]),
        ("submits refused", _refused, None),
        ("submits never answered", _unanswered, None),
        ("submits not sent", _not_sent, None),
    ],
)
def test_each_failure_is_seen(failure, change, submits):
    books = _books()
    if change is not None:
        change(books)
    verdict = _judge(books, submits)
    assert not verdict.ok and verdict.failures[failure] == 1 and "FAILED" in verdict.table()


def _absent(size=3):
    books = Books(size)
    books.order = array("i", range(size))
    for number in range(size):
        books.accepted[number] = 1.0
        books.ids[number] = books.receipt_ids[number] = b"%d" % (number + 98)
        books.receipts[number] = 1
        books.received += 1
    return books


def test_an_absent_esme_gets_all_in_order():
    books = _absent()
    books.repeats += [(0, 1.0)] * 2
    assert judge_absent(books, 9.0, 10.0, window=2).ok


@pytest.mark.parametrize(
    ("failure", "count"),
    [
        ("receipts out of order", 1),
        ("acknowledged and no receipt", 1),
        ("submits refused or not answered", 1),
        ("repeats beyond one window", 1),
        ("MB grown beyond the limit", 5),
    ],
)
def test_each_failure_with_an_absent_esme_is_seen(failure, count):
    books, grown = _absent(), 1.0
    if failure == "receipts out of order":
        books.order = array("i", (1, 0, 2))
    elif failure == "acknowledged and no receipt":
        books.receipts[2] = 0
    elif failure == "submits refused or not answered":
        books.accepted[2] = 0.0
    elif failure == "repeats beyond one window":
        books.repeats += [(0, 1.0)] * 3
    else:
        grown = 15.0
    verdict = judge_absent(books, grown, 10.0, window=2)
    assert not verdict.ok and verdict.failures[failure] == count
