"""Messages as a file: the same filters, bounded, harmless to whoever opens it."""

import csv
import io

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.message import Coding, Failure, State
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.cursor import decode_cursor
from smsgwd.northbound.history_csv import COLUMNS, MOST_ROWS, HistoryFiles
from smsgwd.ports.store import MessageFilter, StoreUnavailable
from tests.app.fakes import now
from tests.northbound.fakes import T0, FakeGateway
from tests.northbound.harness import Client, Reply, is_problem
from tests.northbound.test_queries import made

DEMO = Tenant("demo")


def rows(reply):
    return list(csv.DictReader(io.StringIO(reply.body.decode("utf-8"), newline="")))


def test_a_file_says_what_the_list_says():
    gateway = FakeGateway()
    gateway.keep(made(101, state=State.QUEUED))
    gateway.keep(
        made(102, state=State.UNDELIVERED, price=80_000, client_ref="order 7"),
        sent_at=T0 + 500,
        done_at=T0 + 1500,
        error=Failure("undelivered", "absent subscriber", 0x45),
    )
    reply = Client(gateway).ask("GET", "/v1/messages?format=csv")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert reply.headers["content-disposition"] == 'attachment; filename="messages.csv"'
    assert "next-cursor" not in reply.headers
    assert reply.body.split(b"\r\n", 1)[0].decode() == ",".join(COLUMNS)
    first, second = rows(reply)
    assert first == {
        "id": "102",
        "submission": "100",
        "to": "+306912345678",
        "from": "iSMS",
        "state": "undelivered",
        "parts": "2",
        "encoding": "ucs2",
        "price": "0.0800",
        "currency": "EUR",
        "submitted_at": "2023-11-14T22:13:20.102Z",
        "sent_at": "2023-11-14T22:13:20.500Z",
        "done_at": "2023-11-14T22:13:21.500Z",
        "error": "undelivered",
        "error_detail": "absent subscriber",
        "client_ref": "order 7",
    }
    assert (second["state"], second["sent_at"], second["error"]) == ("queued", "", "")


def test_the_filters_are_those_of_the_list():
    gateway = FakeGateway()
    for number in range(101, 106):
        gateway.keep(made(number, state=State.SENT if number % 2 else State.DELIVERED))
    reply = Client(gateway).ask("GET", "/v1/messages?format=csv&state=sent&to=306912345678")
    assert [row["id"] for row in rows(reply)] == ["105", "103", "101"]
    gateway.keep(made(110, tenant="other"))
    assert "110" not in [row["id"] for row in rows(Client(gateway).ask("GET", "/v1/messages?format=csv"))]


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-2", "@SUM", "\t=1", " =1"])
def test_no_cell_is_a_formula(cell):
    gateway = FakeGateway()
    gateway.keep(made(101, source=cell, client_ref=cell, dest="+1-2-3"), error=Failure("rejected", cell))
    [row] = rows(Client(gateway).ask("GET", "/v1/messages?format=csv"))
    assert [row["from"], row["client_ref"], row["error_detail"]] == [f"'{cell}"] * 3
    assert row["to"] == "+306912345678"


def test_more_than_a_file_holds_goes_on_in_the_next():
    gateway = FakeGateway()
    for number in range(101, 1302):
        gateway.keep(made(number, coding=Coding.GSM7))
    files = HistoryFiles(gateway, most_rows=600)
    before, found = None, []
    for count in (600, 600, 1):
        reply = Reply(now(Deferred.fromCoroutine(files.csv(DEMO, MessageFilter(), before))))
        page = [int(row["id"]) for row in rows(reply)]
        assert len(page) == count
        found += page
        cursor = reply.headers.get("next-cursor")
        before = None if cursor is None else decode_cursor(cursor)
    assert before is None
    assert found == list(range(1301, 100, -1))
    assert max(limit for _, _, limit in gateway.pages) == 501  # it reads in small steps
    assert MOST_ROWS == 50_000


def test_one_that_ends_with_the_last_row_has_no_next():
    gateway = FakeGateway()
    for number in range(101, 104):
        gateway.keep(made(number))
    reply = Reply(now(Deferred.fromCoroutine(HistoryFiles(gateway, 3).csv(DEMO, MessageFilter(), None))))
    assert len(rows(reply)) == 3 and "next-cursor" not in reply.headers


def test_one_at_a_time_of_each_account():
    gateway = FakeGateway()
    answers = []
    gateway.messages = lambda *asked: answers.append(Deferred()) or answers[-1]
    client, other = Client(gateway), Client(gateway, token="post-token")
    first = client.ask("GET", "/v1/messages?format=csv")
    assert is_problem(client.ask("GET", "/v1/messages?format=csv"), 429, "over_rate")
    second = other.ask("GET", "/v1/messages?format=csv")
    answers[0].callback([])
    answers[1].errback(StoreUnavailable())
    assert now(first).status == 200
    assert now(second).status == 503
    answers.clear()
    assert isinstance(client.ask("GET", "/v1/messages?format=csv"), Deferred)  # neither keeps the next one out
    assert isinstance(other.ask("GET", "/v1/messages?format=csv"), Deferred)


@pytest.mark.parametrize("query", ["format=xml", "format=csv&limit=5", "format=csv&cursor=AAAAAAAAAAAAAAAA"])
def test_what_makes_no_file(query):
    assert is_problem(Client().ask("GET", f"/v1/messages?{query}"), 422, "invalid")
