"""Coalesced pushes: what goes together, when it starts, and that all of it shares the fate of its request."""

import base64
import hashlib
import hmac
import json

import pytest

from smsgwd.config.model.runtime import Notify
from smsgwd.model.mo import MoMessage, pack_mo_message
from smsgwd.model.outbox import MO
from smsgwd.net.http_client import BadRequest
from smsgwd.notify.notifier import Notifier
from smsgwd.notify.payload import MAX_BATCH, batch_of, body_of
from smsgwd.ports.push import HttpAnswer, HttpFailure
from tests.notify.fakes import NOW_MS, SECRET, item
from tests.notify.test_notifier import OK, Stand

SERVER_ERROR = HttpAnswer(500, {}, b"")


class Batches(Stand):
    """A stand whose tenants `demo` and `other` take up to `most` receipts in a request."""

    def __init__(self, answer=lambda *_: OK, most=100, **options):
        super().__init__(answer, **options)
        self.notifier = Notifier(
            self.reactor, self.clock, self.store, self.http, lambda tenant: (SECRET,), Notify(),
            batch_of=lambda tenant: most if tenant in ("demo", "other") else 1, random=lambda: 0.5,
        )  # fmt: skip

    def offer(self, items):
        """The first one makes its lane read the store, which takes turns."""
        super().offer(items)
        self.turns()

    def requests(self):
        """The ids in each request, in order."""
        return [ids(headers, body) for _, headers, body in self.http.posts]


def ids(headers, body):
    """The webhook-ids of the receipts in a request."""
    pushed = json.loads(body)
    if pushed["type"] == "batch":
        return [receipt["webhook_id"] for receipt in pushed["receipts"]]
    return [headers["webhook-id"]]


def named(*numbers):
    return [f"msg_{number}" for number in numbers]


def answer_oldest(stand, result=OK):
    deferred = stand.http.open.pop(0)
    (deferred.errback if isinstance(result, Exception) else deferred.callback)(result)
    stand.turns()


def test_what_is_offered_together_goes_together_with_what_each_would_have_said():
    stand = Batches().start()
    items = [item(n, client_ref=f"r{n}") for n in range(1, 6)]
    stand.offer(items)
    stand.turns()
    [(url, headers, body)] = stand.http.posts
    assert url == "http://hook.example/dlr"
    assert headers["webhook-id"] == "batch_1_5"
    assert json.loads(body) == {
        "type": "batch",
        "receipts": [{"webhook_id": f"msg_{one.id}", **json.loads(body_of(one))} for one in items],
    }
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"batch_1_5.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert sorted(stand.store.done) == [1, 2, 3, 4, 5]
    assert (stand.notifier.tally.pushed, stand.notifier.pending) == (5, 0)


def test_at_idle_nothing_waits_and_what_gathers_meanwhile_goes_together():
    stand = Batches(lambda *_: None).start()
    stand.offer([item(1)])
    assert stand.requests() == [named(1)]
    for n in range(2, 8):
        stand.offer([item(n)])
        stand.turns()
    assert len(stand.http.posts) == 1
    assert stand.notifier.pending == 7
    answer_oldest(stand)
    assert stand.requests() == [named(1), named(2, 3, 4, 5, 6, 7)]
    answer_oldest(stand)
    assert sorted(stand.store.done) == list(range(1, 8))
    stand.offer([item(8)])
    assert stand.requests()[-1] == named(8)


def test_a_full_request_does_not_wait_for_the_one_under_way():
    stand = Batches(lambda *_: None, most=10).start()
    stand.offer([item(1)])
    stand.offer([item(n) for n in range(2, 11)])
    assert len(stand.http.posts) == 1
    stand.offer([item(11)])
    assert [len(request) for request in stand.requests()] == [1, 10]


def test_nobody_waits_long_for_one_that_hangs():
    stand = Batches(lambda *_: None).start()
    stand.offer([item(1)])
    stand.offer([item(2), item(3)])
    stand.run(0.09, step=0.01)
    assert len(stand.http.posts) == 1
    stand.run(0.03, step=0.01)
    assert stand.requests() == [named(1), named(2, 3)]


