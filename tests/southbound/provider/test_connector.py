"""What becomes of messages by what a plugin says of them."""

import pytest

from smsgwd.model.changes import Fail, PartSent, Requeue
from smsgwd.model.message import Coding, State
from smsgwd.providers import Accepted, Park, Permanent, SlowDown, Stop, Temporary, Unknown
from smsgwd.southbound.provider.calls import Done
from tests.southbound.provider.stand import Stand, message, settings


def test_alike_messages_go_together_and_are_sent_under_their_foreign_ids():
    stand = Stand().start()
    stand.send(*(message(number) for number in range(1, 8)))
    assert stand.runner.groups == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    sent = {change.message_id: change for change in stand.store.changes(PartSent)}
    assert {number: change.smsc_id for number, change in sent.items()} == {n: f"f{n}" for n in range(1, 8)}
    assert {change.id_format for change in sent.values()} == {"exact"}
    assert all(stand.store.state(number) is State.SENT for number in range(1, 8))
    assert stand.connector.asking.told == [(number, f"f{number}") for number in range(1, 8)]
    assert not stand.dispatcher.in_flight()


def test_messages_that_differ_go_apart_in_the_order_of_the_queue():
    stand = Stand().start()
    texts = [b"a", b"b", b"a", b"b", b"c", b"a", b"a"]
    stand.send(*(message(number, body=text) for number, text in enumerate(texts, 1)))
    assert stand.runner.groups == [["1", "3", "6"], ["2", "4"], ["5"], ["7"]]


def test_an_urgent_message_is_not_behind_those_that_wait_for_a_group():
    stand = Stand(window=1, together=2)
    stand.start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number, body=b"%d" % number) for number in range(1, 30)))
    assert stand.runner.groups == [["1"]]
    stand.send(message(99, priority=3))
    stand.runner.answer([Accepted("x")])
    stand.pump()
    assert stand.runner.groups[1] == ["99"]


def test_a_message_of_several_parts_has_one_foreign_id():
    stand = Stand().start()
    stand.send(message(1, parts=3))
    assert [(change.part, change.smsc_id) for change in stand.store.changes(PartSent)] == [
        (1, "f1"),
        (2, "f1"),
        (3, "f1"),
    ]
    assert stand.store.state(1) is State.SENT


def test_without_a_foreign_id_the_message_has_one_that_no_provider_gives():
    stand = Stand().start()
    stand.runner.script = lambda group: [Accepted() for _ in group]
    stand.send(message(1))
    assert stand.store.changes(PartSent)[0].smsc_id == "?1.1"


def test_temporary_is_tried_again_not_before_the_provider_wants():
    stand = Stand().start()
    stand.runner.script = lambda group: [Temporary("busy", 900)]
    stand.send(message(1))
    (change,) = stand.store.changes(Requeue)
    assert change.due_at == stand.clock.now_ms() + 900_000
    assert change.error.code == "smsc_rejected" and change.error.detail == "busy"
    assert stand.store.messages[1].attempts == 1


@pytest.mark.parametrize("scope", ["message", "connector"])
def test_permanent_is_refused_or_goes_another_way(scope):
    class Ways:
        def next_way(self, message, left):
            return "other"

        def beyond(self, message, left):
            return None

    stand = Stand(settings(id="other"), ways=Ways()).start()
    stand.runners[0].script = lambda group: [Permanent("E7", "no such sender", scope)]
    stand.send(message(1))
    if scope == "message":
        (change,) = stand.store.changes(Fail)
        assert change.error.detail == "E7: no such sender"
        assert stand.store.state(1) is State.REJECTED
    else:
        assert stand.store.messages[1].connector == "other"
        assert stand.store.state(1) is State.SENT


def test_unknown_goes_by_policy():
    for policy, state in (("fail", State.UNKNOWN), ("wait", State.SENT)):
        stand = Stand(unknown_outcome=policy).start()
        stand.runner.script = lambda group: [Unknown("no answer")]
        stand.send(message(1))
        assert stand.store.state(1) is state
    stand = Stand(unknown_outcome="resend").start()
    answers = [[Unknown("no answer")], [Accepted("f")]]
    stand.runner.script = lambda group: answers.pop(0)
    stand.send(message(1))
    assert stand.store.state(1) is State.SENT and stand.runner.groups == [["1"], ["1"]]


