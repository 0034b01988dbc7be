"""What hostile providers and hasty operators do to a connector: nothing goes twice, nothing is left behind."""

import pytest

from smsgwd.model.changes import Fail, PartSent, Requeue
from smsgwd.model.message import Coding, State
from smsgwd.providers import Accepted, SlowDown, Stop, Temporary, Unknown
from smsgwd.southbound.provider.calls import Done
from tests.southbound.fakes import MUTE
from tests.southbound.fakes import settings as smpp_settings
from tests.southbound.provider.stand import Stand, message, settings


class Ways:
    """`other` is the second way of all."""

    def next_way(self, message, left):
        return "other"

    def beyond(self, message, left):
        return None


def test_a_provider_in_the_place_of_an_smsc_begins_when_that_one_has_its_answers():
    stand = Stand().start()
    stand.runner.script = lambda group: None
    stand.send(message(1), message(2))
    smsc = smpp_settings(id="prov")
    assert stand.dispatcher.reconfigure([smsc]).added == ("prov",)
    stand.send(message(3))
    assert not stand.network.smsc.submits and stand.dispatcher.in_flight() == {1, 2}
    assert not stand.dispatcher.withdraw(1, "prov") and stand.dispatcher.withdraw(3, "prov")
    stand.dispatcher.restore(stand.store.messages[3])
    stand.runner.answer([Accepted("f1"), SlowDown("429")])
    stand.advance(1)
    assert sorted(pdu.destination_addr[-1:] for pdu in stand.network.smsc.submits) == [b"2", b"3"]
    assert {stand.store.state(number) for number in (1, 2, 3)} == {State.SENT}
    # and back
    stand.network.smsc.script = lambda pdu: MUTE
    stand.send(message(4))
    stand.dispatcher.reconfigure([settings()])
    stand.advance(1)
    assert len(stand.runners) == 2 and not stand.runner.groups and stand.dispatcher.in_flight() == {4}
    stand.network.smsc.answer(stand.network.smsc.connections[-1], stand.network.smsc.submits[-1], 0)
    stand.send(message(5))
    stand.advance(1)
    assert stand.runner.groups == [["5"]] and not stand.dispatcher._leaving
    assert stand.store.state(4) is stand.store.state(5) is State.SENT


def test_another_kind_and_back_before_the_first_has_its_answers():
    stand = Stand().start()
    stand.runner.script = lambda group: None
    stand.send(message(1))
    stand.dispatcher.reconfigure([smpp_settings(id="prov")])
    stand.dispatcher.reconfigure([settings()])
    stand.send(message(2))
    assert len(stand.runners) == 1 and stand.dispatcher.in_flight() == {1, 2}
    stand.runner.answer([Accepted("a")])
    stand.runner.answer([Accepted("b")])
    stand.advance(1)
    assert not stand.network.smsc.submits and not stand.dispatcher._leaving
    assert stand.store.state(1) is stand.store.state(2) is State.SENT


def test_gone_as_another_kind_and_forgotten_once():
    stand = Stand().start()
    forgotten = []
    stand.dispatcher._forget = forgotten.append
    stand.runner.script = lambda group: None
    stand.send(message(1))
    stand.dispatcher.reconfigure([smpp_settings(id="prov")])
    stand.advance(1)
    stand.runner.answer([Accepted("a")])
    stand.advance(1)
    assert not forgotten  # it is there, as another one
    stand.dispatcher.reconfigure([])
    stand.advance(1)
    assert forgotten == ["prov"]


def test_calls_that_an_operator_ends_say_nothing_against_the_provider():
    stand = Stand(window=8, together=1).start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number) for number in range(1, 9)))
    stand.dispatcher.stop("prov")
    stand.advance(11)
    assert not stand.connector.status().provider.circuit_open
    stand.runner.script = lambda group: [Accepted(each.id) for each in group]
    stand.dispatcher.start_one("prov")
    stand.pump()
    assert all(stand.store.state(number) is State.SENT for number in range(1, 9))


def test_of_several_wishes_for_a_pause_the_longest_holds():
    stand = Stand(window=2, together=1).start()
    stand.runner.script = lambda group: None
    stand.send(message(1), message(2))
    stand.runner.answer([SlowDown("429")])
    stand.runner.answer([SlowDown("429", 60)])
    stand.advance(59)
    assert len(stand.runner.groups) == 2
    stand.advance(2)
    assert len(stand.runner.groups) == 4


