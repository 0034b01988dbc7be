"""Pushes in the style of a provider: whatever a dialect writes is asked for, and nothing it does stops the others."""

import json

import pytest

from smsgwd.dialects import registry
from smsgwd.dialects.http import Push as Told
from smsgwd.model.callbacks import Callback, pack_callback, pack_event
from smsgwd.model.message import State
from smsgwd.net.http_client import BadRequest
from smsgwd.notify import styled
from smsgwd.notify.signing import header_lines, id_of, keys_of
from smsgwd.notify.styled import StyleError, asked_of, is_styled, told
from smsgwd.ports.push import HttpAnswer, HttpFailure
from tests.notify.fakes import NOW_MS, SECRET, item, parsed
from tests.notify.test_notifier import OK, Stand

URL = "https://shop.example/cb?x=1"


class Writer:
    """A dialect as far as callbacks go: `fields` of the callback say what it writes."""

    def __init__(self, options):
        assert options.public_url

    def receipt(self, owed, callback):
        return self._written(owed.url, callback)

    def event(self, kind, data, callback, url, at):
        assert (kind, at) == ("link.clicked", NOW_MS) and json.loads(data)
        return self._written(url, callback)

    @staticmethod
    def _written(url, callback):
        what = callback.fields["what"]
        if what == "nothing":
            return None
        if what == "fault":
            raise UnicodeEncodeError("ascii", "a secret text", 0, 1, "no")
        if what == "form":
            return Told("POST", url, b"a=1", "application/x-www-form-urlencoded")
        if what == "trace":
            return Told("TRACE", url)
        if what == "evil":
            return Told("POST", url, b"", "text/plain\r\nx: y")
        return Told("GET", url + what)


@pytest.fixture(autouse=True)
def writer(monkeypatch):
    monkeypatch.setattr(styled, "DIALECTS", {**registry.DIALECTS, "test": Writer})
    styled._dialect.cache_clear()
    yield
    styled._dialect.cache_clear()


def owed(number, what="&id=1", style="test", **fields):
    callback = pack_callback(Callback(style, fields={"what": what}))
    return item(number, **{"url": URL, "callback": callback, **fields})


def event(number, what="&id=1", data=b'{"a":1}'):
    return item(
        number, URL, type="link.clicked", message_id=0, state=State.QUEUED,
        payload=pack_event(Callback("test", fields={"what": what}), data),
    )  # fmt: skip


def test_which_items_have_a_style():
    assert is_styled(owed(1)) and is_styled(event(1))
    assert not is_styled(item(1)) and not is_styled(item(1, payload=b"{}"))


@pytest.mark.parametrize("make", [owed, event])
def test_a_get_is_asked_for_with_what_the_style_added(make):
    stand = Stand().start()
    stand.offer([make(7, "&id=a/b%20c")])
    stand.run(1)
    assert stand.http.gets == [(URL, "id=a%2Fb%20c", {"webhook-id": "msg_7"})]
    assert stand.store.done == [7] and not stand.http.posts and stand.notifier.tally.pushed == 1


def test_a_form_is_posted_and_signed():
    stand = Stand().start()
    stand.offer([owed(7, "form")])
    stand.run(1)
    [(url, headers, body)] = stand.http.posts
    assert (url, body) == (URL, b"a=1") and headers["content-type"] == "application/x-www-form-urlencoded"
    stamp = int(headers["webhook-timestamp"])
    lines = header_lines(id_of(7), stamp, body, keys_of((SECRET,)), b"application/x-www-form-urlencoded")
    assert headers == parsed(lines)


@pytest.mark.parametrize("answer", [HttpAnswer(500, {}, b""), HttpFailure("refused", sent=False)])
def test_failures_are_tried_again_with_the_same_request(answer):
    answers = [answer, HttpAnswer(204, {}, b"")]
    stand = Stand(answer=lambda *_: answers.pop(0), retry_s=(1,)).start()
    stand.offer([owed(7)])
    stand.run(3)
    assert stand.store.done == [7]
    first, second = stand.http.gets
    assert first == second