@pytest.mark.parametrize(
    ("done", "again"),
    [
        (Done(trouble="no answer", written=True), "unknown"),
        (Done(trouble="it raised", fault=True), "retry"),
        (Done(trouble="no connection"), "place"),
        (Done(verdicts=[Accepted("a")]), "unknown"),
    ],
)
def test_a_call_that_failed_tells_what_may_have_left(done, again):
    stand = Stand(unknown_outcome="fail").start()
    answers = [done]
    stand.runner.script = lambda group: answers.pop(0) if answers else None
    stand.send(message(1), message(2))
    if again == "unknown":
        assert {stand.store.state(1), stand.store.state(2)} == {State.UNKNOWN}
    elif again == "retry":
        assert [change.message_id for change in stand.store.changes(Requeue)] == [1, 2]
    else:
        assert stand.store.state(1) is State.QUEUED and not stand.store.messages[1].attempts
        assert stand.runner.groups == [["1", "2"]]  # after a pause
        stand.advance(1.1)
        assert stand.runner.groups == [["1", "2"], ["1", "2"]]


def test_too_much_at_once_pauses_all_and_costs_nobody_an_attempt():
    stand = Stand(window=5, together=1).start()
    stand.runner.script = lambda group: [SlowDown("429", 20)]
    stand.send(*(message(number) for number in range(1, 4)))
    asked = len(stand.runner.groups)
    stand.advance(19)
    assert len(stand.runner.groups) == asked and stand.connector.status().throttled == 1
    stand.runner.script = lambda group: [Accepted(each.id) for each in group]
    stand.advance(2)
    assert stand.runner.groups[asked:] == [["1"], ["2"], ["3"]]
    assert not any(each.attempts for each in stand.store.messages.values())


def test_no_credit_parks_and_ends_by_itself():
    stand = Stand(suspend_s=300).start()
    stand.runner.script = lambda group: [Park("no credit")] * len(group)
    stand.send(message(1))
    status = stand.connector.status()
    assert not status.up and status.provider.halted == "parked" and status.provider.halted_why == "no credit"
    assert stand.dispatcher.down_for("prov") == 0
    stand.advance(299)
    assert len(stand.runner.groups) == 1 and round(stand.dispatcher.down_for("prov"), 3) == 299
    stand.runner.script = lambda group: [Accepted("f")]
    stand.advance(2)
    assert stand.store.state(1) is State.SENT and stand.connector.up


def test_refused_credentials_stop_it_until_somebody_starts_it():
    stand = Stand().start()
    stand.runner.script = lambda group: [Stop("401")] * len(group)
    stand.send(message(1))
    stand.advance(3_000)
    assert len(stand.runner.groups) == 1 and stand.connector.status().provider.halted == "stopped"
    assert stand.store.state(1) is State.QUEUED
    stand.runner.script = lambda group: [Accepted("f")]
    stand.dispatcher.resume("prov")
    stand.pump()
    assert stand.store.state(1) is State.SENT


def test_other_options_make_the_plugin_anew_and_end_what_it_was_stopped_for():
    stand = Stand().start()
    stand.runner.script = lambda group: [Stop("401")] * len(group)
    stand.send(message(1))
    done = stand.dispatcher.reconfigure([settings(options={"password": "right"})])
    assert done.rebound == ("prov",)
    stand.pump()
    assert len(stand.runners) == 2 and stand.runner.settings.options == {"password": "right"}
    assert stand.store.state(1) is State.SENT
    assert stand.dispatcher.reconfigure([settings(options={"password": "right"}, window=3)]).adjusted == ("prov",)
    assert len(stand.runners) == 2 and stand.connector.status().window == 3


