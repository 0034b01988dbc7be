"""A reload: connectors that come, go, change in place or are bound anew, while messages are under way."""

import random
from dataclasses import fields, replace

import pytest

from smsgwd.delivery.trouble import rule
from smsgwd.model.changes import PartSent
from smsgwd.model.message import State
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, SubmitSmResp
from smsgwd.southbound.reconfigured import LINK, Reconfigured, changed
from smsgwd.southbound.settings import Settings
from tests.southbound.fakes import MUTE, Bench, message, settings


def numbers(bench):
    return [int(text.split()[-1]) for text in bench.smsc.texts]


def states(bench, place=0):
    return [bind.state for bind in bench.dispatcher.status()[place].binds]


def answer(bench, count, first=0):
    """The last connection answers its submits: their sequences begin with 2, behind the bind."""
    for sequence in range(first + 2, first + 2 + count):
        bench.smsc.connections[-1].respond(SubmitSmResp(sequence=sequence, message_id=b"late%d" % sequence))
    bench.pump()


# ---------------------------------------------------------------------------------------------------- in place


def test_the_same_settings_are_noticed_by_nobody():
    bench = Bench(settings(id="b")).start()
    assert bench.dispatcher.reconfigure([settings(), settings(id="b")]) == Reconfigured()
    bench.advance(5)
    assert len(bench.smsc.binds) == 2 and [each.id for each in bench.dispatcher.status()] == ["sim", "b"]


LIVE = {
    "binds": 2,
    "connect_s": 3.0,
    "reconnect_min_s": 2.0,
    "reconnect_max_s": 5.0,
    "throughput": 7.0,
    "burst": 3.0,
    "source": settings().source.__class__(5, 1, 0, 1),
    "destination": settings().destination.__class__(2, 1, 0, 1),
    "alphabet": "latin1",
    "data_codings": {"gsm7": 1, "latin1": 3, "ucs2": 8, "binary": 4},
    "long_messages": "sar",
    "service_type": b"VMA",
    "protocol_id": 3,
    "id_format": "same",
    "stat_words": {"ACCEPTD": MessageState.DELIVERED},
    "unknown_outcome": "wait",
    "statuses": {0x58: rule("fail")},
    "retry_waits_s": (1.0,),
    "retry_attempts": 1,
    "suspend_s": 5.0,
    "adaptive_rate": False,
    "keep_order": True,
    "queue_capacity": 10,
}


@pytest.mark.parametrize("name", LIVE)
def test_live_settings_change_in_place(name):
    bench = Bench().start()
    done = bench.dispatcher.reconfigure([settings(**{name: LIVE[name]})])
    assert done == Reconfigured(adjusted=("sim",))
    bench.send(message(1))
    bench.pump()
    assert bench.smsc.connections[0].session.is_bound and bench.store.state(1) is State.SENT
    assert len(bench.smsc.binds) == (2 if name == "binds" else 1)
    assert getattr(bench.dispatcher.settings("sim"), name) == LIVE[name]


def test_each_setting_is_live_or_of_the_link():
    named = {field.name for field in fields(Settings) if field.compare}
    assert named == {*LIVE, *LINK, "id"}
    assert not LIVE.keys() & set(LINK)


def test_a_window_is_live_and_timers_are_not():
    old = settings()
    assert changed(old, old) == []
    bench = Bench(server={"inbound_limit": 0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 31)))
    bench.pump()
    assert bench.dispatcher.reconfigure([settings(session={"window": 12})]).adjusted == ("sim",)
    bench.pump()
    assert len(bench.smsc.submits) == 12
    assert bench.dispatcher.reconfigure([settings(session={"window": 12, "response": 9.0})]).rebound == ("sim",)


def test_live_settings_are_obeyed():
    bench = Bench().start()
    bench.dispatcher.reconfigure(
        [settings(service_type=b"VMA", statuses={0x58: rule("fail")}, unknown_outcome="fail", session={"window": 10})]
    )
    bench.smsc.script = lambda pdu: 0x58
    bench.send(message(1))
    bench.pump()
    assert bench.smsc.submits[0].service_type == b"VMA" and bench.store.state(1) is State.REJECTED
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(2))
    bench.pump()
    bench.network.cut()
    bench.pump()
    assert bench.store.state(2) is State.UNKNOWN


def test_the_word_for_accepted_is_read_anew():
    bench = Bench().start()
    bench.send(message(1), message(2))
    bench.pump()
    bench.smsc.receipt("1", MessageState.ACCEPTED)
    bench.pump()
    assert bench.store.state(1) is State.SENT
    bench.dispatcher.reconfigure([settings(stat_words={"ACCEPTD": MessageState.DELIVERED})])
    bench.smsc.receipt("2", MessageState.ACCEPTED)
    bench.pump()
    assert bench.store.state(2) is State.DELIVERED


