"""A tenant sees what it was pushed, and has it pushed again."""

import msgspec
import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.operators import Repush, Repushed
from smsgwd.ports.looking import MessageTrace, PushView
from tests.northbound.fakes import T0
from tests.northbound.harness import is_problem
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)
URL = "https://shop.example/dlr"


def push(number, tenant="demo", status="done", **fields):
    row = PushView(
        id=number,
        message_id=1000 + number,
        tenant=tenant,
        target=f"{tenant} https://shop.example",
        url=URL,
        type="message.delivered",
        status=status,
        attempts=0,
        created_at=T0,
        due_at=T0 + 5000,
        done_at=None if status == "pending" else T0 + 9000,
        last_error="",
    )
    return msgspec.structs.replace(row, **fields)


@pytest.fixture
def client(at_once):
    client = OwnClient()
    client.own.pushes.views = [
        push(7),
        push(6, status="pending", attempts=2, last_error="status 500"),
        push(5, tenant="other"),
        push(4, status="given_up", last_error="410 gone", message_id=0, type="call"),
        push(3, target="@till", url=""),
    ]
    return client


def ids(reply):
    return [each["id"] for each in reply.json["pushes"]]


def test_newest_first_and_only_the_tenants_own(client):
    found = client.ask("GET", "/v1/pushes")
    assert ids(found) == ["7", "6", "4", "3"]
    assert found.json["next_cursor"] is None
    done, pending, failed, esme = found.json["pushes"]
    assert done == {
        "id": "7",
        "message_id": "1007",
        "type": "message.delivered",
        "target": "https://shop.example",
        "url": URL,
        "state": "done",
        "attempts": 0,
        "error": None,
        "created_at": "2023-11-14T22:13:20.000Z",
        "next_at": None,
        "done_at": "2023-11-14T22:13:29.000Z",
    }
    assert (pending["state"], pending["attempts"], pending["error"]) == ("pending", 2, "status 500")
    assert (pending["next_at"], pending["done_at"]) == ("2023-11-14T22:13:25.000Z", None)
    assert (failed["state"], failed["message_id"], failed["type"]) == ("failed", None, "call")
    assert (esme["target"], esme["url"]) == ("@till", None)


def test_by_state_and_in_pages(client):
    assert ids(client.ask("GET", "/v1/pushes?state=failed")) == ["4"]
    assert ids(client.ask("GET", "/v1/pushes?state=pending")) == ["6"]
    first = client.ask("GET", "/v1/pushes?limit=3")
    assert ids(first) == ["7", "6", "4"]
    second = client.ask("GET", f"/v1/pushes?limit=3&cursor={first.json['next_cursor']}")
    assert (ids(second), second.json["next_cursor"]) == (["3"], None)


def test_where_a_call_of_the_store_looks_at_little_some_calls_are_made(client):
    client.own.pushes.most = 1
    found = client.ask("GET", "/v1/pushes?state=failed")
    assert client.own.pushes.asked == 5
    cursor = found.json["next_cursor"]
    assert ids(found) == ["4"]
    assert cursor is not None
    assert client.ask("GET", f"/v1/pushes?cursor={cursor}").json == {"pushes": [], "next_cursor": None}


def test_of_one_message_of_the_tenants(client):
    sent = client.send()
    message_id = int(sent.json["messages"][0]["id"])
    view = client.gateway.views[message_id]
    views = (push(3, message_id=message_id), push(7, status="pending", message_id=message_id))
    client.own.pushes.traces[message_id] = MessageTrace(view, views)
    assert ids(client.ask("GET", f"/v1/pushes?message={message_id}")) == ["7", "3"]
    assert ids(client.ask("GET", f"/v1/pushes?message={message_id}&state=done")) == ["3"]
    page = client.ask("GET", f"/v1/pushes?message={message_id}&limit=1")
    assert ids(page) == ["7"]
    assert ids(client.ask("GET", f"/v1/pushes?message={message_id}&cursor={page.json['next_cursor']}")) == ["3"]
    foreign = msgspec.structs.replace(view, message=msgspec.structs.replace(view.message, tenant="other"))
    client.own.pushes.traces[message_id] = MessageTrace(foreign, views)
    assert ids(client.ask("GET", f"/v1/pushes?message={message_id}")) == []
    assert ids(client.ask("GET", "/v1/pushes?message=12")) == []