def test_a_provider_that_does_not_answer_is_only_tried_now_and_then():
    stand = Stand(window=1, together=1, retry_waits_s=(1.0,)).start()
    stand.runner.script = lambda group: [Temporary("503")]
    stand.send(*(message(number) for number in range(1, 20)))
    assert len(stand.runner.groups) == 5  # in a row: it opens
    assert not stand.connector.up and stand.connector.status().provider.circuit_open
    stand.advance(4)
    assert len(stand.runner.groups) == 5 and round(stand.dispatcher.down_for("prov"), 3) == 4
    stand.advance(1.5)
    assert len(stand.runner.groups) == 6  # one probe, which fails
    stand.runner.script = lambda group: [Accepted("f")]
    stand.advance(11)
    assert stand.connector.up and len(stand.runner.groups) > 10


def test_an_idle_circuit_lets_the_router_try_it():
    stand = Stand(window=1, together=1).start()
    stand.runner.script = lambda group: [Permanent("x")] if group[0].id > "5" else [Temporary("503")]
    stand.send(*(message(number) for number in range(1, 6)))
    assert not stand.connector.up
    stand.advance(6)
    assert stand.connector.up  # nothing is queued that could be a probe: what comes now is one
    stand.send(message(6))
    assert stand.store.state(6) is State.REJECTED and not stand.connector.status().provider.circuit_open


def test_the_window_and_the_rate_hold():
    stand = Stand(window=2, together=2, throughput=4, burst=4).start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number) for number in range(1, 20)))
    assert len(stand.runner.groups) == 2
    for _ in range(2):
        stand.runner.answer([Accepted("a"), Accepted("b")])
    stand.pump()
    assert len(stand.runner.groups) == 2
    stand.advance(0.51)
    assert len(stand.runner.groups) == 3
    stand.advance(0.51)
    assert len(stand.runner.groups) == 4


def test_pause_puts_back_what_waits_for_a_group_and_withdraw_finds_it():
    stand = Stand(window=1, together=2).start()
    stand.runner.script = lambda group: None
    stand.send(*(message(number, body=b"%d" % number) for number in range(1, 6)))
    assert stand.connector.ready == 4
    assert stand.dispatcher.withdraw(3, "prov") and not stand.dispatcher.withdraw(1, "prov")
    stand.dispatcher.pause("prov")
    stand.pump()
    assert stand.dispatcher.in_flight() == {1}
    assert stand.dispatcher.give_up(4, "prov")
    stand.runner.script = lambda group: [Accepted(each.id) for each in group]
    stand.dispatcher.resume("prov")
    stand.runner.answer([Accepted("1")])
    stand.pump()
    assert sorted(each for group in stand.runner.groups for each in group) == ["1", "2", "5"]


def test_stop_waits_for_answers_and_what_has_none_is_unknown():
    stand = Stand(unknown_outcome="fail").start()
    stand.runner.script = lambda group: None
    stand.send(message(1))
    stopped = stand.dispatcher.stop("prov")
    stand.advance(9)
    assert not stopped.called
    stand.advance(2)
    assert stopped.called and stand.store.state(1) is State.UNKNOWN
    stand.dispatcher.start_one("prov")
    stand.runner.script = lambda group: [Accepted("f")]
    stand.send(message(2))
    assert stand.store.state(2) is State.SENT


def test_what_is_no_text_goes_to_plugins_that_take_octets_alone():
    stand = Stand().start()
    stand.send(message(1, coding=Coding.BINARY, body=b"\x00\x01"))
    assert stand.store.state(1) is State.REJECTED
    assert stand.store.changes(Fail)[0].error.detail == "not_encodable: binary messages do not go by this provider"


def test_a_dead_plugin_is_down_and_its_messages_wait():
    stand = Stand().start()
    stand.runner.become("failed")
    stand.send(message(1))
    stand.advance(7)
    assert not stand.connector.up and round(stand.dispatcher.down_for("prov"), 3) == 7 and not stand.runner.groups
    stand.runner.become("running")
    stand.pump()
    assert stand.store.state(1) is State.SENT and stand.dispatcher.down_for("prov") == 0


def test_removed_by_a_reload_it_finishes_and_goes():
    stand = Stand().start()
    stand.runner.script = lambda group: None
    stand.send(message(1))
    assert stand.dispatcher.reconfigure([]).removed == ("prov",)
    stand.runner.answer([Accepted("f")])
    stand.advance(1)
    assert stand.store.state(1) is State.SENT and not stand.dispatcher._leaving