def test_one_providers_wish_to_wait_does_not_hold_on_the_next_way():
    stand = Stand(settings(id="other"), ways=Ways(), retry_attempts=1, retry_waits_s=(10.0,)).start()
    stand.runners[0].script = lambda group: [Temporary("busy", 900)]
    stand.send(message(1))
    (change,) = stand.store.changes(Requeue)
    assert change.connector == "other" and change.due_at < stand.clock.now_ms() + 60_000


@pytest.mark.parametrize("ways", [None, Ways()])
def test_a_wish_to_wait_for_longer_than_a_message_is_valid(ways):
    stand = Stand(settings(id="other"), ways=ways).start()
    stand.runners[0].script = lambda group: [Temporary("tomorrow", 86_400)]
    stand.send(message(1))
    (change,) = stand.store.changes(Requeue)
    if ways is None:  # the sweep ends it as expired
        assert change.due_at >= stand.store.messages[1].deadline and stand.store.state(1) is State.WAITING
    else:
        assert change.connector == "other" and change.due_at < stand.clock.now_ms() + 600_000


def test_what_expires_while_it_waits_for_its_group_is_not_sent():
    stand = Stand(window=1, together=2).start()
    stand.runner.script = lambda group: None
    soon = stand.clock.now_ms() + 5_000
    stand.send(message(1, body=b"a"), message(2, body=b"b", deadline=soon), message(3, body=b"b"))
    stand.advance(6)
    stand.runner.answer([Accepted("a")])
    stand.pump()
    assert stand.runner.groups == [["1"], ["3"]] and not stand.connector.ready


def test_a_group_is_no_larger_than_its_rate_allows_at_once():
    stand = Stand(together=10, throughput=4, window=50).start()
    stand.send(*(message(number) for number in range(1, 21)), message(21, parts=9))
    assert [len(group) for group in stand.runner.groups] == [4]
    stand.advance(1.01)
    assert [len(group) for group in stand.runner.groups] == [4, 4]
    stand.advance(10)
    assert sum(map(len, stand.runner.groups)) == 21 and all(stand.store.state(n) is State.SENT for n in range(1, 22))


@pytest.mark.parametrize("foreign_id", ["?7.1", " ", "\u2003"])
def test_a_foreign_id_that_none_can_be_is_none(foreign_id):
    stand = Stand().start()
    stand.runner.script = lambda group: [Accepted(foreign_id)]
    stand.send(message(1))
    assert stand.store.changes(PartSent)[0].smsc_id == "?1.1"
    assert stand.connector.asking.told == [(1, "")]


def test_a_message_that_cannot_be_read_is_refused_and_the_next_goes():
    stand = Stand().start()
    stand.send(message(1, coding=Coding.UCS2, body=b"\xd8\xff\x00"), message(2))
    assert stand.store.state(1) is State.REJECTED and stand.store.state(2) is State.SENT
    assert stand.store.changes(Fail)[0].error.detail == "not_encodable: it cannot be read"


def test_stopped_for_credentials_it_stays_so_through_a_reload_of_other_things():
    stand = Stand().start()
    stand.runner.script = lambda group: [Stop("401")]
    stand.send(message(1))
    stand.dispatcher.reconfigure([settings(window=3, throughput=9)])
    stand.advance(3_000)
    assert len(stand.runner.groups) == 1 and stand.connector.status().provider.halted == "stopped"
    stand.runner.script = lambda group: [Accepted("f")]
    stand.dispatcher.start_one("prov")
    stand.pump()
    assert stand.store.state(1) is State.SENT


def test_a_probe_that_tells_nothing_is_followed_by_another():
    stand = Stand(window=3, together=3, unknown_outcome="fail").start()
    stand.runner.script = lambda group: [Unknown("no answer")] * len(group)
    for number in range(1, 6):
        stand.send(message(number))
    assert stand.connector.status().provider.circuit_open
    answers = [Done(halted=SlowDown("429", 1))]
    stand.runner.script = lambda group: answers.pop() if answers else [Accepted(each.id) for each in group]
    stand.send(*(message(number) for number in range(10, 20)))
    stand.advance(8)
    assert stand.runner.groups[5] == stand.runner.groups[6] == ["10"]
    assert all(stand.store.state(number) is State.SENT for number in range(10, 20))


