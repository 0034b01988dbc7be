from smsgwd.simulator.account import Account
from smsgwd.simulator.message import Delivery


class _Link:
    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.got: list[Delivery] = []

    def deliver(self, delivery: Delivery) -> None:
        self.room -= 1
        self.got.append(delivery)


def _account(via, *links):
    account = Account("gw", via)
    for link in links:
        account.join(link)
    return account


def _wait(account, count, link=None):
    made = [Delivery(account, link) for _ in range(count)]
    account.waiting.extend(made)
    return made


def test_a_receipt_goes_to_the_bind_that_submitted():
    one, other = _Link(), _Link()
    account = _account("submitter", one, other)
    made = _wait(account, 3, other)
    account.pump()
    assert other.got == made and one.got == []


def test_to_another_one_when_that_has_no_room_or_does_not_receive():
    full, other = _Link(room=1), _Link()
    account = _account("submitter", full, other)
    made = _wait(account, 3, full)
    account.pump()
    assert full.got == made[:1] and other.got == made[1:]
    transmitter = _Link()
    made = _wait(account, 1, transmitter)
    account.pump()
    assert other.got[-1:] == made and transmitter.got == []


def test_round_robin_and_on_purpose_elsewhere():
    one, other = _Link(), _Link()
    account = _account("any", one, other)
    _wait(account, 10, one)
    account.pump()
    assert len(one.got) == len(other.got) == 5
    one, other = _Link(), _Link()
    account = _account("other", one, other)
    _wait(account, 10, one)
    account.pump()
    assert len(one.got) == 0 and len(other.got) == 10
    alone = _Link()
    account = _account("other", alone)
    _wait(account, 2, alone)
    account.pump()
    assert len(alone.got) == 2


def test_what_has_no_bind_waits_in_order_and_what_was_lost_goes_first():
    account = Account("gw", "submitter")
    waiting = _wait(account, 2)
    account.pump()
    assert list(account.waiting) == waiting
    lost = [Delivery(account) for _ in range(2)]
    account.put_back(lost)
    link = _Link(room=3)
    account.join(link)
    account.pump()
    assert link.got == [*lost, waiting[0]] and list(account.waiting) == waiting[1:]


def test_a_bind_that_left_gets_nothing():
    link = _Link()
    account = _account("submitter", link)
    account.leave(link)
    account.leave(link)
    _wait(account, 1, link)
    account.pump()
    assert link.got == [] and not account.receiving
