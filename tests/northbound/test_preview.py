"""What would become of a message: as it is told, without anything being sent."""

import pytest
from twisted.internet.defer import succeed

from smsgwd.model.records import CONTACT, GROUP, MEMBER, TEMPLATE
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential
from tests.northbound.fakes import FakeGateway
from tests.northbound.harness import Client, is_problem


def preview(client, **members):
    reply = client.ask("POST", "/v1/preview", {"from": "iSMS", **members})
    assert reply.status == 200, reply.json
    return reply.json


def test_one_recipient():
    client = Client()
    found = preview(client, to="+30 691 234 5678", text="hello")
    assert found == {
        "text": {
            "text": "hello",
            "encoding": "gsm",
            "parts": 1,
            "characters": 5,
            "units": 5,
            "last_part": 5,
            "left": 155,
            "part_size": 160,
            "outside_gsm": [],
        },
        "messages": [
            {
                "to": "+30 691 234 5678",
                "number": "306912345678",
                "country": "GR",
                "from": "iSMS",
                "state": "queued",
                "schedule_at": None,
                "parts": 1,
                "encoding": "gsm",
                "price": "0.0400",
                "error": None,
            }
        ],
        "accepted": 1,
        "parts": 1,
        "price": "0.0400",
        "currency": "EUR",
        "available": "999.9600",
        "available_after": "999.9200",
    }


def test_it_is_a_rehearsal_and_nothing_else():
    client = Client()
    preview(client, to=["+306912345678", "+306912345679"], text="hello")
    [asked] = client.gateway.submissions
    assert (asked.dry, asked.rehearsed, asked.idempotency) == (True, True, None)
    assert client.gateway.views == {}


def test_recipients_are_told_one_by_one():
    found = preview(Client(), to=["+306912345678", "12", "+306912340000"], text="hello")
    assert [each["error"] and each["error"]["code"] for each in found["messages"]] == [
        None,
        "invalid_recipient",
        "no_route",
    ]
    assert [each["country"] for each in found["messages"]] == ["GR", None, "GR"]
    assert (found["accepted"], found["parts"], found["price"]) == (1, 1, "0.0400")


def test_where_all_are_refused_it_is_an_answer_all_the_same():
    found = preview(Client(), to="+306912340000", text="hello")
    assert (found["accepted"], found["price"], found["text"]["left"]) == (0, "0.0000", 155)
    assert found["messages"][0]["state"] is None


def test_without_recipients_the_text_alone_is_told():
    client = Client()
    found = preview(client, text="it’s “new”")
    assert found["messages"] == [] and client.gateway.submissions == []
    assert (found["text"]["encoding"], found["text"]["left"]) == ("ucs2", 60)
    assert found["text"]["outside_gsm"] == [
        {"character": "’", "count": 1},
        {"character": "“", "count": 1},
        {"character": "”", "count": 1},
    ]
    assert found["available"] == found["available_after"] == "999.9600"


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"text": "я", "coding": "gsm"}, 422, "invalid_text"),
        ({"text": "a" * 40_000}, 422, "too_many_parts"),
        ({"text": "xy", "coding": "binary"}, 422, "invalid_text"),
        ({"text": "hello", "schedule_at": "whenever"}, 422, "invalid_schedule"),
        ({}, 422, "invalid"),
        ({"text": "hello", "template": "both"}, 422, "invalid"),
        ({"text": "hello", "to_group": "none"}, 422, "group_not_found"),
        ({"template": "none"}, 422, "template_not_found"),
        ({"text": "hello", "unknown": 1}, 422, "invalid"),
        ({"text": "hello", "to": ["+306912345678"] * 1001}, 422, "invalid"),
    ],
)
def test_what_refuses_the_whole_request(members, status, code):
    assert is_problem(Client().ask("POST", "/v1/preview", {"from": "iSMS", **members}), status, code)


def test_what_no_recipient_can_get_has_no_text():
    found = preview(Client(), to="+306912345678", text="я", coding="gsm")
    assert found["text"] is None