def test_a_rate_that_the_smsc_taught_is_forgotten_with_the_option():
    bench = Bench().start()
    answers = iter([0x58])
    bench.smsc.script = lambda pdu: next(answers, 0)
    bench.send(message(1))
    bench.advance(2)
    assert bench.dispatcher.status()[0].rate > 0
    bench.dispatcher.reconfigure([settings(adaptive_rate=False)])
    assert bench.dispatcher.status()[0].rate == 0


def test_other_octets_in_the_same_certificate_files_change_nothing_but_the_next_connection():
    seen = []
    bench = Bench(tls=object(), tls_from=("smsc", True, None, "cert", "key"))
    connect = bench.runtime.connect

    def spy(host, port, connection, *, tls, timeout):
        seen.append(tls)
        return connect(host, port, connection, tls=None, timeout=timeout)

    object.__setattr__(bench.runtime, "connect", spy)
    bench.start()
    renewed = object()
    bench.dispatcher.reconfigure([settings(tls=renewed, tls_from=("smsc", True, None, "cert", "key"))])
    bench.advance(3)
    assert len(seen) == 1 and seen[0] is not renewed
    bench.dispatcher.rebind("sim")
    bench.pump()
    assert seen[1:] == [renewed]
    other = settings(tls=renewed, tls_from=("smsc", True, None, "cert2", "key"))
    assert bench.dispatcher.reconfigure([other]).rebound == ("sim",)


def test_order_is_kept_from_now_on_or_no_more():
    bench = Bench(session={"window": 4}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    assert numbers(bench) == [1, 2]
    bench.dispatcher.reconfigure([settings(session={"window": 4}, keep_order=True)])
    bench.send(message(3), message(4), message(5))
    bench.pump()
    assert numbers(bench) == [1, 2, 3]
    bench.dispatcher.reconfigure([settings(session={"window": 4})])
    bench.send(message(6))
    bench.pump()
    assert numbers(bench) == [1, 2, 3, 6]  # what is held goes when its turn comes
    bench.smsc.script = lambda pdu: 0
    answer(bench, 4)
    assert sorted(numbers(bench)) == [1, 2, 3, 4, 5, 6] and numbers(bench)[4:] == [4, 5] and bench.idle


def test_another_page_while_one_is_read():
    for before, after in ((4, 100), (100, 4)):
        bench = Bench(queue_capacity=before, session={"window": 1})
        bench.store.keep(*(message(number) for number in range(1, 61)))
        bench.dispatcher.start()  # a page is on its way
        bench.dispatcher.reconfigure([settings(queue_capacity=after, session={"window": 1})])
        for _ in range(80):
            bench.pump()
        assert numbers(bench) == list(range(1, 61)) and bench.idle


# ---------------------------------------------------------------------------------------------------- how many binds


def test_more_binds_and_fewer_while_the_others_go_on():
    bench = Bench().start()
    bench.dispatcher.reconfigure([settings(binds=3)])
    bench.pump()
    assert states(bench) == ["bound"] * 3 and len(bench.smsc.binds) == 3
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 31)))
    bench.pump()
    assert len(bench.smsc.submits) == 30
    bench.dispatcher.reconfigure([settings(binds=1)])
    bench.pump()
    assert states(bench) == ["bound", "closing", "closing"]
    for connection in bench.smsc.connections:
        for sequence in range(2, 12):
            connection.respond(SubmitSmResp(sequence=sequence, message_id=b"%x-%d" % (id(connection), sequence)))
    bench.pump()
    bench.pump()
    assert states(bench) == ["bound"] and bench.smsc.open == 1 and len(bench.smsc.binds) == 3
    assert bench.idle and bench.dispatcher.status()[0].unknown == 0


def test_a_bind_that_was_to_go_is_wanted_again():
    bench = Bench(binds=2).start()
    bench.dispatcher.reconfigure([settings(binds=1)])
    bench.dispatcher.reconfigure([settings(binds=2)])
    bench.pump()
    assert states(bench) == ["bound", "bound"] and bench.smsc.open == 2 and bench.smsc.most_open == 2


def test_binds_that_go_while_the_smsc_is_away():
    bench = Bench(binds=3)
    bench.network.refuse = True
    bench.start()
    bench.dispatcher.reconfigure([settings(binds=1)])
    bench.pump()
    assert states(bench) == ["waiting"]


# ---------------------------------------------------------------------------------------------------- the link


