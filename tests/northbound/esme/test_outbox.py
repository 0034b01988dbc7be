"""What accounts are owed: order, windows, binds that break or hang, answers of every kind."""

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from smsgwd.model.mo import Mo, pack_mo
from smsgwd.model.outbox import MO
from smsgwd.northbound.esme.owed import LOOK_S
from smsgwd.smpp import status as s
from smsgwd.smpp.errors import NotBound, WindowFull
from smsgwd.smpp.pdu import AlertNotification
from smsgwd.telemetry import Metrics
from tests.northbound.esme.outbox_fakes import Stand, many, owed
from tests.notify.fakes import NOW_MS

DAY_S = 86_400


@pytest.fixture(autouse=True)
def _fresh_logs():
    structlog.reset_defaults()


def test_in_order_within_the_window_and_done_when_answered():
    stand = Stand(*many(1, 25))
    bind = stand.bind(window=10)
    assert bind.connection.ids == list(range(1, 11))
    stand.answer(bind, 0, 0, 0)
    assert bind.connection.ids == list(range(1, 14))
    assert stand.store.done == []
    stand.settle()
    assert stand.store.done == [1, 2, 3]
    stand.answer(bind)
    stand.answer(bind)
    stand.settle()
    stand.answer(bind)
    stand.settle()
    assert bind.connection.ids == stand.store.done == list(range(1, 26))
    assert stand.outbox.in_flight == 0


def test_what_is_offered_goes_out_at_once_and_a_page_does_not_bring_it_again():
    stand = Stand()
    bind = stand.bind()
    stand.offer(*many(1, 3))
    stand.offer(owed(4))
    assert bind.connection.ids == [1, 2, 3, 4]
    stand.answer(bind)
    stand.advance(LOOK_S + 1)
    assert bind.connection.ids == [1, 2, 3, 4]


def test_a_bug_in_one_lane_keeps_no_other_waiting():
    stand = Stand()
    broken, well = stand.bind(), stand.bind("other")
    broken.connection.session = None
    stand.offer(owed(1), owed(2, "other"))
    assert (broken.connection.ids, well.connection.ids) == ([], [2])


def test_without_a_receiver_memory_holds_nothing_and_the_absent_is_told_once_a_minute():
    stand = Stand()
    for number in range(1, 50):
        stand.offer(owed(number), owed(1000 + number, "other"))
    assert stand.outbox.status() == []
    assert sorted(stand.absent) == ["demo", "other"]
    stand.advance(LOOK_S)
    assert sorted(stand.absent) == ["demo", "demo", "other", "other"]
    bind = stand.bind(window=100)
    assert bind.connection.ids == list(range(1, 50))
    stand.advance(LOOK_S)
    assert stand.absent.count("demo") == 2
    assert stand.absent.count("other") == 3


def test_who_is_absent_at_the_start_is_told():
    stand = Stand(owed(1), owed(2, "later", due_at=NOW_MS + 10**6))
    assert stand.absent == ["demo"]


def test_what_a_broken_bind_held_comes_again_in_order_before_what_waits():
    stand = Stand(*many(1, 30))
    first = stand.bind(window=10)
    stand.answer(first, 0, 0)
    stand.unbind(first, unsent=4)
    second = stand.bind(window=20)
    assert second.connection.ids == list(range(3, 23))
    stand.answer(second)
    stand.settle()
    stand.answer(second)
    stand.settle()
    assert stand.store.done == list(range(1, 31))