def test_octets_are_told_as_they_were_written():
    found = preview(Client(), to="+306912345678", text="00FF10", coding="binary")
    assert (found["text"]["text"], found["text"]["encoding"], found["text"]["left"]) == ("00ff10", "binary", 137)
    assert "text" not in found["messages"][0]


def book(client):
    put = client.records.put
    put(TEMPLATE, "demo", "hi", b'{"name": "hi", "text": "Dear {first_name}, code {code}"}')
    put(GROUP, "demo", "friends", b'{"name": "friends"}')
    for number, name in (("306912345678", "Anna"), ("306912345679", "Björk")):
        put(CONTACT, "demo", number, f'{{"number": "+{number}", "first_name": "{name}"}}'.encode())
        put(MEMBER, "demo", f"friends/{number}", b"{}")


def test_a_template_is_filled_for_each_member():
    client = Client()
    book(client)
    found = preview(client, to_group="friends", template="hi", values={"code": "7"})
    assert found["text"]["text"] == "Dear Anna, code 7"
    assert [each.get("text") for each in found["messages"]] == [None, "Dear Björk, code 7"]
    assert found["price"] == "0.0800"


def test_a_template_without_recipients_is_filled_as_for_a_stranger():
    client = Client()
    book(client)
    assert preview(client, template="hi", values={"code": "7"})["text"]["text"] == "Dear , code 7"


def test_an_answer_is_not_much_larger_than_its_request():
    client = Client()
    book(client)
    to = ["+306912345679", *(f"+3069123{n:05d}" for n in range(1, 151)), "+306912345678"]
    found = preview(client, to=to, template="hi", values={"code": "7"})
    assert [place for place, each in enumerate(found["messages"]) if "text" in each] == list(range(1, 100))


def test_without_a_limit_there_is_nothing_to_be_left():
    found = preview(Client(token="post-token"), to="+306912345678", text="hello")
    assert (found["currency"], found["available"], found["available_after"]) == ("USD", None, None)


def test_one_whose_money_nobody_knows():
    gateway = FakeGateway()
    gateway.funds = lambda tenant: succeed(None)
    assert preview(Client(gateway), to="+306912345678", text="hello")["available"] is None


def test_what_cannot_be_asked_now_is_said():
    gateway = FakeGateway()
    gateway.refuse = Refused(Refusal.STORE_UNAVAILABLE)
    assert is_problem(
        Client(gateway).ask("POST", "/v1/preview", {"to": "+306912345678", "text": "x"}), 503, "store_unavailable"
    )


def test_a_tenant_has_a_rate():
    clock = [0.0]
    client = Client(monotonic=lambda: clock[0])
    for _ in range(40):
        preview(client, text="hello")
    refused = client.ask("POST", "/v1/preview", {"text": "hello"})
    assert is_problem(refused, 429, "over_rate") and refused.headers["retry-after"] == "1"
    clock[0] += 0.1
    preview(client, text="hello")
    preview(client, text="hello")
    assert client.ask("POST", "/v1/preview", {"text": "hello"}).status == 429


def test_many_recipients_count_as_several():
    clock = [0.0]
    client = Client(monotonic=lambda: clock[0])
    for _ in range(4):
        preview(client, to=["+306912345678"] * 1000, text="hello")
    assert client.ask("POST", "/v1/preview", {"text": "hello"}).status == 429


def test_what_is_refused_counts_too():
    client = Client(monotonic=lambda: 0.0)
    said = [client.ask("POST", "/v1/preview", {"text": "hello", "to_group": "none"}).status for _ in range(41)]
    assert said == [422] * 40 + [429]


def test_what_is_left_is_told_to_who_may_see_money():
    client = Client()
    client.gateway.asks_with = Credential("token", "0" * 64, scopes=("send",))
    found = preview(client, to="+306912345678", text="hello")
    assert (found["price"], found["available"], found["available_after"]) == ("0.0400", None, None)
    client.gateway.asks_with = Credential("token", "0" * 64, scopes=("send", "money"))
    assert preview(client, to="+306912345678", text="hello")["available"] == "999.9600"