def test_at_most_so_many_and_in_the_order_of_their_due_times():
    stand = Batches(lambda *_: None, most=4).start()
    stand.offer([item(n) for n in range(1, 10)])
    while stand.http.open:
        answer_oldest(stand)
    assert stand.requests() == [named(1, 2, 3, 4), named(5, 6, 7, 8), named(9)]


def test_only_equal_urls_go_together():
    urls = ["http://hook.example/a", "http://hook.example/b"]
    stand = Batches().start()
    stand.offer([item(n, urls[n % 2]) for n in range(12)])
    stand.turns()
    for url, headers, body in stand.http.posts:
        assert {urls[int(name.removeprefix("msg_")) % 2] for name in ids(headers, body)} == {url}
    assert len(stand.http.posts) <= 3
    assert sorted(stand.store.done) == list(range(12))


def test_urls_that_all_differ_are_pushed_one_by_one():
    stand = Batches().start()
    stand.offer([item(n, f"http://hook.example/dlr?ref={n}") for n in range(50)])
    stand.run(1, step=0.02)
    assert sorted(stand.store.done) == list(range(50))
    assert len(stand.http.posts) == 50


def test_tenants_never_share_a_request_and_others_are_not_coalesced():
    stand = Batches().start()
    stand.offer([item(n, tenant=("demo", "other", "plain")[n % 3]) for n in range(9)])
    stand.turns()
    assert sorted(map(len, stand.requests())) == [1, 1, 1, 3, 3]


def test_a_message_of_a_subscriber_goes_alone_and_waits_for_nobody():
    message = MoMessage("smsc1", NOW_MS, "306900000000", "54001", "Hi", b"Hi")
    stand = Batches(lambda *_: None).start()
    stand.offer([item(1)])
    stand.offer([item(2, type=MO, payload=pack_mo_message(message), due_at=NOW_MS - 1), item(3), item(4)])
    assert [headers["webhook-id"] for _, headers, _ in stand.http.posts] == ["msg_1", "msg_2"]
    answer_oldest(stand)
    answer_oldest(stand)
    assert stand.requests()[2:] == [named(3, 4)]


def test_410_gives_all_of_them_up():
    stand = Batches(lambda *_: HttpAnswer(410, {}, b"")).start()
    stand.offer([item(n) for n in range(1, 6)])
    assert stand.store.dead == dict.fromkeys(range(1, 6), "HTTP 410")
    assert len(stand.http.posts) == 1
    assert stand.notifier.pending == 0


def test_a_malformed_url_gives_all_of_them_up_and_says_nothing_about_the_target():
    stand = Batches(lambda *_: BadRequest("bad url", sent=False)).start()
    stand.offer([item(n) for n in range(1, 4)])
    stand.turns()
    assert stand.store.dead == dict.fromkeys((1, 2, 3), "bad url")
    assert stand.notifier.status()[0].failures == 0


@pytest.mark.parametrize(
    "bad", [SERVER_ERROR, HttpAnswer(302, {}, b""), HttpFailure("timed out", sent=True), HttpFailure("x", sent=False)]
)
def test_anything_else_is_tried_again_for_each_and_alone_from_the_third_attempt(bad):
    answers = [OK] * 10 + [bad] * 2
    stand = Batches(lambda *_: answers.pop()).start()
    stand.offer([item(n) for n in range(1, 6)])
    assert [retry[:2] for retry in stand.store.retries] == [(n, NOW_MS + 5000) for n in range(1, 6)]
    assert stand.notifier.tally.retried == 5
    stand.run(6)
    assert stand.requests() == [named(1, 2, 3, 4, 5)] * 2, "drawn once: they come together again"
    assert {one.attempts for one in stand.store.items.values()} == {2}
    stand.run(40)
    assert sorted(stand.requests()[2:]) == [named(n) for n in range(1, 6)]
    assert sorted(stand.store.done) == [1, 2, 3, 4, 5]


