"""Ardary's callbacks: GET requests with the page's JSON in one parameter."""

import json
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from smsgwd.dialects.ardary import Ardary
from smsgwd.dialects.ardary_events import EVENTS, event_callback, incoming_push, parameter_of
from smsgwd.dialects.dialect import Options
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import State
from smsgwd.model.tenant import DialectSettings, Tenant
from tests.notify.fakes import item

ARDARY = Ardary(Options())
URL = "https://shop.example/cb?shop=1"
ATHENS = Callback("ardary", "Europe/Athens", fields={"user": "user@gmail.com", "parameter": "status"})
AT = 1_579_600_898_211  # 2020-01-21T10:01:38.211Z


def said(push, parameter):
    """The JSON of a callback in the parameter it is expected in."""
    assert (push.method, push.body, push.content_type) == ("GET", b"", "") and push.url.isascii()
    query = parse_qs(urlsplit(push.url).query, strict_parsing=True)
    assert query.pop("shop") == ["1"] and list(query) == [parameter] and len(query[parameter]) == 1
    return json.loads(query[parameter][0])


def receipt(**fields):
    return ARDARY.receipt(item(7, URL, **{"client_ref": "YOUR_ID_SMS", "done_at": 1_565_355_054_211, **fields}), ATHENS)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": State.DELIVERED}, "received"),
        *(({"state": state}, "failed") for state in State if state > State.DELIVERED),
    ],
)
def test_the_pages_status(fields, status):
    assert said(receipt(**fields), "status") == {
        "user": "user@gmail.com",
        "phone_number": "+306912345678",
        "status": status,
        "date_status": "2019-08-09T12:50:54.211Z",
        "id_sms_api": "YOUR_ID_SMS",
    }


def test_sent():
    told = said(receipt(type="message.sent", state=State.SENT, done_at=None, created_at=AT), "status")
    assert (told["status"], told["date_status"]) == ("sent", "2020-01-21T10:01:38.211Z")


def test_the_id_we_made_where_none_was_given():
    assert said(receipt(client_ref=None), "status")["id_sms_api"] == str(1 << 60 | 7)


def test_intermediate_notifications_are_not_told():
    assert receipt(type="message.intermediate", state=State.SENT, done_at=None) is None


def test_incoming():
    push = incoming_push(URL + "#here", "+306912345678", "Hello & α+%", AT, "Europe/Athens")
    assert said(push, "sms") == {
        "title": "incoming sms",
        "from": "+306912345678",
        "message": "Hello & α+%",
        "date": "2020-01-21 12:01:38",
    }


def event(kind, data, zone="Europe/Athens", **fields):
    tenant = Tenant("x", time_zone=zone, **fields)
    return ARDARY.event(kind, json.dumps(data).encode(), event_callback(tenant, kind), URL, AT)


CLICK = {
    "link": "https://www.my-link.com/", "short": "https://s.example/l/x", "code": "x", "to": "306912345678",
    "message_id": "77", "client_ref": "YOUR_ID_SMS", "at": "2019-07-08T12:07:03.000Z", "first": True,
}  # fmt: skip


def test_a_click():
    assert said(event("link.clicked", CLICK), "link") == {
        "title": "clicked link",
        "phonenumber": "+306912345678",
        "link": "https://www.my-link.com/",
        "date": "2019-07-08 15:07:03",
        "id_sms_api": "YOUR_ID_SMS",
    }
    assert said(event("link.clicked", {**CLICK, "client_ref": None}), "link")["id_sms_api"] == "77"


@pytest.mark.parametrize(
    ("direction", "other", "title"),
    [("incoming", "from", "INCOMING CALL"), ("outgoing", "to", "OUTGOING CALL"), ("missed", "from", "MISSED")],
)
def test_calls(direction, other, title):
    data = {"direction": direction, other: "306912345678", "at": "2019-07-04T22:30:00Z", "duration_s": 54_664}
    assert said(event("call", data), "calls") == {
        "TITLE": title,
        "PHONE_NUMBER": "+306912345678",
        "CALL_TIME": "2019-07-05",
        "DURATION": "15:11:04",
    }


@pytest.mark.parametrize(
    ("source", "title"),
    [("mobile", "Call qualification From Mobile"), ("interface", "Call qualification From Interface")],
)
def test_qualifications(source, title):
    data = {"from": "+306912345678", "qualification": "Hello world !", "source": source, "at": "2020-01-21T10:01:38Z"}
    assert said(event("call.qualified", data, "UTC"), "calls") == {
        "title": title,
        "from": "+306912345678",
        "qualification": "Hello world !",
        "date": "2020-01-21 10:01:38",
    }


def test_a_time_that_cannot_be_read_is_the_events_own():
    assert said(event("link.clicked", {**CLICK, "at": "yesterday"}, "UTC"), "link")["date"] == "2020-01-21 10:01:38"
    late = said(event("link.clicked", {**CLICK, "at": "9999-12-31T23:59:59Z"}), "link")
    assert late["date"] == "9999-12-31 23:59:59"


def test_what_this_style_has_no_words_for():
    assert ARDARY.event("something.else", b"{}", ATHENS, URL, AT) is None
    assert "something.else" not in EVENTS


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("link.clicked", b"{"), ("link.clicked", b"{}"), ("call", b'{"direction": "up", "at": ""}'),
        ("call", b'{"direction": "incoming", "to": "306912345678", "at": ""}'), ("call.qualified", b"[]"),
    ],
)  # fmt: skip
def test_data_that_are_none(kind, data):
    with pytest.raises(msgspec.DecodeError):
        ARDARY.event(kind, data, ATHENS, URL, AT)


def test_parameters_of_a_tenants_own():
    tenant = Tenant("x", dialects=DialectSettings(ardary_parameters={"link": "calls", "sms": ""}))
    names = [parameter_of(tenant, name) for name in ("status", "sms", "link", "calls")]
    assert names == ["status", "sms", "calls", "calls"]
    push = ARDARY.event("link.clicked", json.dumps(CLICK).encode(), event_callback(tenant, "link.clicked"), URL, AT)
    assert said(push, "calls")["title"] == "clicked link"
    assert "in%20sms=" in incoming_push(URL, "1", "x", AT, "No/Where", "in sms").url