def test_another_password_binds_anew_and_the_queue_goes_on():
    bench = Bench(session={"window": 3}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 8)))
    bench.pump()
    new = settings(password=b"new", group="another", session={"window": 3})
    assert bench.dispatcher.reconfigure([new]).rebound == ("sim",)
    bench.send(message(8))
    bench.pump()
    assert numbers(bench) == [1, 2, 3] and not bench.dispatcher.up("sim")
    assert bench.dispatcher.settings("sim") == new
    bench.smsc.script = lambda pdu: 0
    answer(bench, 3)
    bench.pump()
    assert numbers(bench) == list(range(1, 9)) and bench.idle
    assert [pdu.password for pdu in bench.smsc.binds] == [b"secret", b"new"] and bench.smsc.most_open == 1
    groups = [(change.message_id, change.group) for change in bench.store.changes(PartSent)]
    assert [group for number, group in groups if number <= 3] == ["smsc.example:gw"] * 3
    assert {group for number, group in groups if number > 3} == {"another"}
    assert bench.dispatcher.status()[0].binds_lost == 0


def test_receipts_that_come_while_it_drains_are_matched_by_the_old_group():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(2))
    bench.pump()
    bench.dispatcher.reconfigure([settings(group="another")])
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED


def test_what_is_not_answered_in_time_goes_again_by_policy():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    answer(bench, 1)
    bench.dispatcher.reconfigure([settings(host="other.example")])
    bench.smsc.script = lambda pdu: 0
    bench.advance(9.9)
    assert len(bench.smsc.binds) == 1
    bench.advance(1)
    assert numbers(bench) == [1, 2, 2] and len(bench.smsc.binds) == 2 and bench.idle


def test_a_refused_password_that_is_put_right_is_tried_at_once():
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: 0 if pdu.password == b"right" else 0x0E
    bench.start()
    assert states(bench) == ["waiting"]
    bench.dispatcher.reconfigure([settings(password=b"right")])
    bench.pump()
    assert states(bench) == ["bound"]


def test_another_kind_of_bind():
    bench = Bench().start()
    bench.dispatcher.reconfigure([settings(bind="tx_rx", binds=2)])
    bench.pump()
    assert [type(pdu) for pdu in bench.smsc.binds] == [BindTransceiver, *(BindTransmitter, BindReceiver) * 2]
    bench.send(message(1))
    bench.pump()
    assert bench.store.state(1) is State.SENT and bench.smsc.open == 4


def test_changed_twice_before_it_is_bound_anew():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.reconfigure([settings(password=b"second")])
    bench.dispatcher.set_limits("sim", window=4)
    assert bench.dispatcher.reconfigure([settings(password=b"third", session={"window": 4})]).rebound == ("sim",)
    bench.smsc.script = lambda pdu: 0
    answer(bench, 1)
    assert [pdu.password for pdu in bench.smsc.binds] == [b"secret", b"third"]
    assert bench.dispatcher.status()[0].window == 4 and states(bench) == ["bound"]


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_what_operators_want_goes_on(state):
    bench = Bench().start()
    if state == "paused":
        bench.dispatcher.pause("sim")
    else:
        bench.dispatcher.stop("sim")
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.reconfigure([settings(password=b"new")])
    bench.advance(5)
    assert numbers(bench) == [] and bench.dispatcher.status()[0].state == state
    assert states(bench) == ["bound" if state == "paused" else "stopped"]
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert numbers(bench) == [1] and bench.smsc.binds[-1].password == b"new"


def test_stopped_while_it_is_bound_anew():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.reconfigure([settings(password=b"new")])
    done = bench.dispatcher.stop("sim")
    answer(bench, 1)
    assert done.called and bench.smsc.open == 0 and len(bench.smsc.binds) == 1
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert bench.smsc.binds[-1].password == b"new" and states(bench) == ["bound"]


# ---------------------------------------------------------------------------------------------------- come and go


def gone(bench):
    names = []
    bench.dispatcher._forget = names.append
    return names


def test_one_that_is_new_is_bound_and_reads_its_queue():
    bench = Bench().start()
    bench.store.keep(message(1, connector="b"))
    assert bench.dispatcher.reconfigure([settings(id="b"), settings()]).added == ("b",)
    bench.pump()
    assert numbers(bench) == [1] and [each.id for each in bench.dispatcher.status()] == ["b", "sim"]
    assert bench.smsc.open == 2


def test_one_that_goes_waits_for_its_answers_and_gives_nothing_up_that_is_out():
    bench = Bench(settings(id="b"), session={"window": 1}).start()
    forgotten = gone(bench)
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    assert bench.dispatcher.reconfigure([settings(id="b")]).removed == ("sim",)
    bench.send(message(3))  # its route was found before
    bench.advance(1)
    assert numbers(bench) == [1] and forgotten == []
    assert not bench.dispatcher.up("sim") and bench.dispatcher.down_for("sim") == float("inf")
    assert not bench.dispatcher.give_up(1, "sim") and not bench.dispatcher.withdraw(1, "sim")
    assert bench.dispatcher.give_up(2, "sim") and 1 in bench.dispatcher.in_flight()
    bench.dispatcher.gone([2], "sim")
    bench.smsc.connections[0].respond(SubmitSmResp(sequence=2, message_id=b"1"))
    bench.advance(1)
    assert bench.store.state(1) is State.SENT and bench.smsc.open == 1
    assert forgotten == ["sim"] and bench.dispatcher.in_flight() == frozenset()
    assert bench.store.state(3) is State.QUEUED and bench.dispatcher.give_up(3, "sim")