def test_an_urgent_message_is_the_first_of_its_group():
    stand = Stand(window=1, together=2).start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number) for number in range(1, 6)))
    stand.send(message(99, priority=3))
    stand.runner.answer([Accepted("a"), Accepted("b")])
    stand.pump()
    assert stand.runner.groups[1] == ["99", "3"]


def test_a_reload_does_not_begin_one_that_waits_for_another_kind_of_it():
    stand = Stand().start()
    stand.runner.script = lambda group: None
    stand.send(message(1))
    smsc = {"id": "prov", "session": {"window": 5}}
    stand.dispatcher.reconfigure([smpp_settings(**smsc)])
    assert stand.dispatcher.reconfigure([smpp_settings(**smsc, host="new.example")]).rebound == ("prov",)
    stand.dispatcher.rebind("prov")
    stand.advance(1)
    assert not stand.network.attempts and stand.dispatcher.in_flight() == {1}
    stand.runner.answer([Accepted("a")])
    stand.advance(1)
    assert stand.network.attempts == 1 and not stand.network.smsc.submits


def test_what_came_for_another_kind_is_known_to_the_one_that_comes_back():
    stand = Stand().start()
    stand.runner.script = lambda group: None
    stand.send(message(1))
    stand.dispatcher.reconfigure([smpp_settings(id="prov")])
    stand.send(message(2))
    stand.dispatcher.reconfigure([settings()])
    stand.pump()
    assert stand.runner.groups == [["1"], ["2"]]


def test_one_of_several_parts_that_comes_while_it_is_stopped_and_cannot_be_read():
    stand = Stand().start()
    stand.dispatcher.stop("prov")
    stand.store.read_fails = 1
    stand.send(message(1, parts=3, attempts=1))
    stand.advance(5)
    stand.dispatcher.start_one("prov")
    stand.advance(1)
    assert stand.runner.groups == [["1"]]


@pytest.mark.parametrize(("policy", "state"), [("resend", State.QUEUED), ("wait", State.SENT), ("fail", State.UNKNOWN)])
def test_the_end_of_the_gateway_while_calls_are_out(policy, state):
    stand = Stand(window=2, together=2, unknown_outcome=policy).start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number, parts=2) for number in range(1, 9)))
    done = stand.dispatcher.drain(5)
    stand.advance(4.9)
    assert not done.called
    stand.advance(0.2)
    assert done.called and [stand.store.state(number) for number in range(1, 9)] == [state] * 4 + [State.QUEUED] * 4
    assert not [call for call in stand.reactor.getDelayedCalls() if call.active()]
    assert len(stand.runner.groups) == 2
    after = Stand()  # its next start
    after.store.keep(*stand.store.messages.values())
    after.start()
    went = sorted(int(each) for group in after.runner.groups for each in group)
    assert went == (list(range(1, 9)) if policy == "resend" else [5, 6, 7, 8])


def test_reported_while_it_waits_for_its_group_it_is_not_sent():
    stand = Stand(window=1, together=1).start()
    stand.runner.script = lambda group: None
    stand.send(message(1), message(2), message(3))
    stand.connector.reported(2, "f2")
    stand.connector.reported(1, "f1")  # its answer is not there yet
    stand.pump()
    assert stand.store.state(1) is State.SENT
    stand.runner.answer([Unknown("no answer")])
    stand.pump()
    assert stand.runner.groups == [["1"], ["3"]] and stand.store.state(1) is State.SENT


@pytest.mark.parametrize("wish", ["resume", "start_one", "rebind"])
def test_an_operator_has_a_provider_tried_at_once(wish):
    stand = Stand(window=1, together=1, unknown_outcome="fail").start()
    answers = [*(5 * [[Unknown("no answer")]]), Done(halted=SlowDown("429", 600))]
    stand.runner.script = lambda group: answers.pop(0) if answers else [Accepted(group[0].id)]
    stand.send(*(message(number) for number in range(1, 7)))
    stand.advance(10)
    assert len(stand.runner.groups) == 6 and stand.connector.status().provider.circuit_open
    getattr(stand.dispatcher, wish)("prov")
    stand.pump()
    assert stand.store.state(6) is State.SENT and not stand.connector.status().provider.circuit_open
