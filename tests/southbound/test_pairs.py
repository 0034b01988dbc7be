"""Lanes of sender and recipient, against a plain model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.pairs import Pairs
from tests.southbound.fakes import message


class Lanes(RuleBasedStateMachine):
    """Messages come in any order, are taken, end, go back, or are removed; `out` are those that were handed out."""

    def __init__(self):
        super().__init__()
        self.pairs = Pairs(50)
        self.out, self.held, self.back = [], {}, []
        self.number = 0

    def bring(self, out):
        if self.pairs.busy(out):
            self.pairs.hold(out)
            self.held[out.message.id] = out
        else:
            self.pairs.own(out)
            self.out.append(out)

    @rule(recipient=st.integers(0, 2), priority=st.integers(0, 1))
    def fresh(self, recipient, priority):
        self.number += 1
        self.bring(Outgoing(message(self.number, msisdn=str(recipient), priority=priority)))

    @precondition(lambda self: self.back)
    @rule()
    def again(self):
        self.back.sort(key=lambda out: out.key)
        self.bring(self.back.pop(0))

    @precondition(lambda self: self.pairs.first() is not None)
    @rule()
    def take(self):
        first = self.pairs.first()
        assert first.key == min(out.key for _, out in self.pairs._free)
        assert self.pairs.take() is first
        del self.held[first.message.id]
        self.out.append(first)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def leave(self, data):
        out = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        before = len(self.pairs._free)
        assert self.pairs.leave(out) == (len(self.pairs._free) > before)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def put_back(self, data):
        out = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        behind = self.pairs.dissolve(out)
        assert all(each.pair is None and lane(each) == lane(out) for each in behind)
        assert [each.key for each in behind] == sorted(each.key for each in behind)
        for each in behind:
            del self.held[each.message.id]
        self.back += [out, *behind]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data):
        number = data.draw(st.sampled_from(sorted(self.held)))
        assert self.pairs.find(number) is self.held[number]
        assert self.pairs.remove(number) is self.held.pop(number)
        assert self.pairs.find(number) is None and self.pairs.remove(number) is None

    @invariant()
    def one_of_a_lane_is_out(self):
        owners = [lane(out) for out in self.out] + [lane(out) for _, out in self.pairs._free]
        assert len(owners) == len(set(owners))
        assert set(owners) == set(self.pairs._lanes)  # nobody waits for one that is not there
        assert len(self.pairs) == len(self.held)


def lane(out):
    return (out.message.priority, out.message.source, out.message.msisdn)


TestLanes = Lanes.TestCase
TestLanes.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_full():
    pairs = Pairs(2)
    first = Outgoing(message(1))
    assert not pairs.busy(first)
    pairs.own(first)
    for number in (2, 3):
        assert not pairs.full
        out = Outgoing(message(number))
        assert pairs.busy(out)
        pairs.hold(out)
    assert pairs.full
    gone = []
    pairs.remove_all({1, 3, 9}, gone.append)
    assert [out.message.id for out in gone] == [3] and not pairs.full
