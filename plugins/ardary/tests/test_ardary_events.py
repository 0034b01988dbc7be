"""Callbacks: the page's five, in every form in which they may come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from smsgwd_ardary import plugin

from smsgwd.model.message import State
from smsgwd.providers import (
    CallbackRefused,
    CallbackRequest,
    Clicked,
    Event,
    Incoming,
    PhoneCall,
    Qualified,
    Report,
)
from smsgwd.providers.testing import TestHost, provider, replies, run

OPTIONS = {"login": "user@gmail.com", "access_key": "YOUR_ACCESS_KEY"}

STATUS = {
    "user": "SENDER_LOGIN",
    "phone_number": "+15550000001",
    "status": "received",
    "date_status": "2019-08-09T12:50:54.211Z",
    "id_sms_api": "4711",
}
SMS = {"title": "incoming sms", "from": "+15550000001", "message": "Hello world !", "date": "2020-01-21 10:01:38"}
CLICK = {
    "title": "clicked link",
    "phonenumber": "+15550000001",
    "link": "https://www.my-link.com/",
    "date": "2019-07-08 15:07:03",
    "id_sms_api": "4711",
}
CALL = {"TITLE": "INCOMING CALL", "PHONE_NUMBER": "+15550000001", "CALL_TIME": "2019-07-05", "DURATION": "15:11:04"}
QUALIFICATION = {
    "title": "Call qualification From Mobile",
    "from": "+15550000001",
    "qualification": "Hello world !",
    "date": "2020-01-21 10:01:38",
}


def ms(written: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def received(request: CallbackRequest, now_ms: int = 0, **options: Any) -> Sequence[Event]:
    host = TestHost(replies(), now_ms=now_ms)
    found = run(provider(plugin, host, {**OPTIONS, **options}).received(request))
    assert found.status == 200
    assert host.requests == []
    return found.events


def in_parameter(value: Any, name: str = "calls") -> CallbackRequest:
    return CallbackRequest("GET", ((name, json.dumps(value)),))


EXPECTED = [
    (STATUS, Report(State.DELIVERED, "4711", "4711", "received", "", ms("2019-08-09T12:50:54.211"), "15550000001")),
    (SMS, Incoming("15550000001", "Hello world !", at_ms=ms("2020-01-21 10:01:38"))),
    (CLICK, Clicked("https://www.my-link.com/", "4711", "4711", "15550000001", ms("2019-07-08 15:07:03"))),
    (CALL, PhoneCall("incoming", "15550000001", ms("2019-07-05 00:00:00"), 54664)),
    (QUALIFICATION, Qualified("15550000001", "Hello world !", "mobile", ms("2020-01-21 10:01:38"))),
]


@pytest.mark.parametrize(("value", "event"), EXPECTED)
def test_the_pages_callbacks_in_every_form(value: dict[str, str], event: Event) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    requests = [
        in_parameter(value),
        in_parameter(value, "status"),
        in_parameter([value], "data"),
        in_parameter({"sms": value}, "x"),
        CallbackRequest("GET", tuple(value.items())),
        CallbackRequest("GET", ((json.dumps(value), ""),)),
        CallbackRequest("POST", (), {"content-type": "application/json"}, json.dumps(value).encode()),
        CallbackRequest("POST", (), {}, json.dumps([value]).encode()),
        CallbackRequest("POST", (), form, urlencode(value).encode()),
        CallbackRequest("POST", (), form, urlencode({"calls": json.dumps(value)}).encode()),
    ]
    for request in requests:
        assert received(request) == [event], request


def test_a_text_that_looks_like_json_is_a_text() -> None:
    [sms] = received(CallbackRequest("GET", tuple({**SMS, "message": "{hello"}.items())))
    assert isinstance(sms, Incoming)
    assert sms.text == "{hello"


def test_several_at_once_are_told_in_order() -> None:
    assert received(in_parameter([SMS, CLICK])) == [EXPECTED[1][1], EXPECTED[2][1]]


@pytest.mark.parametrize(
    ("word", "state"), [("sent", None), ("received", State.DELIVERED), ("failed", State.UNDELIVERED), ("odd", None)]
)
def test_states(word: str, state: State | None) -> None:
    [report] = received(in_parameter({**STATUS, "status": word}))
    assert isinstance(report, Report)
    assert (report.state, report.word) == (state, word)


def test_an_id_that_is_none_of_ours_is_no_message_id() -> None:
    [report] = received(in_parameter({**STATUS, "id_sms_api": "own-7"}))
    assert isinstance(report, Report)
    assert (report.foreign_id, report.message_id) == ("own-7", "")


def test_dates_are_by_the_clocks_of_the_zone_unless_they_name_one() -> None:
    [sms] = received(in_parameter(SMS), time_zone="Europe/Paris")
    assert sms.at_ms == ms("2020-01-21 10:01:38", "Europe/Paris")
    [report] = received(in_parameter(STATUS), time_zone="Europe/Paris")
    assert report.at_ms == ms("2019-08-09T12:50:54.211")
    [sms] = received(in_parameter({**SMS, "date": "yesterday"}))
    assert sms.at_ms is None


@pytest.mark.parametrize(
    ("title", "direction"), [("INCOMING CALL", "incoming"), ("OUTGOING CALL", "outgoing"), ("MISSED", "missed")]
)
def test_calls(title: str, direction: str) -> None:
    [call] = received(in_parameter({**CALL, "TITLE": title, "DURATION": "00:01:30"}))
    assert isinstance(call, PhoneCall)
    assert (call.direction, call.duration_s) == (direction, 90)


def test_the_duration_may_be_a_time_of_day() -> None:
    [call] = received(in_parameter(CALL), call_duration="time")
    assert call == PhoneCall("incoming", "15550000001", ms("2019-07-05 15:11:04"), 0)


def test_a_call_of_today_has_the_time_at_which_it_is_told() -> None:
    [call] = received(in_parameter({**CALL, "DURATION": "42"}), now_ms=ms("2019-07-05 18:00:00"))
    assert call == PhoneCall("incoming", "15550000001", None, 42)


def test_a_qualification_from_the_interface() -> None:
    [event] = received(in_parameter({**QUALIFICATION, "title": "Call qualification From Interface"}))
    assert isinstance(event, Qualified)
    assert event.source == "interface"


@pytest.mark.parametrize(
    "request_",
    [
        CallbackRequest("GET"),
        CallbackRequest("GET", (("calls", "{nonsense"),)),
        CallbackRequest("POST", (), {}, b"{nonsense"),
        in_parameter({"title": "birthday"}),
        in_parameter({**STATUS, "id_sms_api": ""}),
        in_parameter({**STATUS, "id_sms_api": "x" * 65}),
        in_parameter({**SMS, "from": "anonymous"}),
        in_parameter({"status": "received"}),
    ],
)
def test_what_is_none_of_them_is_refused(request_: CallbackRequest) -> None:
    with pytest.raises(CallbackRefused):
        received(request_)