def test_one_that_goes_is_kept_until_what_it_was_answered_is_durable():
    bench = Bench().start()
    forgotten = gone(bench)
    bench.store.hold = True
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.reconfigure([])
    bench.advance(3)
    assert bench.smsc.open == 0 and forgotten == [] and not bench.dispatcher.give_up(1, "sim")
    bench.store.release()
    bench.advance(1)
    assert forgotten == ["sim"] and bench.store.state(1) is State.SENT


def test_a_message_that_was_on_its_way_when_its_connector_went_is_told_of():
    bench, told = Bench(), []
    bench.dispatcher.stranded = lambda: told.append("stranded")
    bench.start()
    bench.send(message(1))
    bench.dispatcher.reconfigure([])
    assert told == []
    bench.dispatcher.offer([message(2)])  # it has not gone yet
    assert told == ["stranded"]
    bench.advance(30)
    bench.dispatcher.offer([message(3)])
    assert told == ["stranded", "stranded"]
    bench.dispatcher.offer([])
    assert len(told) == 2


def test_one_that_comes_back_before_it_has_gone_sends_nothing_twice():
    bench = Bench().start()
    forgotten = gone(bench)
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    bench.dispatcher.reconfigure([])
    bench.advance(1)
    assert bench.dispatcher.reconfigure([settings(service_type=b"VMA")]).added == ("sim",)
    bench.send(message(3))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    answer(bench, 3)
    bench.advance(20)
    assert numbers(bench) == [1, 2, 3] and bench.idle and forgotten == []
    assert bench.smsc.submits[-1].service_type == b"VMA" and len(bench.smsc.binds) == 1


def test_one_that_goes_while_the_gateway_stops_is_waited_for():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.reconfigure([])
    done = bench.dispatcher.drain(20)
    bench.advance(1)
    assert not done.called
    answer(bench, 1)
    assert done.called and bench.store.state(1) is State.SENT


# ---------------------------------------------------------------------------------------------------- all of it at once


@pytest.mark.parametrize("seed", range(40))
def test_whatever_operators_do_everything_is_sent_once(seed):
    """The SMSC answers within two seconds, and everybody waits for that: nothing has an unknown outcome."""
    dice = random.Random(seed)
    bench = Bench(queue_capacity=20, keep_order=bool(seed % 2), binds=2, session={"window": 3})

    def later(connection, pdu, what):
        bench.reactor.callLater(dice.random() * 2, answer_it, connection, pdu, what)

    answer_it, bench.smsc.answer = bench.smsc.answer, later
    now = [settings(queue_capacity=20, keep_order=bool(seed % 2), binds=2, session={"window": 3})]
    bench.start()
    control, count = bench.dispatcher, 0

    def live():
        now[0] = replace(
            now[0],
            binds=dice.randint(1, 3),
            queue_capacity=dice.choice([4, 20, 50]),
            keep_order=dice.random() < 0.5,
            session=replace(now[0].session, window=dice.randint(1, 5)),
            throughput=dice.choice([0, 0, 30]),
        )
        control.reconfigure([now[0]])

    def link():
        now[0] = replace(now[0], password=b"%d" % dice.randrange(100), bind=dice.choice(["transceiver", "tx_rx"]))
        control.reconfigure([now[0]])

    def remove():
        control.reconfigure([])

    def back():
        control.reconfigure([now[0]])

    def asked(call):
        def ask():
            if control.status():
                call("sim")

        return ask

    deeds = [
        *(asked(control.pause), asked(control.resume), asked(control.stop), asked(control.start_one)),
        *(asked(control.rebind), live, link, remove, back, back),
    ]
    for _ in range(60):
        for _ in range(dice.randint(0, 6)):
            count += 1
            bench.send(message(count, source=f"s{dice.randrange(3)}", priority=dice.choice([1, 1, 2])))
        dice.choice(deeds)()
        bench.advance(dice.choice([0, 0.01, 0.3, 1.5]), step=0.1)
    back()
    control.start_one("sim")
    control.set_limits("sim", throughput=0)
    bench.advance(300, step=0.2)  # with keep_order one after the other, each for up to two seconds
    assert sorted(numbers(bench)) == list(range(1, count + 1))
    assert {bench.store.state(number) for number in range(1, count + 1)} == {State.SENT}
    assert not control.in_flight() and control.status()[0].unknown == 0
    assert set(states(bench)) == {"bound"} and bench.smsc.open == len(states(bench))
