"""Pushes by other settings while the notifier runs."""

from smsgwd.config.model.runtime import Notify
from smsgwd.ports.push import HttpAnswer
from tests.notify.fakes import item
from tests.notify.test_notifier import Stand

DOWN = HttpAnswer(500, {}, b"")


def test_a_failed_push_waits_by_the_new_times():
    stand = Stand(lambda *_: DOWN, retry_s=(3600.0,)).start()
    stand.notifier.follow(Notify(retry_s=(10.0,)))
    stand.offer([item(1)])
    stand.run(60)
    assert len(stand.http.posts) > 2


def test_what_waits_already_keeps_its_time():
    stand = Stand(lambda *_: DOWN, retry_s=(100.0,)).start()
    stand.offer([item(1)])
    stand.run(5)
    stand.notifier.follow(Notify(retry_s=(10.0,)))
    stand.run(60)
    assert len(stand.http.posts) == 1
    stand.run(80)
    assert len(stand.http.posts) > 2


def test_more_pushes_at_once_begin_at_once():
    stand = Stand(lambda *_: None, max_connections=2, max_connections_per_host=2).start()
    stand.offer([item(n, url=f"http://hook{n}.example/dlr", tenant=f"t{n}") for n in range(1, 7)])
    stand.turns()
    before = stand.notifier.in_flight
    assert 0 < before <= 2
    stand.notifier.follow(Notify(max_connections=6, max_connections_per_host=6))
    stand.turns()
    assert stand.notifier.in_flight > before
