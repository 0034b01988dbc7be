"""The course of pushes, with time in the test's hands: retries, breaker, pages, fairness, store failures, stop."""

import json
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock

from smsgwd.config.model.runtime import Notify
from smsgwd.net.http_client import BadRequest, TargetRefused
from smsgwd.notify.notifier import Notifier
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.telemetry import Metrics, render
from tests.notify.fakes import NOW_MS, SECRET, FakeHttp, FakeStore, ReactorClock, item

OK = HttpAnswer(200, {}, b"")
HOUR_MS = 3_600_000


class Stand:
    """A notifier with its neighbours; `run(seconds)` lets time pass in small steps."""

    def __init__(self, answer=lambda *_: OK, items=(), secrets=lambda tenant: (SECRET,), metrics=None, **settings):
        self.reactor = Clock()
        self.clock = ReactorClock(self.reactor)
        self.store = FakeStore(self.reactor, items)
        self.http = FakeHttp(answer)
        self.notifier = Notifier(
            self.reactor, self.clock, self.store, self.http, secrets, Notify(**settings),
            metrics=metrics, random=lambda: 0.5,
        )  # fmt: skip

    def start(self):
        self.notifier.start()
        self.turns(4)
        return self

    def turns(self, count=10):
        for _ in range(count):
            self.reactor.advance(0)

    def run(self, seconds, step=1.0):
        end = self.reactor.seconds() + seconds
        while self.reactor.seconds() < end:
            self.reactor.advance(min(step, end - self.reactor.seconds()))
            self.turns(4)

    def offer(self, items):
        self.store.put(items)
        self.notifier.offer(items)


