"""GET and DELETE of messages, lists with cursors, the balance."""

import pytest

from smsgwd.model.message import HELD, Coding, EventView, Failure, Message, PartView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.queries import page_of
from smsgwd.ports.store import StoreUnavailable
from tests.northbound.fakes import T0, FakeGateway
from tests.northbound.harness import Client, Reply, is_problem


def made(id, **members):
    values = {
        "submission": 100,
        "tenant": "demo",
        "source": "iSMS",
        "dest": "+30 691 2345678",
        "msisdn": "306912345678",
        "body": b"hi",
        "coding": Coding.UCS2,
        "parts": 2,
        "connector": "sim",
        "submitted_at": T0 + id,
        "deadline": T0 + 10**9,
    }
    values.update(members)
    return Message(id=id, **values)


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"state": State.SCHEDULED, "due_at": T0 + 60_000}, ("2023-11-14T22:14:20.000Z", None)),
        ({"state": State.SCHEDULED, "due_at": HELD}, (None, True)),
        ({"state": State.SCHEDULED, "due_at": HELD + T0 + 60_000}, ("2023-11-14T22:14:20.000Z", True)),
        ({"state": State.QUEUED, "due_at": T0 + 60_000}, (None, None)),
    ],
)
def test_what_waits_says_until_when(members, shown):
    gateway = FakeGateway()
    gateway.keep(made(101, **members))
    one = Client(gateway).ask("GET", "/v1/messages/101").json
    [listed] = Client(gateway).ask("GET", "/v1/messages").json["messages"]
    assert (one.get("schedule_at"), one.get("held")) == (listed.get("schedule_at"), listed.get("held")) == shown


def test_a_message_is_shown_whole():
    gateway = FakeGateway()
    gateway.keep(
        made(101, state=State.UNDELIVERED, price=80_000, client_ref="r"),
        sent_at=T0 + 500,
        done_at=T0 + 1500,
        error=Failure("undelivered", "absent subscriber", 0x45),
        events=(
            EventView(T0 + 101, "accepted"),
            EventView(T0 + 500, "sent", connector="sim", smsc_id="A1", latency_ms=12),
            EventView(T0 + 1500, "receipt", "UNDELIV", smpp_status=69),
        ),
        parts=(
            PartView(1, "A1", State.UNDELIVERED, T0 + 500, T0 + 1500, Failure("undelivered"), 12),
            PartView(2, None, State.UNDELIVERED),
        ),
    )
    reply = Client(gateway).ask("GET", "/v1/messages/101")
    assert reply.status == 200
    assert reply.json == {
        "id": "101",
        "submission": "100",
        "to": "+30 691 2345678",
        "from": "iSMS",
        "state": "undelivered",
        "parts": 2,
        "encoding": "ucs2",
        "price": "0.0800",
        "client_ref": "r",
        "submitted_at": "2023-11-14T22:13:20.101Z",
        "sent_at": "2023-11-14T22:13:20.500Z",
        "done_at": "2023-11-14T22:13:21.500Z",
        "error": {"code": "undelivered", "detail": "absent subscriber", "smpp_status": 69},
        "connector": "sim",
        "events": [
            {"at": "2023-11-14T22:13:20.101Z", "type": "accepted"},
            {
                "at": "2023-11-14T22:13:20.500Z",
                "type": "sent",
                "connector": "sim",
                "smsc_id": "A1",
                "latency_ms": 12,
            },
            {"at": "2023-11-14T22:13:21.500Z", "type": "receipt", "detail": "UNDELIV", "smpp_status": 69},
        ],
        "part_details": [
            {
                "part": 1,
                "state": "undelivered",
                "smsc_id": "A1",
                "sent_at": "2023-11-14T22:13:20.500Z",
                "done_at": "2023-11-14T22:13:21.500Z",
                "error": {"code": "undelivered", "detail": ""},
                "latency_ms": 12,
            },
            {"part": 2, "state": "undelivered"},
        ],
    }
    assert reply.headers["cache-control"] == "no-store"
    assert reply.route == "GET /v1/messages/{id}"