def test_with_two_binds_the_other_takes_over_at_once():
    stand = Stand(*many(1, 20))
    first, second = stand.bind(window=5), stand.bind()
    assert (first.connection.ids, second.connection.ids) == ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    stand.answer(second)
    stand.unbind(first)
    assert second.connection.ids == [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    stand.answer(second)
    assert second.connection.ids[10:] == [1, 2, 3, 4, 5]


def test_what_was_answered_is_not_sent_again_though_the_store_lists_it_still():
    stand = Stand(*many(1, 10))
    first = stand.bind(window=10)
    stand.store.failing = True
    stand.answer(first, 0, 0, 0, 0)
    stand.unbind(first)
    stand.settle()
    second = stand.bind(window=10)
    assert second.connection.ids == [5, 6, 7, 8, 9, 10]
    stand.unbind(second)
    stand.store.failing = False
    stand.advance(1)
    assert stand.store.done == [1, 2, 3, 4]
    assert stand.outbox.status() == []
    assert stand.bind().connection.ids == [5, 6, 7, 8, 9, 10]


def test_after_a_restart_what_was_not_done_comes_in_order():
    before = Stand(*many(1, 40))
    bind = before.bind(window=10)
    before.answer(bind, 0, 0, 0, 0, 0)
    before.settle()
    before.answer(bind, 0, 0)  # not durable when the process dies
    before.kill()
    after = Stand(store=before.store, reactor=before.reactor)
    again = after.bind(window=100)
    assert again.connection.ids == list(range(6, 41))


def test_a_temporary_refusal_is_tried_again_later_and_holds_up_nobody():
    stand = Stand(*many(1, 4))
    bind = stand.bind()
    stand.answer(bind, 0, s.ESME_RX_T_APPN, 0, 0)
    stand.settle()
    assert stand.store.retries == [(2, NOW_MS + 5000, "ESME_RX_T_APPN")]
    stand.offer(owed(5))
    assert bind.connection.ids == [1, 2, 3, 4, 5]
    stand.advance(4.9)
    assert len(bind.connection.ids) == 5
    stand.advance(0.1)
    assert bind.connection.ids == [1, 2, 3, 4, 5, 2]
    stand.answer(bind, 0, s.ESME_RSYSERR)
    stand.settle()
    assert stand.store.retries[1][1] == stand.clock.now_ms() + 15_000
    stand.advance(15)
    stand.answer(bind)
    stand.settle()
    assert sorted(stand.store.done) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("status", [0x58, 0x08, 0x14, 0x45, 0x67, 0xFE, 0xFF, 0x64])
def test_the_codes_that_say_later(status):
    stand = Stand(owed(1))
    stand.answer(stand.bind(), status)
    stand.settle()
    assert [number for number, _, _ in stand.store.retries] == [1]


def test_waits_grow_to_a_quarter_of_an_hour_and_end_after_a_week():
    stand = Stand(owed(1))
    bind = stand.bind()
    waits = []
    while not stand.store.dead:
        stand.answer(bind, s.ESME_RX_T_APPN)
        stand.settle()
        if stand.store.dead:
            break
        waits.append((stand.store.retries[-1][1] - stand.clock.now_ms()) / 1000)
        stand.advance(waits[-1])
    assert waits[:6] == [5, 15, 60, 300, 900, 900]
    assert 7 * DAY_S <= sum(waits) < 7 * DAY_S + 900
    assert stand.store.dead == {1: "ESME_RX_T_APPN"}


def test_what_waited_long_for_its_esme_gets_its_tries_all_the_same():
    stand = Stand(owed(1, created_at=NOW_MS - 30 * DAY_S * 1000, due_at=NOW_MS - 30 * DAY_S * 1000))
    bind = stand.bind()
    for wait in (5, 15):
        stand.answer(bind, s.ESME_RSYSERR)
        stand.advance(wait)
    assert stand.store.dead == {}
    stand.answer(bind, s.ESME_RSYSERR)
    stand.settle()
    assert stand.store.dead == {1: "ESME_RSYSERR"}


def test_a_refusal_for_good_is_kept_as_dead_and_told_once_a_second():
    stand = Stand(*many(1, 10))
    bind = stand.bind()
    with capture_logs() as logs:
        stand.answer(bind, 0, *(s.ESME_RX_P_APPN,) * 8, 0x0412)
        stand.settle()
        stand.advance(1)
        stand.offer(owed(11))
        stand.answer(bind, s.ESME_RX_R_APPN)
        stand.settle()
    assert stand.store.done == [1]
    assert stand.store.dead == {
        **dict.fromkeys(range(2, 10), "ESME_RX_P_APPN"),
        10: "0x00000412",
        11: "ESME_RX_R_APPN",
    }
    told = [line for line in logs if line["event"] == "esme.delivery_refused"]
    assert [(line["account"], line["reason"], line["skipped"]) for line in told] == [
        ("demo", "ESME_RX_P_APPN", 0),
        ("demo", "ESME_RX_R_APPN", 8),
    ]


def test_who_asks_to_slow_down_gets_nothing_for_a_growing_while():
    stand = Stand(*many(1, 100))
    bind = stand.bind(window=5)
    stand.answer(bind, *(s.ESME_RTHROTTLED,) * 5)
    stand.settle()
    assert len(bind.connection.ids) == 5
    stand.advance(0.9)
    assert len(bind.connection.ids) == 5
    stand.advance(0.2)
    assert bind.connection.ids[5:] == [6, 7, 8, 9, 10]
    stand.answer(bind, *(s.ESME_RMSGQFUL,) * 5)
    stand.advance(1.9)
    assert len(bind.connection.ids) == 10
    stand.advance(0.2)
    assert len(bind.connection.ids) == 15
    stand.answer(bind)
    assert len(bind.connection.ids) == 20
    stand.answer(bind, s.ESME_RTHROTTLED)
    stand.advance(1.1)
    assert len(bind.connection.ids) == 21


def test_what_is_not_answered_is_sent_again_half_a_minute_later():
    stand = Stand(owed(1))
    bind = stand.bind()
    stand.offer(owed(2))
    stand.time_out(bind, 1)
    stand.answer(bind)
    stand.settle()
    assert stand.store.retries == [(1, NOW_MS + 30_000, "not answered in time")]
    stand.advance(29)
    assert bind.connection.ids == [1, 2]
    stand.advance(1)
    assert bind.connection.ids == [1, 2, 1]


def test_a_bind_that_never_answers_is_only_probed_and_the_others_go_on():
    stand = Stand(*many(1, 200))
    stuck, well = stand.bind(window=20), stand.bind()
    for _ in range(60):
        stand.answer(well)
        stand.settle()
    assert len(stuck.connection.pending) == 20
    assert len(stand.store.done) == 180
    stand.time_out(stuck, 20)
    stand.offer(*many(201, 240))
    for _ in range(5):
        stand.answer(well)
        stand.settle()
    assert stuck.connection.waiting == []
    assert len(stand.store.done) == 220
    stand.advance(31)
    for _ in range(5):
        stand.answer(well)
        stand.settle()
    assert len(stuck.connection.pending) == 1
    assert len(stand.store.done) == 239
    stand.time_out(stuck, 1)  # the probe: the next one is a minute away
    stand.advance(35)
    assert stuck.connection.waiting == []
    assert len(well.connection.pending) == 1
    stand.answer(well)
    stand.offer(*many(241, 280))
    stand.advance(30)
    assert len(stuck.connection.pending) == 1
    stand.answer(stuck)
    stand.answer(well)
    stand.offer(*many(281, 300))
    assert len(stuck.connection.pending) > 5


def test_a_bind_alone_that_hangs_is_probed_until_it_answers():
    stand = Stand(*many(1, 50))
    bind = stand.bind(window=10)
    stand.time_out(bind, 10)
    assert bind.connection.waiting == []
    stand.advance(31)
    assert bind.connection.waiting == [11]
    stand.answer(bind)
    assert len(bind.connection.pending) == 10
    stand.settle()
    assert stand.store.done == [11]


def test_who_does_not_read_gets_nothing_until_it_reads():
    stand = Stand(*many(1, 60))
    slow, well = stand.bind(window=10), stand.bind()
    slow.connection.writable = False
    stand.answer(slow)
    stand.answer(well)
    stand.settle()
    assert (len(slow.connection.sent), len(well.connection.sent)) == (10, 20)
    slow.connection.writable = True
    stand.outbox.writable(slow)
    assert len(slow.connection.sent) == 20


def test_a_bind_that_unbinds_takes_no_more_and_what_it_was_to_get_waits():
    stand = Stand(*many(1, 20))
    bind = stand.bind(window=5)
    bind.connection.session.unbind(0.0)
    stand.answer(bind, 0)
    assert bind.connection.ids == [1, 2, 3, 4, 5]
    other = stand.bind()
    assert other.connection.ids == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("error", [NotBound("unbinding"), WindowFull("full")])
def test_what_the_session_refuses_all_the_same_is_not_lost(error):
    stand = Stand()
    bind = stand.bind()
    asked = []

    def refuse(pdu, context=None):
        asked.append(context)
        raise error

    connection = bind.connection
    requests = connection.request, connection.request_many
    connection.request = connection.request_many = refuse
    stand.offer(*many(1, 3))
    assert len(asked) == 2  # all together, then the first alone
    other = stand.bind()
    assert other.connection.ids == [1, 2, 3]
    connection.request, connection.request_many = requests
    stand.offer(*many(4, 20))
    stand.advance(1.1)
    assert bind.connection.ids == ([] if isinstance(error, NotBound) else [11, 12, 13, 14, 15, 16, 17, 18, 19, 20])


def test_several_in_a_row_for_each_bind_in_turn():
    stand = Stand()
    binds = [stand.bind(window=64) for _ in range(4)]
    stand.offer(*many(1, 256))
    for bind in binds:
        ids = bind.connection.ids
        runs = [ids[at : at + 16] for at in range(0, 64, 16)]
        assert all(run == list(range(run[0], run[0] + 16)) for run in runs)
    assert sorted(number for bind in binds for number in bind.connection.ids) == list(range(1, 257))
    for bind in binds:
        stand.answer(bind)
    for number in range(1000, 1004):
        stand.offer(owed(number))
    assert sorted(bind.connection.ids[-1] for bind in binds) == [1000, 1001, 1002, 1003]


def test_a_hundred_thousand_wait_in_bounded_memory_and_come_in_order_without_a_pause():
    count = 100_000
    stand = Stand(*many(1, count))
    assert stand.outbox.status() == []
    bind = stand.bind(window=100)
    seen = 0
    most = 0
    while len(stand.store.done) < count:
        ids = bind.connection.waiting
        assert ids == list(range(seen + 1, min(seen + 100, count) + 1)), "a page came too late, or not in order"
        (status,) = stand.outbox.status()
        most = max(most, status.held)
        seen += len(ids)
        stand.answer(bind)
        stand.reactor.advance(0)
        stand.reactor.advance(0)
        if seen == count // 2:
            stand.unbind(bind)
            stand.settle()
            assert stand.outbox.status() == []
            stand = Stand(store=stand.store, reactor=stand.reactor)
            bind = stand.bind(window=100)
    assert stand.store.done == list(range(1, count + 1))
    assert most <= 2000


def test_accounts_do_not_hold_up_one_another():
    stand = Stand(*many(1, 50), *many(1001, 1500, "other"))
    hangs, goes = stand.bind(window=10), stand.bind("other", window=10)
    for _ in range(60):
        stand.answer(goes)
        stand.settle()
    assert stand.store.done == list(range(1001, 1501))
    assert hangs.connection.ids == list(range(1, 11))


def test_what_no_pdu_can_carry_is_dead_and_the_rest_goes_on():
    long = pack_mo(Mo("sim", NOW_MS, "306912345678", "54000", body=b"x" * 300))
    stand = Stand(
        owed(1),
        owed(2, source="a sender that is far too long"),
        owed(3, wire=b"rubbish"),
        owed(4, type=MO, payload=long, message_id=0),
        owed(5),
    )
    old = stand.bind(version=0x33)
    stand.answer(old)
    stand.settle()
    assert old.connection.ids == stand.store.done == [1, 5]
    assert list(stand.store.dead) == [2, 3, 4]
    assert all(reason.startswith("cannot be sent: ") for reason in stand.store.dead.values())
    assert "destination_addr" in stand.store.dead[2]
    assert "3.3 peer" in stand.store.dead[4]


def test_a_fault_of_ours_in_one_item_stops_no_other():
    stand = Stand()
    bind = stand.bind()
    stand.offer(owed(1), owed(2, submitted_at=None), owed(3))
    stand.answer(bind)
    stand.settle()
    assert stand.store.done == [1, 3]
    assert stand.store.dead == {2: "internal error: TypeError"}


def test_a_store_that_cannot_write_stops_the_deliveries_and_loses_nothing():
    stand = Stand(*many(1, 20_000))
    bind = stand.bind(window=1000)
    stand.store.failing = True
    for _ in range(30):
        stand.answer(bind)
        stand.reactor.advance(0)
        stand.reactor.advance(0)
    assert 8000 <= len(bind.connection.ids) < 10_000
    (status,) = stand.outbox.status()
    assert status.held <= 2000
    stand.store.failing = False
    stand.advance(1)
    while len(stand.store.done) < 20_000:
        stand.answer(bind)
        stand.settle()
    assert bind.connection.ids == stand.store.done == list(range(1, 20_001))


def test_a_page_that_cannot_be_read_is_asked_for_again():
    stand = Stand(*many(1, 5), start=False)
    stand.store.unreadable = True
    stand.outbox.start()
    bind = stand.bind()
    assert bind.connection.ids == []
    stand.store.unreadable = False
    stand.advance(1)
    assert bind.connection.ids == [1, 2, 3, 4, 5]
    stand.unbind(bind)
    stand.advance(LOOK_S)
    assert stand.absent == ["demo"]


def test_what_an_operator_revived_goes_out():
    stand = Stand(*many(1, 3))
    bind = stand.bind()
    stand.answer(bind, 0)
    stand.store.put([owed(50), owed(60, "other")])
    del stand.absent[:]
    stand.outbox.look("@demo")
    stand.outbox.look("@other")
    stand.settle()
    assert bind.connection.ids == [1, 2, 3, 50]
    assert stand.absent == ["other"]


def test_what_came_without_an_offer_is_found_within_a_minute():
    stand = Stand()
    bind = stand.bind()
    stand.store.put(many(1, 3))
    stand.advance(LOOK_S)
    assert bind.connection.ids == [1, 2, 3]


def test_what_is_due_later_waits_with_one_timer_and_blocks_nobody():
    stand = Stand(*[owed(n, due_at=NOW_MS + n * 1000, attempts=1) for n in range(1, 20)])
    bind = stand.bind()
    assert len(stand.reactor.getDelayedCalls()) == 2  # the look, and the first one's time
    stand.offer(owed(100))
    assert bind.connection.ids == [100]
    stand.advance(3)
    assert bind.connection.ids == [100, 1, 2, 3]


def test_a_clock_that_was_set_back_holds_up_nothing_new():
    stand = Stand(owed(1, created_at=NOW_MS + 3_600_000, due_at=NOW_MS + 3_600_000))
    assert stand.bind().connection.ids == [1]


def test_a_clock_that_was_set_back_by_days_holds_up_no_second_attempt():
    """Nothing is ever put off so far: it was put off by a clock that was ahead."""
    days = 3 * DAY_S * 1000
    tried = [owed(number, due_at=NOW_MS + days, attempts=1) for number in range(1, 4)]
    stand = Stand(*tried, *many(4, 6, due_at=NOW_MS + days))
    assert stand.absent == ["demo"]
    assert stand.bind().connection.ids == [1, 2, 3, 4, 5, 6]


def test_a_clock_set_back_while_a_bind_pauses_or_the_store_cannot_be_read_costs_a_minute_at_most():
    stand = Stand(*many(1, 3))
    stand.store.unreadable = True
    bind = stand.bind(window=1)
    stand.clock.offset_ms -= DAY_S * 1000
    stand.store.unreadable = False
    stand.advance(LOOK_S)
    assert bind.connection.ids == [1]
    stand.answer(bind, s.ESME_RTHROTTLED)
    stand.settle()
    stand.clock.offset_ms -= DAY_S * 1000
    stand.advance(LOOK_S)
    assert bind.connection.ids == [1, 1]


def test_an_alert_goes_to_one_bind_that_takes_it():
    stand = Stand()
    pdu = AlertNotification(sequence=77, source_addr=b"306912345678", esme_addr=b"54000")
    assert not stand.outbox.alert("demo", pdu)
    old = stand.bind(version=0x33)
    assert not stand.outbox.alert("demo", pdu)
    blocked, new = stand.bind(), stand.bind(version=0x50)
    blocked.connection.writable = False
    assert stand.outbox.alert("demo", pdu)
    assert [len(each.connection.sent) for each in (old, blocked, new)] == [0, 0, 1]
    assert pdu.sequence == 77
    new.alive = False
    assert not stand.outbox.alert("demo", pdu)


def test_stopping_hands_out_nothing_new_and_saves_what_was_answered():
    stand = Stand(*many(1, 20))
    bind = stand.bind(window=5)
    ended = []
    stand.outbox.stop(10).addCallback(ended.append)
    stand.answer(bind)
    stand.offer(owed(100))
    assert ended == [None]
    assert stand.store.done == bind.connection.ids == [1, 2, 3, 4, 5]
    assert stand.reactor.getDelayedCalls() == []


def test_stopping_waits_no_longer_than_it_may():
    stand = Stand(*many(1, 20))
    hangs, goes = stand.bind(window=5), stand.bind()
    ended = []
    stand.outbox.stop(10).addCallback(ended.append)
    stand.unbind(goes)
    stand.answer(hangs, 0)
    stand.advance(9)
    assert (ended, stand.store.done) == ([], [1])
    stand.advance(1)
    assert ended == [None]
    stand.unbind(hangs)
    assert stand.reactor.getDelayedCalls() == []


def test_what_is_counted():
    registry = CollectorRegistry()
    stand = Stand(*many(1, 7), metrics=Metrics(registry))
    bind = stand.bind()
    stand.answer(bind, 0, 0, 0, s.ESME_RX_T_APPN, s.ESME_RX_P_APPN)
    stand.time_out(bind, 2)
    stand.offer(*many(8, 10))
    stand.unbind(bind)

    def value(result):
        return registry.get_sample_value(
            "smsgwd_esme_deliveries_total", {"account": "demo", "result": result}
        )  # fmt: skip

    assert [value(result) for result in ("ok", "retried", "lost", "gave_up")] == [3, 3, 5, 1]
