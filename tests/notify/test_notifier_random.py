"""Whatever happens, each item ends once and none is under way twice: random answers, store failures, restarts."""

import json
import random

import pytest
from twisted.internet.task import Clock

from smsgwd.config.model.runtime import Notify
from smsgwd.notify.notifier import Notifier
from smsgwd.ports.push import HttpAnswer, HttpFailure
from tests.notify.fakes import SECRET, FakeHttp, FakeStore, ReactorClock, item

URLS = [f"http://h{n}.example/{path}" for n in range(6) for path in ("a", "b?x=1")]


def numbers(headers, body):
    """The items of a request."""
    pushed = json.loads(body)
    if pushed["type"] == "batch":
        names = [receipt["webhook_id"] for receipt in pushed["receipts"]]
        assert headers["webhook-id"] == names[0].replace("msg", "batch") + f"_{len(names)}"
    else:
        names = [headers["webhook-id"]]
    return [int(name.removeprefix("msg_")) for name in names]


@pytest.mark.parametrize("batch", [1, 15])
@pytest.mark.parametrize("seed", range(20))
def test_every_item_ends_once(seed, batch):
    chance = random.Random(seed)
    reactor, store = Clock(), None
    clock = ReactorClock(reactor)
    store = FakeStore(reactor)
    under_way = {}
    health = {}
    restarts = []
    together = []

    def answer(url, headers, body):
        request = numbers(headers, body)
        together.append(len(set(request)))
        out = {number for _, others in under_way.values() for number in others}
        for number in request:
            assert number in store.items, f"{number} was pushed after its end"
            assert number not in out, f"{number} is under way twice"
            assert store.items[number].url == url
        host = url.split("/")[2]
        how = health.get(host, "good")
        if how == "good" and chance.random() < 0.5:
            return HttpAnswer(200, {}, b"")
        if how == "bad" and chance.random() < 0.5:
            return HttpFailure("refused", sent=False)
        under_way[request[0]] = (how, request)
        return None

    def begin():
        http = FakeHttp(answer)
        notifier = Notifier(
            reactor, clock, store, http, lambda tenant: (SECRET,), Notify(max_connections=16),
            batch_of=lambda tenant: batch, random=chance.random,
        )  # fmt: skip
        notifier.start()
        return http, notifier

    http, notifier = begin()
    owed = 0
    for _ in range(400):
        for host in {url.split("/")[2] for url in URLS}:
            if chance.random() < 0.03:
                health[host] = chance.choice(["good", "good", "bad", "hang"])
        if chance.random() < 0.05:
            store.failing = not store.failing
        if chance.random() < 0.03:
            store.unreadable = not store.unreadable
        if chance.random() < 0.02:
            clock.offset_ms += int(chance.choice([-72, -5, -0.2, 0.2, 1]) * 3_600_000)
        if owed < 3000 and chance.random() < 0.3:
            new = [
                item(
                    owed + n,
                    chance.choice(URLS),
                    f"t{chance.randrange(3)}",
                    due_at=clock.now_ms(),
                    created_at=clock.now_ms(),
                )
                for n in range(1, chance.choice([2, 20, 200]))
            ]
            owed += len(new)
            store.put(new)
            if chance.random() < 0.8:
                notifier.offer(new)
        settle(http, under_way, chance, 0.5)
        if chance.random() < 0.02:
            notifier.stop(0)
            reactor.advance(0)
            for _ in range(5):
                reactor.advance(0)  # commits that were begun
            under_way.clear()
            http, notifier = begin()
            restarts.append(reactor.seconds())
        reactor.advance(chance.choice([0, 0, 0.1, 1, 5]))
    store.failing = store.unreadable = False
    for host in list(health):
        health[host] = "good"
    for _ in range(20_000):
        settle(http, under_way, chance, 1.0)
        reactor.advance(chance.choice([0, 0.5, 5, 20]))
        if not store.items:
            break
    assert not store.items, f"{len(store.items)} of {owed} are still owed"
    assert sorted(store.done) == list(range(1, owed + 1))
    assert notifier.in_flight == 0
    assert owed > 100
    assert notifier.pending == 0
    assert max(together) == batch


def settle(http, under_way, chance, share):
    """Answer some of the pushes that wait: those that hang fail."""
    for number, deferred in [*zip(list(under_way), http.open, strict=True)]:
        if chance.random() < share:
            how, _ = under_way.pop(number)
            http.open.remove(deferred)
            if how == "good":
                deferred.callback(HttpAnswer(204, {}, b""))
            else:
                deferred.errback(HttpFailure("timed out", sent=True))