def test_an_empty_error_detail_is_still_there():
    gateway = FakeGateway()
    gateway.keep(made(101, state=State.EXPIRED), error=Failure("expired"))
    assert Client(gateway).ask("GET", "/v1/messages/101").json["error"] == {"code": "expired", "detail": ""}


def test_waiting_is_shown_as_queued():
    gateway = FakeGateway()
    gateway.keep(made(101, state=State.WAITING))
    reply = Client(gateway).ask("GET", "/v1/messages/101").json
    assert (reply["state"], reply["sent_at"], reply["done_at"], reply["error"]) == ("queued", None, None, None)


def test_a_submission_shows_its_messages():
    client = Client()
    sent = client.send(to=["+306912345678", "+306912345679"]).json
    reply = client.ask("GET", f"/v1/messages/{sent['id']}").json
    assert reply["id"] == sent["id"]
    assert [one["id"] for one in reply["messages"]] == [one["id"] for one in sent["messages"]]
    assert "events" not in reply["messages"][0]


@pytest.mark.parametrize("any_id", ["7", "9223372036854775807"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_not_there_is_404(method, any_id):
    assert is_problem(Client().ask(method, f"/v1/messages/{any_id}"), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_tenants_message_is_404(method):
    gateway = FakeGateway()
    gateway.keep(made(101))
    client = Client(gateway, token="post-token")
    for any_id in (100, 101):
        assert is_problem(client.ask(method, f"/v1/messages/{any_id}"), 404, "not_found")
    assert client.ask("GET", "/v1/messages").json["messages"] == []


def test_cancel_a_message_and_a_submission():
    client = Client()
    sent = client.send(to=["+306912345678", "+306912345679", "+306912345670"]).json
    one = client.ask("DELETE", f"/v1/messages/{sent['messages'][0]['id']}")
    assert (one.status, one.json["state"]) == (200, "cancelled")
    assert one.json["events"]
    client.gateway.views[int(sent["messages"][1]["id"])].message.state = State.SENT
    rest = client.ask("DELETE", f"/v1/messages/{sent['id']}")
    assert [m["state"] for m in rest.json["messages"]] == ["cancelled", "sent", "cancelled"]
    assert is_problem(client.ask("DELETE", f"/v1/messages/{sent['id']}"), 409, "too_late")


# -- lists


def filled(count=250):
    gateway = FakeGateway()
    states = (State.DELIVERED, State.QUEUED, State.WAITING, State.SENT)
    for n in range(1, count + 1):
        gateway.keep(made(1000 + n, state=states[n % 4], msisdn="306912345678" if n % 2 else "447700900123"))
    return gateway


def test_pages_are_complete_and_stable_while_messages_come():
    gateway = filled()
    client = Client(gateway)
    ids, target, pages = [], "/v1/messages?limit=60", 0
    while True:
        page = client.ask("GET", target).json
        assert len(page["messages"]) <= 60
        ids += [int(one["id"]) for one in page["messages"]]
        pages += 1
        gateway.keep(made(9000 + pages))  # comes in between, is in no later page
        if page["next_cursor"] is None:
            break
        target = f"/v1/messages?limit=60&cursor={page['next_cursor']}"
    assert ids == list(range(1250, 1000, -1))
    assert pages == 5


def test_a_full_last_page_has_no_next_one():
    page = Client(filled(100)).ask("GET", "/v1/messages").json
    assert (len(page["messages"]), page["next_cursor"]) == (100, None)
    page = Client(filled(101)).ask("GET", "/v1/messages").json
    assert len(page["messages"]) == 100
    assert page["next_cursor"] is not None


def test_filters():
    client = Client(filled(40))

    def found(query):
        return [int(one["id"]) - 1000 for one in client.ask("GET", f"/v1/messages?{query}").json["messages"]]

    assert found("state=delivered") == [n for n in range(40, 0, -1) if n % 4 == 0]
    assert found("state=queued") == [n for n in range(40, 0, -1) if n % 4 in (1, 2)]
    assert found("state=sent&state=delivered") == [n for n in range(40, 0, -1) if n % 4 in (0, 3)]
    for number in ("+447700900123", " 447700900123", "447700900123", "00447700900123"):
        assert found(f"to={number}") == list(range(40, 0, -2))
    assert found("from_date=2023-11-14T22:13:21.010Z&to_date=2023-11-14T22:13:21.013Z") == [12, 11, 10]
    assert found("from_date=2023-11-15T00:13:21.038 02:00") == [40, 39, 38]  # a '+' that was not encoded
    assert found("limit=1&to=447700900123") == [40]
    assert client.ask("GET", "/v1/messages").json["messages"][0]["from"] == "iSMS"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=²", "limit"),
        ("limit=1&limit=2", "limit"),
        ("state=waiting", "state"),
        ("state=", "state"),
        ("from_date=yesterday", "from_date"),
        ("from_date=", "from_date"),
        ("to_date=2023-11-14T22:13:21", "offset"),
        ("cursor=", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=AAAAAAAAAAAAAAAA", "cursor"),
        ("cursor=é", "cursor"),
        ("fromdate=2023-11-14T22:13:21Z", "fromdate"),
        ("=", "query parameter"),
    ],
)
def test_wrong_queries_name_the_parameter(query, detail):
    assert is_problem(Client().ask("GET", f"/v1/messages?{query}"), 422, "invalid", detail)


@pytest.mark.parametrize("number", ["", "abc", "9" * 2000, "+425612027803840"])
def test_a_filter_by_what_is_no_phone_number(number):
    reply = Client().ask("GET", f"/v1/messages?to={number}")
    assert is_problem(reply, 422, "invalid_recipient", "to: ")


@pytest.mark.parametrize("value", [0, 1, 1 << 40, (1 << 63) - 1])
def test_cursors_are_what_the_document_says_and_come_back(value):
    import re

    assert re.fullmatch("[A-Za-z0-9_-]{16}", encode_cursor(value))
    assert decode_cursor(encode_cursor(value)) == value


def test_a_query_where_none_is_taken():
    assert is_problem(Client().ask("GET", "/v1/balance?x=1"), 422, "invalid", "'x'")


def test_the_store_being_away():
    gateway = FakeGateway()
    gateway.refuse = StoreUnavailable("closed")
    reply = Client(gateway).ask("GET", "/v1/messages")
    assert is_problem(reply, 503, "store_unavailable")
    assert reply.headers["retry-after"]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/balance"])
def test_a_query_that_cannot_be_read(path):
    client = Client()
    headers = {"authorization": "Bearer demo-token"}
    request = HttpRequest("GET", path, [], headers, b"", "192.0.2.7", "a=%ff", "the query is not UTF-8")
    assert is_problem(Reply(client.api(request)), 400, "malformed", "the query is not UTF-8")


# -- balance


def test_balance():
    assert Client().ask("GET", "/v1/balance").json == {
        "balance": "999.9600", "available": "999.9600", "reserved": "0.0400", "credit_limit": "0.0000",
        "owed": "0.0000", "currency": "EUR",
    }  # fmt: skip
    assert Client(token="post-token").ask("GET", "/v1/balance").json == {
        "balance": None, "available": None, "reserved": "0.0000", "credit_limit": None,
        "owed": "0.0800", "currency": "USD",
    }  # fmt: skip


@pytest.mark.parametrize("number", [1 << 63, (1 << 64) - 1])
def test_a_cursor_of_an_id_that_cannot_be_is_none_of_ours(number):
    with pytest.raises(Refused) as caught:
        decode_cursor(encode_cursor(number))
    assert caught.value.refusal is Refusal.INVALID


def test_as_many_states_as_documented():
    client = Client(FakeGateway())
    assert client.ask("GET", "/v1/messages?" + "&".join(["state=sent"] * 20)).status == 200
    is_problem(client.ask("GET", "/v1/messages?" + "&".join(["state=sent"] * 21)), 422, "invalid")


@pytest.mark.parametrize("written", ["6912345678", "+306912345678", "306912345678", " 306912345678"])
def test_a_number_may_be_asked_for_as_the_tenant_writes_it(written):
    assert page_of({"to": [written]}, "GR").where.msisdn == "306912345678"