@pytest.mark.parametrize("make", [owed, event])
def test_nothing_to_tell_is_done_without_asking(make):
    stand = Stand().start()
    stand.offer([make(n, "nothing") for n in range(1, 4)] + [item(9, URL)])
    stand.run(1)
    assert sorted(stand.store.done) == [1, 2, 3, 9]
    assert len(stand.http.posts) == 1 and not stand.http.gets
    assert stand.notifier.tally.pushed == 1 and not stand.notifier.pending and not stand.notifier.in_flight


def test_nothing_to_tell_leaves_a_target_that_is_down_alone():
    stand = Stand(answer=lambda *_: HttpFailure("refused", sent=False), retry_s=(60,)).start()
    stand.offer([item(n, URL) for n in range(1, 8)])
    stand.run(1)
    assert stand.notifier.status()[0].down
    stand.offer([owed(20, "nothing")])
    stand.run(60)
    assert 20 in stand.store.done and stand.notifier.status()[0].down


@pytest.mark.parametrize("what", ["fault", "trace", "evil"])
def test_what_cannot_be_written_is_given_up_and_the_others_go(what, caplog):
    stand = Stand().start()
    stand.offer([owed(1, what), owed(2), event(3, what), item(4, URL)])
    stand.run(1)
    assert sorted(stand.store.done) == [2, 4]
    assert sorted(stand.store.dead) == [1, 3] and "internal error" in stand.store.dead[1]
    assert "secret" not in stand.store.dead[1] and "a secret text" not in caplog.text
    assert not stand.notifier.status()[0].failures


@pytest.mark.parametrize(
    "damaged",
    [
        owed(1, style="gone"),
        item(1, callback=b"\xc1"),
        item(1, callback=b""),
        item(1, payload=b"\0\xc1", type="call"),
    ],
)
def test_damaged_ones_are_given_up(damaged):
    with pytest.raises(StyleError):
        told(damaged)
    stand = Stand().start()
    stand.offer([damaged, owed(2)])
    stand.run(1)
    assert stand.store.done == [2] and list(stand.store.dead) == [1]


def test_a_tenant_without_secret_gets_a_form_when_it_has_one():
    secrets = []
    stand = Stand(secrets=lambda _: tuple(secrets), retry_s=(1,)).start()
    stand.offer([owed(7, "form")])
    stand.run(0.5)
    secrets.append(SECRET)
    stand.run(3)
    assert stand.store.done == [7]


def test_receipts_of_a_style_go_alone():
    stand = Stand(answer=lambda *_: None)
    stand.notifier._lanes._batch_of = lambda _: 10
    stand.start()
    stand.offer([owed(n, "form") for n in range(1, 6)] + [item(n, URL) for n in range(6, 11)])
    for _ in range(20):
        while stand.http.open:
            stand.http.open.pop(0).callback(OK)
        stand.run(1)
    assert sorted(stand.store.done) == list(range(1, 11))
    bodies = [body for _, _, body in stand.http.posts]
    assert bodies.count(b"a=1") == 5 and any(b'"batch"' in body for body in bodies)


@pytest.mark.parametrize(
    ("own", "url", "asked"),
    [
        ("http://a.example/", "http://a.example/?x=%C3%A9&y=+", ("http://a.example/", "x=%C3%A9&y=+")),
        ("http://a.example/?a:b", "http://a.example/?a:b&x='", ("http://a.example/?a:b", "x=%27")),
        ("http://a.example/%d", "http://a.example/1?x=/", ("http://a.example/1?x=/", "")),
        (
            "http://a.example/?t=%a",
            f"http://a.example/?t={'x' * 2100}/é%20",
            ("http://a.example/", f"t={'x' * 2100}%2F%C3%A9%20"),
        ),
    ],
)
def test_how_a_url_is_asked_for(own, url, asked):
    assert asked_of(item(1, own), Told("GET", url)) == asked


def test_a_url_that_became_none_is_given_up():
    stand = Stand(answer=lambda *_: BadRequest("bad request: no host", sent=False)).start()
    stand.offer([owed(1)])
    stand.run(1)
    assert list(stand.store.dead) == [1]