def test_retry_after_holds_for_all_of_them():
    stand = Batches(lambda *_: HttpAnswer(429, {"retry-after": "90"}, b"")).start()
    stand.offer([item(1), item(2)])
    stand.turns()
    assert stand.store.retries == [(n, NOW_MS + 90_000, "HTTP 429") for n in (1, 2)]


def test_a_receipt_that_breaks_the_tenants_server_holds_the_others_up_twice_at_most():
    stand = Batches(lambda url, headers, body: SERVER_ERROR if b'"msg_3"' in body + headers["webhook-id"].encode()
                    or headers["webhook-id"] == "msg_3" else OK).start()  # fmt: skip
    stand.offer([item(n) for n in range(1, 6)])
    stand.run(60)
    assert sorted(stand.store.done) == [1, 2, 4, 5]
    assert stand.store.items[3].attempts >= 3


def test_a_dead_target_is_probed_with_one_receipt_and_then_flows_in_batches():
    up = []
    stand = Batches(
        lambda *_: OK if up else HttpFailure("refused", sent=False), items=[item(n) for n in range(1, 3001)]
    ).start()
    stand.run(300)
    probes = stand.requests()[5:]
    assert probes and {len(request) for request in probes} == {1}
    assert stand.notifier.status()[0].down
    up.append(True)
    stand.run(400, step=5)
    assert len(stand.store.done) > 2400
    first = stand.requests()[len(probes) + 5]
    assert len(first) == 1, "the one that finds it up again is a probe still"
    stand.run(3000, step=5)
    assert sorted(stand.store.done) == list(range(1, 3001))
    assert len(stand.http.posts) < 1000


def test_after_a_restart_they_come_again_under_the_same_ids():
    stand = Batches(lambda *_: None, items=[item(n) for n in range(1, 8)], most=5).start()
    stand.turns()
    first = [name for request in stand.requests() for name in request]
    stand.notifier.stop(0)
    stand.turns()
    assert stand.store.done == []
    again = Batches(items=stand.store.items.values(), most=3).start()
    again.turns()
    assert sorted(again.store.done) == list(range(1, 8))
    assert set(first) <= {name for request in again.requests() for name in request}
    assert max(map(len, again.requests())) == 3


def test_stop_lets_a_request_under_way_end_for_all_it_carries():
    stand = Batches(lambda *_: None).start()
    stand.offer([item(n) for n in range(1, 5)])
    ended = []
    stand.notifier.stop(20).addCallback(ended.append)
    answer_oldest(stand)
    assert ended == [None]
    assert sorted(stand.store.done) == [1, 2, 3, 4]


def test_a_body_is_bounded_and_the_rest_follows():
    stand = Batches().start()
    stand.offer([item(n, client_ref="x" * 10_000) for n in range(1, 61)])
    stand.turns(30)
    assert all(len(body) <= MAX_BATCH for _, _, body in stand.http.posts)
    assert [len(request) for request in stand.requests()] == [25, 25, 10]
    assert sorted(stand.store.done) == list(range(1, 61))
    assert stand.notifier.pending == 0
    assert batch_of([item(1, client_ref="x" * (MAX_BATCH + 1))])[1] == 1


def test_one_that_cannot_be_written_stops_nobody():
    stand = Batches().start()
    stand.offer([item(n, dest="\ud800" if n == 3 else "+306912345678") for n in range(1, 7)])
    stand.turns(30)
    assert sorted(stand.store.done) == [1, 2, 4, 5, 6]
    assert [retry[0] for retry in stand.store.retries] == [3]
    assert "internal error" in stand.store.retries[0][2]
    assert stand.notifier.in_flight == 0


def test_a_tenant_without_secret_is_not_sent_unsigned():
    stand = Batches().start()
    stand.notifier._secrets = lambda tenant: ()
    stand.offer([item(1), item(2)])
    stand.turns()
    assert stand.http.posts == []
    assert len(stand.store.retries) == 2


