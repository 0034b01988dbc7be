"""Pushes of subscribers' messages: the event for a webhook, the callback of a dialect."""

import json
from urllib.parse import parse_qs

import pytest

from smsgwd.model.message import State
from smsgwd.model.mo import MoMessage, pack_mo_message
from smsgwd.model.outbox import MO
from smsgwd.notify.mo import mo_request
from smsgwd.notify.signing import keys_of
from smsgwd.ports.push import HttpAnswer
from tests.notify.fakes import NOW_MS, SECRET, headers_of, item
from tests.notify.test_notifier import OK, Stand

AT = 1_780_000_000_007  # 2026-05-28T20:26:40.007Z
PLAIN = {
    "connector": "sim",
    "received_at": AT,
    "source": "+306912345678",
    "dest": "54001",
    "text": "γειά",
    "data": b"\xff\0",
}


def owed(number, url="https://shop.example/events", **fields):
    return item(
        number,
        url,
        type=MO,
        message_id=0,
        state=State.QUEUED,
        submitted_at=0,
        done_at=None,
        payload=pack_mo_message(MoMessage(**{**PLAIN, **fields})),
    )


def test_the_event():
    body, query = mo_request(owed(7, data_coding=8))
    assert query == ""
    assert json.loads(body) == {
        "type": "mo.received",
        "id": "7",
        "tenant": "demo",
        "at": "2026-05-28T20:26:40.007Z",
        "data": {
            "from": "+306912345678",
            "to": "54001",
            "text": "γειά",
            "data": "ff00",
            "coding": "ucs2",
            "data_coding": 8,
            "parts": 1,
            "connector": "sim",
        },
    }


def test_missing_parts_and_the_keyword_are_told_where_there_are_any():
    body, _ = mo_request(owed(7, parts=3, missing=2, keyword="WIN"))
    data = json.loads(body)["data"]
    assert (data["parts"], data["missing"], data["keyword"], data["coding"]) == (3, 2, "WIN", "gsm")


@pytest.mark.parametrize(
    ("data_coding", "coding"), [(0, "gsm"), (4, "binary"), (8, "ucs2"), (0xF0, "gsm"), (0xF5, "binary"), (3, "other")]
)
def test_codings(data_coding, coding):
    assert json.loads(mo_request(owed(1, data_coding=data_coding))[0])["data"]["coding"] == coding


def test_binary_has_no_text():
    data = json.loads(mo_request(owed(1, text=None, data_coding=4))[0])["data"]
    assert data["text"] is None and data["data"] == "ff00"


@pytest.mark.parametrize(
    ("zone", "date"),
    [("Europe/Athens", "2026-05-28 23:26:40"), ("UTC", "2026-05-28 20:26:40"), ("No/Where", "2026-05-28 20:26:40")],
)
def test_the_ardary_callback(zone, date):
    body, query = mo_request(owed(1, style="ardary", zone=zone, text="α&b=1 +%"))
    assert body == b"" and query.isascii() and query.startswith("sms=%7B")
    (said,) = parse_qs(query, strict_parsing=True)["sms"]
    assert json.loads(said) == {
        "title": "incoming sms", "from": "+306912345678", "message": "α&b=1 +%", "date": date,
    }  # fmt: skip


def test_the_ardary_callback_has_the_tenants_own_parameter_and_no_fragment_is_in_its_way():
    _, query = mo_request(owed(1, "https://shop.example/cb?a:b#here", style="ardary", parameter="in sms"))
    assert query.startswith("in%20sms=%7B")


def test_pushes_are_signed_and_keep_their_id_over_retries():
    answers = [HttpAnswer(500, {}, b""), OK]
    stand = Stand(answer=lambda *_: answers.pop(0), retry_s=(1,)).start()
    stand.offer([owed(7)])
    stand.run(3)
    assert stand.store.done == [7]
    first, second = stand.http.posts
    assert first[1]["webhook-id"] == second[1]["webhook-id"] == "msg_7" and first[2] == second[2]
    for _, headers, body in (first, second):
        assert headers == headers_of(7, int(headers["webhook-timestamp"]), body, keys_of((SECRET,)))


def test_callbacks_are_got_and_tried_again():
    answers = [HttpAnswer(500, {}, b""), OK]
    stand = Stand(answer=lambda *_: answers.pop(0), retry_s=(1,)).start()
    stand.offer([owed(7, "https://old.example/cb?x=1", style="ardary")])
    stand.run(3)
    assert stand.store.done == [7] and not stand.http.posts
    first, second = stand.http.gets
    assert first == second and first[0] == "https://old.example/cb?x=1" and first[2] == {"webhook-id": "msg_7"}


def test_a_damaged_one_is_kept_and_the_others_go():
    stand = Stand().start()
    bad = owed(1)
    bad.payload = b"\xc1"
    stand.offer([bad, owed(2)])
    stand.run(2)
    assert stand.store.done == [2] and stand.store.items[1].due_at > NOW_MS