def test_an_offered_push_is_made_and_done():
    stand = Stand().start()
    stand.offer([item(1)])
    stand.turns()
    assert stand.store.done == [1]
    url, headers, body = stand.http.posts[0]
    assert (url, headers["webhook-id"]) == ("http://hook.example/dlr", "msg_1")
    assert headers["webhook-timestamp"] == str(NOW_MS // 1000)
    assert json.loads(body)["id"] == str(1 << 60 | 1)
    assert stand.notifier.tally.pushed == 1
    assert stand.notifier.pending == stand.notifier.in_flight == 0


def test_nothing_before_start_and_what_the_store_owes_after_it():
    stand = Stand(items=[item(1), item(2, "http://other.example/")])
    stand.notifier.offer([item(1)])
    assert stand.http.posts == []
    stand.start()
    stand.turns()
    assert sorted(stand.store.done) == [1, 2]


def test_results_of_a_turn_go_in_one_commit():
    stand = Stand(answer=lambda *_: None).start()
    stand.offer([item(n, f"http://h{n}.example/") for n in range(10)])
    stand.turns()
    for deferred in stand.http.open:
        deferred.callback(OK)
    stand.turns()
    assert [len(commit) for commit in stand.store.commits] == [10]


def test_retries_follow_the_schedule_with_one_id_and_fresh_times():
    stand = Stand(answer=lambda *_: HttpAnswer(500, {}, b"")).start()
    stand.offer([item(7)])
    times = []
    for _ in range(60 * 60):
        before = len(stand.http.posts)
        stand.run(1)
        if len(stand.http.posts) > before:
            times.append(stand.reactor.seconds())
        if len(times) == 5:
            break
    waits = [round(later - earlier) for earlier, later in pairwise(times)]
    assert waits == [pytest.approx(want, abs=1) for want in (5, 30, 120, 600)]
    assert {headers["webhook-id"] for _, headers, _ in stand.http.posts} == {"msg_7"}
    stamps = [int(headers["webhook-timestamp"]) for _, headers, _ in stand.http.posts]
    assert stamps == sorted(set(stamps))
    assert len({headers["webhook-signature"] for _, headers, _ in stand.http.posts}) == 5
    assert stand.store.items[7].attempts == 5
    assert stand.store.retries[0][2] == "HTTP 500"


def test_given_up_only_when_its_time_is_over_and_tried_at_the_end():
    stand = Stand(answer=lambda *_: HttpAnswer(404, {}, b""), max_age_h=24).start()
    stand.offer([item(1)])
    stand.run(24 * 3600 - 60, step=5)
    assert 1 in stand.store.items
    stand.run(120, step=5)
    assert stand.store.dead == {1: "HTTP 404"}
    assert 12 <= len(stand.http.posts) <= 30
    assert stand.notifier.tally.dead == 1
    stand.run(7200, step=60)
    assert 1 in stand.store.dead


def test_a_gateway_that_was_down_itself_tries_before_it_gives_up():
    stand = Stand(
        answer=lambda *_: HttpFailure("refused", sent=False), items=[item(1, created_at=NOW_MS - 90 * HOUR_MS)]
    )
    stand.start().turns()
    assert stand.store.dead == {}
    stand.run(60)
    assert (len(stand.http.posts), stand.store.dead) == (3, {1: "refused"})


def test_410_ends_it_at_once_and_a_malformed_url_too():
    answers = {"http://a.example/": HttpAnswer(410, {}, b""), "http://b.example/": BadRequest("bad url", sent=False)}
    stand = Stand(answer=lambda url, *_: answers[url]).start()
    stand.offer([item(1, "http://a.example/"), item(2, "http://b.example/")])
    stand.turns()
    assert stand.store.dead == {1: "HTTP 410", 2: "bad url"}


def test_redirects_and_refused_targets_are_failures():
    answers = {
        "http://a.example/": HttpAnswer(302, {"location": "x"}, b""),
        "http://b.example/": TargetRefused("private", sent=False),
    }
    stand = Stand(answer=lambda url, *_: answers[url]).start()
    stand.offer([item(1, "http://a.example/"), item(2, "http://b.example/")])
    stand.turns()
    assert sorted(retry[::2] for retry in stand.store.retries) == [(1, "HTTP 302"), (2, "private")]


def test_retry_after_is_honoured():
    stand = Stand(answer=lambda *_: HttpAnswer(429, {"retry-after": "90"}, b"")).start()
    stand.offer([item(1)])
    stand.turns()
    assert stand.store.retries == [(1, NOW_MS + 90_000, "HTTP 429")]


def test_a_tenant_without_secret_is_not_sent_unsigned():
    secrets = {"demo": (SECRET,)}
    stand = Stand(secrets=lambda tenant: secrets.get(tenant, ())).start()
    stand.offer([item(1, tenant="other"), item(2)])
    stand.turns()
    assert stand.store.done == [2]
    assert "no signing secret" in stand.store.retries[0][2]
    secrets["other"] = (SECRET,)
    stand.run(10)
    assert stand.store.done == [2, 1]


def test_a_dead_target_costs_probes_and_little_memory_and_flows_when_it_is_back():
    up = []
    stand = Stand(
        answer=lambda *_: OK if up else HttpFailure("refused", sent=False), items=[item(n) for n in range(1, 20_001)]
    ).start()
    stand.run(600)
    assert len(stand.http.posts) < 20
    lane = stand.notifier.status()[0]
    assert (lane.down, lane.last_error) == (True, "refused")
    assert lane.held <= 64
    up.append(True)
    stand.run(400, step=5)
    # All but those whose own retry is still to come: none was attempted more than once or twice.
    assert len(stand.store.done) >= 20_000 - 20
    assert not [lane for lane in stand.notifier.status() if lane.down]
    stand.run(700, step=5)
    assert sorted(stand.store.done) == list(range(1, 20_001))
    assert len(set(stand.store.done)) == 20_000


def test_items_of_a_target_that_stays_down_are_given_up_in_passing():
    stand = Stand(
        answer=lambda *_: HttpFailure("refused", sent=False), items=[item(n) for n in range(1, 2001)], max_age_h=24
    )
    stand.start().run(24 * 3600 + 700, step=20)
    assert len(stand.store.dead) >= 1900
    assert len(stand.http.posts) < 600


def test_one_bad_path_does_not_keep_the_others_of_its_origin_waiting_for_long():
    def answer(url, *_):
        return HttpAnswer(404, {}, b"") if "/bad" in url else OK

    items = [item(n, f"http://hook.example/bad?n={n}") for n in range(1, 21)]
    items += [item(n, "http://hook.example/good") for n in range(21, 61)]
    stand = Stand(answer=answer, items=items).start()
    stand.run(60)
    assert sorted(stand.store.done) == list(range(21, 61))


def test_a_hanging_tenant_takes_its_share_and_no_more():
    hanging = [item(n, f"http://h{n % 300}.bad.example/", tenant="bad") for n in range(1, 3001)]
    stand = Stand(answer=lambda url, *_: None if "bad" in url else OK, items=hanging).start()
    stand.turns()
    assert 0 < stand.notifier.in_flight <= 64
    stand.offer([item(n, f"http://good{n % 7}.example/", tenant=f"t{n % 5}") for n in range(5000, 5500)])
    stand.turns(300)
    assert sorted(stand.store.done) == list(range(5000, 5500))


def test_many_hanging_tenants_leave_half_of_the_slots_to_those_that_answer():
    stand = Stand(answer=lambda url, *_: None if "bad" in url else OK, max_connections=64).start()
    stand.offer([item(1, "http://good.example/", tenant="good")])
    stand.turns()
    stand.offer([item(n, f"http://h{n}.bad.example/", tenant=f"bad{n}") for n in range(10, 1000)])
    stand.turns()
    assert stand.notifier.in_flight == 32
    stand.offer([item(n, "http://good.example/", tenant="good") for n in range(2000, 2100)])
    stand.turns(100)
    assert len(stand.store.done) == 101


def test_pages_hold_a_bounded_part_of_a_backlog_and_every_item_goes_once():
    count = 50_000
    stand = Stand(items=[item(n, due_at=NOW_MS - count + n) for n in range(1, count + 1)])
    most = 0
    stand.notifier.start()
    while len(stand.store.done) < count:
        stand.turns(1)
        most = max(most, stand.notifier.pending)
    assert most <= 1100
    assert len(stand.http.posts) == count
    assert len(set(stand.store.done)) == count
    assert max(limit for _, limit in stand.store.reads) <= 512


def test_results_are_kept_while_the_store_cannot_commit():
    stand = Stand().start()
    stand.store.failing = True
    stand.offer([item(n) for n in range(1, 6)])
    stand.run(10)
    assert len(stand.http.posts) == 5
    assert stand.store.done == []
    stand.store.failing = False
    stand.run(2)
    assert sorted(stand.store.done) == [1, 2, 3, 4, 5]
    assert len(stand.http.posts) == 5


def test_no_end_of_pushes_while_the_store_cannot_commit():
    stand = Stand(items=[item(n, f"http://h{n % 100}.example/") for n in range(1, 6001)])
    stand.store.failing = True
    stand.start().run(20)
    assert 1000 < len(stand.http.posts) <= 2300
    stand.store.failing = False
    stand.run(20)
    assert len(stand.store.done) == len(set(stand.store.done)) == len(stand.http.posts) == 6000


def test_reads_that_fail_are_made_again():
    stand = Stand(items=[item(1)])
    stand.store.unreadable = True
    stand.start().run(5)
    stand.store.unreadable = False
    stand.run(3)
    assert stand.store.done == [1]
    stand.store.unreadable = True
    stand.offer([item(2, "http://new.example/")])
    stand.run(5)
    stand.store.unreadable = False
    stand.run(3)
    assert stand.store.done == [1, 2]


def test_what_was_not_offered_is_found_by_the_look():
    stand = Stand().start()
    stand.offer([item(1)])
    stand.turns()
    stand.store.put([item(2), item(3, "http://new.example/")])
    stand.run(61)
    assert sorted(stand.store.done) == [1, 2, 3]


def test_idle_lanes_are_dropped_and_far_retries_found_again():
    answers = []
    stand = Stand(answer=lambda *_: OK if answers else HttpAnswer(500, {}, b"")).start()
    stand.store.put([item(1, due_at=NOW_MS + HOUR_MS, attempts=1)])
    stand.offer([item(2, "http://a.example/", attempts=6)])
    stand.run(10)
    assert len(stand.notifier.status()) == 1  # what is due in an hour needs no lane
    stand.run(600, step=5)
    assert stand.notifier.status() == []
    answers.append(True)
    stand.run(3 * 3600, step=10)
    assert sorted(stand.store.done) == [1, 2]


def test_a_jump_of_the_wall_clock_is_noticed_within_a_minute():
    stand = Stand().start()
    stand.offer([item(1, due_at=NOW_MS + 2 * HOUR_MS, attempts=1)])
    stand.turns()
    assert stand.store.done == []
    stand.clock.offset_ms += 4 * HOUR_MS
    stand.run(62)
    assert stand.store.done == [1]


def test_a_clock_that_was_set_back_holds_up_no_push():
    """Neither what was never tried, nor what was put off by a clock that was days ahead."""
    ahead = NOW_MS + 72 * HOUR_MS
    tried = [item(1, due_at=ahead, attempts=1), item(2, "http://other.example/", due_at=ahead, attempts=4)]
    stand = Stand(items=[*tried, item(3, due_at=NOW_MS + 1000, created_at=ahead)]).start()
    stand.run(1)
    assert sorted(stand.store.done) == [1, 2, 3]
    stand.store.unreadable = True
    stand.store.put([item(4, "http://third.example/")])
    stand.notifier.look("demo http://third.example")
    stand.turns()
    stand.store.unreadable = False
    stand.clock.offset_ms -= 72 * HOUR_MS
    stand.run(62)
    assert sorted(stand.store.done) == [1, 2, 3, 4]


def test_stop_lets_what_is_under_way_end():
    stand = Stand(answer=lambda *_: None).start()
    stand.offer([item(n) for n in range(1, 10)])
    stand.turns()
    begun = len(stand.http.open)
    stopped = stand.notifier.stop(20)
    ended = []
    stopped.addCallback(ended.append)
    for deferred in stand.http.open:
        deferred.callback(OK)
    assert not ended
    stand.turns()
    assert ended == [None]
    assert len(stand.store.done) == begun == len(stand.http.posts)
    assert stand.reactor.getDelayedCalls() == []


def test_stop_ends_at_its_limit_and_the_next_start_pushes_the_rest_with_the_same_ids():
    stand = Stand(answer=lambda *_: None, items=[item(n) for n in range(1, 5)]).start()
    stand.turns()
    ended = []
    stand.notifier.stop(20).addCallback(ended.append)
    stand.run(19)
    assert not ended
    stand.run(2)
    assert ended == [None]
    assert stand.reactor.getDelayedCalls() == []
    again = Stand(items=stand.store.items.values()).start()
    again.turns()
    assert sorted(again.store.done) == [1, 2, 3, 4]
    first = {headers["webhook-id"] for _, headers, _ in stand.http.posts}
    assert first <= {headers["webhook-id"] for _, headers, _ in again.http.posts}


def test_an_item_that_cannot_be_written_stops_nobody():
    stand = Stand().start()
    stand.offer([item(1, dest="\ud800"), item(2)])
    stand.turns()
    assert stand.store.done == [2]
    assert "internal error" in stand.store.retries[0][2]


def test_counted_in_the_metrics():
    registry = CollectorRegistry()
    answers = [HttpAnswer(410, {}, b""), HttpAnswer(500, {}, b""), OK]
    stand = Stand(answer=lambda *_: answers.pop(), metrics=Metrics(registry)).start()
    stand.offer([item(1), item(2), item(3)])
    stand.turns()
    text = render(registry).decode()
    for result in ("ok", "failed", "gave_up"):
        assert f'smsgwd_pushes_total{{lane="receipt",result="{result}"}} 1.0' in text


def test_a_lane_waits_for_one_slot_however_often_it_is_offered_something():
    stand = Stand(answer=lambda *_: None, max_connections=8).start()
    stand.offer([item(n, f"http://h{n}.example/", tenant=f"t{n}") for n in range(1, 9)])
    stand.turns()
    for n in range(100, 110):
        stand.offer([item(n, "http://late.example/", tenant="late")])
        stand.turns()
    assert stand.notifier._slots.waiting == 8 - stand.notifier.in_flight + 1


def test_what_an_operator_revived_is_pushed_at_once_also_to_a_target_not_in_memory():
    stand = Stand(lambda *_: None).start()
    stand.offer([item(1)])
    stand.turns()
    stand.store.put([item(2), item(3, "http://other.example/dlr"), item(4, "@demo", target="@demo")])
    for target in ("demo http://hook.example", "demo http://other.example"):
        stand.notifier.look(target)
    stand.turns()
    assert sorted(headers["webhook-id"] for _, headers, _ in stand.http.posts) == ["msg_1", "msg_2", "msg_3"]
    stand.run(61)
    assert len(stand.http.posts) == 3, "what is owed to ESMEs is none of its business"