@pytest.mark.parametrize(
    "query", ["state=given_up", "message=x", "message=99999999999999999999", "cursor=x", "limit=0"]
)
def test_what_cannot_be_asked(client, query):
    assert is_problem(client.ask("GET", f"/v1/pushes?{query}"), 422, "invalid", query.partition("=")[0])


def test_again_by_ids_and_messages_of_this_tenant_alone(client):
    now = client.own.clock.now_ms()
    client.own.pushes.answers = [Repushed(2, ("demo https://shop.example", "@till"))]
    found = client.ask("POST", "/v1/pushes/repush", {"ids": ["7", "3"]})
    assert (found.status, found.json) == (200, {"pushed": 2})
    assert client.own.looked == ["demo https://shop.example", "@till"]
    client.ask("POST", "/v1/pushes/repush", {"messages": ["1007"]})
    assert client.own.pushes.changes == [
        Repush(now, tenant="demo", push_ids=(7, 3)),
        Repush(now, (1007,), tenant="demo"),
    ]


def test_again_by_a_span_of_time_in_steps(client):
    now = client.own.clock.now_ms()
    client.own.pushes.answers = [Repushed(1000, ("a",), 50, True), Repushed(3, ("b",), 60)]
    body = {"from": "2027-01-14T08:00:00Z", "to": "2027-01-15T08:00:00Z"}
    assert client.ask("POST", "/v1/pushes/repush", body).json == {"pushed": 1003}
    day = 86_400_000
    span = Repush(now, tenant="demo", from_ms=now - day, to_ms=now)
    assert client.own.pushes.changes == [span, msgspec.structs.replace(span, after=50)]
    assert client.own.looked == ["a", "b"]
    client.ask("POST", "/v1/pushes/repush", {"from": "2027-01-15T07:00:00Z"})
    assert client.own.pushes.changes[-1].to_ms == now + 1


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "one of ids"),
        ({"ids": ["1"], "messages": ["1"]}, "one of ids"),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids"),
        ({"ids": [1]}, "ids"),
        ({"to": "2027-01-15T08:00:00Z"}, "one of ids"),
        ({"ids": ["1"], "to": "2027-01-15T08:00:00Z"}, "to: it goes with from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-01-09T00:00:00Z"}, "7 days"),
        ({"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, "7 days"),
        ({"ids": ["1"], "tenant": "other"}, "tenant"),
    ],
)
def test_what_cannot_be_pushed_again(client, body, detail):
    assert is_problem(client.ask("POST", "/v1/pushes/repush", body), 422, "invalid", detail)
    assert client.own.pushes.changes == []


def test_not_too_often(client):
    answers = [client.ask("POST", "/v1/pushes/repush", {"ids": ["7"]}) for _ in range(7)]
    assert [each.status for each in answers] == [200] * 6 + [429]


def test_one_span_of_time_at_once(client):
    steps = []

    def commit(changes):
        steps.append(Deferred())
        return steps[-1]

    client.own.pushes.commit = commit
    body = {"from": "2027-01-14T08:00:00Z"}
    first = client.ask("POST", "/v1/pushes/repush", body)
    assert is_problem(client.ask("POST", "/v1/pushes/repush", body), 429, "over_rate", "another span")
    client.ask("POST", "/v1/pushes/repush", {"ids": ["7"]})
    assert len(steps) == 2
    answered = []
    first.addCallback(answered.append)
    steps[0].callback([Repushed(1, ())])
    assert answered[0].status == 200
    client.ask("POST", "/v1/pushes/repush", body)
    assert len(steps) == 3