def test_how_many_a_tenant_takes_may_change():
    most = [1]
    stand = Batches(lambda *_: None).start()
    stand.notifier._lanes._batch_of = lambda tenant: most[0]
    stand.offer([item(1), item(2)])
    assert [len(request) for request in stand.requests()] == [1, 1]
    answer_oldest(stand)
    answer_oldest(stand)
    most[0] = 50
    stand.offer([item(3), item(4)])
    assert stand.requests()[-1] == named(3, 4)


def test_results_of_a_request_are_one_commit():
    stand = Batches().start()
    stand.offer([item(n) for n in range(1, 51)])
    stand.turns()
    assert [len(commit) for commit in stand.store.commits] == [50]


def test_a_lane_is_idle_when_all_of_a_request_is_saved_and_dropped_in_time():
    stand = Batches().start()
    stand.offer([item(n) for n in range(1, 51)])
    stand.turns()
    [lane] = stand.notifier._lanes
    assert (lane.idle, lane.in_flight, lane.along, lane.unsaved) == (True, 0, 0, 0)
    stand.run(400, step=5)
    assert stand.notifier.status() == []


def test_a_tenant_with_batches_leaves_the_others_their_slots():
    stand = Batches(lambda url, *_: None if "hook" in url else OK, most=5).start()
    stand.offer([item(n) for n in range(1, 400)])
    stand.offer([item(n, f"http://good{n % 7}.example/", tenant=f"t{n % 5}") for n in range(1000, 1200)])
    stand.run(1, step=0.02)
    assert sorted(stand.store.done) == list(range(1000, 1200))


def test_lagging_counts_what_waits_for_targets_of_the_tenant_that_answer_well():
    stand = Stand(lambda *_: None).start()
    stand.offer([item(1)])
    stand.turns()
    stand.http.open.pop(0).callback(OK)
    stand.run(1)
    assert stand.notifier.lagging("demo") == stand.notifier.lagging("nobody") == 0
    stand.offer([item(n) for n in range(2, 102)])
    stand.offer([item(n, "http://new.example/") for n in range(200, 250)])
    stand.offer([item(n, tenant="other") for n in range(300, 350)])
    stand.run(0.1)
    under_way = len([url for url, headers, _ in stand.http.posts[1:] if int(headers["webhook-id"][4:]) < 102])
    assert 0 < under_way < 100
    assert stand.notifier.lagging("demo") == 100 - under_way, "those of one that has proven nothing do not count"
    assert stand.notifier.lagging("other") == 0
    while stand.http.open:
        answer_oldest(stand)
    assert stand.notifier.lagging("demo") == 0


def test_what_is_to_be_tried_again_later_does_not_lag():
    answers = [OK, SERVER_ERROR, OK]
    stand = Stand(lambda *_: answers.pop()).start()
    for n in (1, 2, 3):
        stand.offer([item(n)])
        stand.turns()
    assert (stand.notifier.pending, stand.notifier.status()[0].failures) == (1, 0)
    assert stand.notifier.lagging("demo") == 0


def test_lagging_of_a_tenant_with_many_targets_and_of_one_whose_targets_were_dropped():
    def answer(*_):
        return None if hanging else OK

    hanging = []
    stand = Stand(answer).start()
    urls = [f"http://h{n}.example/" for n in range(20)]
    stand.offer([item(n, url) for n, url in enumerate(urls, 1)])
    stand.run(1)
    hanging.append(True)
    stand.offer([item(100 + n, urls[n % 20]) for n in range(400)])
    stand.run(0.1)
    assert stand.notifier.lagging("demo") == 400 - stand.notifier.in_flight > 200
    hanging.clear()
    while stand.http.open:
        answer_oldest(stand)
    stand.run(0.1)
    assert stand.notifier.lagging("demo") == 0
    stand.run(400, step=5)
    assert stand.notifier.status() == []
    assert stand.notifier._lanes._of_tenant == stand.notifier._lanes._counted == {}
    assert stand.notifier.lagging("demo") == 0
