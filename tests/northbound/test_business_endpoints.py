"""Scheduled messages, links and lookups over HTTP."""

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.model.ledger import EntryKind
from smsgwd.model.links import Link, LinkView
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.message import HELD, State
from smsgwd.model.tenant import Tenant
from tests.app.made import message, view
from tests.northbound.business import NOW_MS, BusinessClient
from tests.northbound.harness import is_problem

DEMO = Tenant("demo", credit=0, time_zone="Europe/Athens", lookup_price=5_000)
HOUR = 3_600_000


def client(*sources):
    return BusinessClient(DEMO, *sources)


def keep(made, number, **fields):
    values = {"submission": 100, "state": State.SCHEDULED, "due_at": NOW_MS + HOUR, "deadline": NOW_MS + 3 * HOUR}
    made.store.views[number] = view(message(number, **{**values, **fields}))
    return made.store.views[number].message


# -- scheduled


def test_what_waits_is_listed_newest_first():
    made = client()
    keep(made, 101)
    keep(made, 102, state=State.QUEUED)
    keep(made, 103, due_at=HELD, client_ref="x")
    keep(made, 104, tenant="other")
    found = made.ask("GET", "/v1/scheduled").json
    assert [each["id"] for each in found["messages"]] == ["103", "101"] and found["next_cursor"] is None
    held, waiting = found["messages"]
    assert (held["held"], held["schedule_at"], held["client_ref"]) == (True, None, "x")
    assert waiting == {
        "id": "101",
        "submission": "100",
        "to": "+306912345678",
        "from": "Shop",
        "schedule_at": "2027-01-15T09:00:00.000Z",
        "held": False,
        "expires_at": "2027-01-15T11:00:00.000Z",
        "parts": 1,
        "price": "0.0000",
        "client_ref": None,
        "submitted_at": "2027-01-15T08:00:00.000Z",
    }


def test_what_is_held_has_its_own_time_still():
    made = client()
    keep(made, 101, due_at=HELD + NOW_MS + HOUR)
    [held] = made.ask("GET", "/v1/scheduled").json["messages"]
    assert (held["held"], held["schedule_at"]) == (True, "2027-01-15T09:00:00.000Z")


def test_scheduled_messages_come_in_pages():
    made = client()
    for number in range(101, 106):
        keep(made, number)
    first = made.ask("GET", "/v1/scheduled?limit=3").json
    rest = made.ask("GET", f"/v1/scheduled?limit=3&cursor={first['next_cursor']}").json
    assert [each["id"] for each in first["messages"] + rest["messages"]] == ["105", "104", "103", "102", "101"]
    assert rest["next_cursor"] is None


def test_another_time_keeps_the_length_of_the_validity():
    made = client()
    kept = keep(made, 101)
    reply = made.ask("PATCH", "/v1/messages/101", {"schedule_at": "2027-01-16T10:00:00+02:00"})
    assert (reply.status, reply.json["state"]) == (200, "scheduled")
    assert kept.due_at == NOW_MS + 24 * HOUR and kept.deadline == kept.due_at + 2 * HOUR
    assert made.woken == [kept.due_at]


def test_a_phrase_is_read_in_the_tenants_zone():
    made = client()
    kept = keep(made, 101)
    assert made.ask("PATCH", "/v1/messages/101", {"schedule_at": "tomorrow 9:00", "validity_s": 3600}).status == 200
    assert kept.due_at == NOW_MS + 23 * HOUR and kept.deadline == kept.due_at + HOUR


def test_now():
    made = client()
    kept = keep(made, 101)
    assert made.ask("PATCH", "/v1/messages/101", {"schedule_at": None}).status == 200
    assert kept.due_at == NOW_MS and kept.deadline == NOW_MS + 2 * HOUR and made.woken == [NOW_MS]


def test_a_submission_moves_what_waits_of_it():
    made = client()
    first, sent, held = keep(made, 101), keep(made, 102, state=State.SENT), keep(made, 103, due_at=HELD)
    reply = made.ask("PATCH", "/v1/messages/100", {"schedule_at": "2027-01-16T08:00:00Z"})
    assert [each["id"] for each in reply.json["messages"]] == ["101", "102", "103"]
    assert (first.due_at, sent.due_at, held.due_at) == (NOW_MS + 24 * HOUR, NOW_MS + HOUR, HELD)


@pytest.mark.parametrize(
    ("fields", "body", "status", "code"),
    [
        ({"state": State.SENT}, {"schedule_at": None}, 409, "too_late"),
        ({"state": State.CANCELLED}, {"schedule_at": None}, 409, "too_late"),
        ({"due_at": HELD}, {"schedule_at": None}, 409, "too_late"),
        ({"tenant": "other"}, {"schedule_at": None}, 404, "not_found"),
        ({}, {"schedule_at": "2027-01-15T07:00:00Z"}, 422, "invalid_schedule"),
        ({}, {"schedule_at": "2037-01-15T07:00:00Z"}, 422, "invalid_schedule"),
        ({}, {"schedule_at": "when pigs fly"}, 422, "invalid_schedule"),
        ({}, {"schedule_at": None, "validity_s": 59}, 422, "invalid"),
        ({}, {"schedule_at": 5}, 422, "invalid"),
        ({}, {}, 422, "invalid"),
        ({}, {"schedule_at": None, "text": "x"}, 422, "invalid"),
        ({}, b"{", 400, "malformed"),
    ],
)
def test_what_cannot_be_moved(fields, body, status, code):
    made = client()
    kept = keep(made, 101, **fields)
    before = kept.due_at
    assert is_problem(made.ask("PATCH", "/v1/messages/101", body), status, code)
    assert kept.due_at == before and made.woken == []


def test_moving_while_nothing_can_be_stored():
    made = client()
    keep(made, 101)
    made.store.broken = True
    assert is_problem(made.ask("PATCH", "/v1/messages/101", {"schedule_at": None}), 503, "store_unavailable")


# -- links


def add_link(made, code, message_id, tenant="demo", **counts):
    link = Link(code, tenant, message_id, "306912345678", "https://shop.example/", NOW_MS, NOW_MS + HOUR, "ref")
    made.store.link_views[code] = LinkView(link, *(counts.get(n) for n in ("clicks", "bots", "first_at", "last_at")))


def test_links_with_their_counts():
    made = client()
    add_link(made, "AAAAAAAAA1", 1, clicks=2, bots=5, first_at=NOW_MS, last_at=NOW_MS + 5)
    for number in (2, 3):
        add_link(made, f"AAAAAAAAA{number}", number, clicks=0, bots=0)
    add_link(made, "AAAAAAAAA9", 9, tenant="other", clicks=0, bots=0)
    page = made.ask("GET", "/v1/links?limit=2").json
    assert [each["message_id"] for each in page["links"]] == ["3", "2"]
    rest = made.ask("GET", f"/v1/links?cursor={page['next_cursor']}").json
    assert rest["next_cursor"] is None
    assert rest["links"] == [made.ask("GET", "/v1/links/AAAAAAAAA1").json]
    assert made.ask("GET", "/v1/links?message=1").json["links"] == rest["links"]
    assert rest["links"][0] == {
        "code": "AAAAAAAAA1",
        "short": "https://go.example.net/AAAAAAAAA1",
        "link": "https://shop.example/",
        "message_id": "1",
        "to": "306912345678",
        "client_ref": "ref",
        "clicks": 2,
        "bots": 5,
        "first_at": "2027-01-15T08:00:00.000Z",
        "last_at": "2027-01-15T08:00:00.005Z",
        "made_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-15T09:00:00.000Z",
    }


@pytest.mark.parametrize("code", ["AAAAAAAAA9", "BBBBBBBBBB", "short", "a%20b"])
def test_links_of_others_and_none(code):
    made = client()
    add_link(made, "AAAAAAAAA9", 9, tenant="other", clicks=0, bots=0)
    assert is_problem(made.ask("GET", f"/v1/links/{code}"), 404, "no_such")


@pytest.mark.parametrize("query", ["message=x", "message=99999999999999999999", "cursor=1", "limit=1001"])
def test_bad_queries_of_links(query):
    assert is_problem(client().ask("GET", f"/v1/links?{query}"), 422, "invalid")


# -- lookups


class Source:
    name = "hlr"

    def __init__(self, answer):
        self.answer = answer

    def lookup(self, msisdn):
        return self.answer if isinstance(self.answer, Deferred) else succeed(self.answer)


FOUND = LookupFacts(LookupState.DELIVERED, "GR", "Cosmote", "202", "01", "20201123", "3069", ported=True, source="hlr")


def test_lookups_are_taken_and_found():
    answer = Deferred()
    made = client(Source(answer))
    made.store.enter("demo", 0, EntryKind.TOPUP, 1_000_000)
    reply = made.ask("POST", "/v1/lookups", {"to": ["+306971234567", "12"]})
    assert reply.status == 202
    request = reply.json["id"]
    assert [(each["to"], each["state"], each["price"]) for each in reply.json["lookups"]] == [
        ("+306971234567", "Pending", "0.0050"), ("12", "Failed", "0.0000"),
    ]  # fmt: skip
    answer.callback(FOUND)
    found, failed = made.ask("GET", f"/v1/lookups/{request}").json["lookups"]
    assert found == {
        "id": reply.json["lookups"][0]["id"],
        "to": "+306971234567",
        "state": "Delivered",
        "country": "GR",
        "operator": "Cosmote",
        "mcc": "202",
        "mnc": "01",
        "imsi": "20201123",
        "msc": "3069",
        "ported": True,
        "error": None,
        "source": "hlr",
        "price": "0.0050",
        "asked_at": "2027-01-15T08:00:00.000Z",
        "done_at": "2027-01-15T08:00:00.000Z",
    }
    assert failed["error"] == "invalid_recipient" and failed["country"] is None
    one = made.ask("GET", f"/v1/lookups/{found['id']}").json
    assert one == {"id": request, "lookups": [found]}


def test_one_number_may_stand_alone():
    made = client(Source(FOUND))
    made.store.enter("demo", 0, EntryKind.TOPUP, 1_000_000)
    assert len(made.ask("POST", "/v1/lookups", {"to": "+306971234567"}).json["lookups"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": []}, 422, "invalid"),
        ({"to": ["+306971234567"] * 1001}, 422, "invalid"),
        ({"to": 5}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"to": "+306971234567", "from": "x"}, 422, "invalid"),
        ({"to": "nonsense"}, 422, "invalid_recipient"),
        ({"to": "+306971234567"}, 422, "no_credit"),
        (b"", 400, "malformed"),
    ],
)
def test_lookups_that_are_refused(body, status, code):
    assert is_problem(client(Source(FOUND)).ask("POST", "/v1/lookups", body), status, code)


def test_no_such_lookup():
    assert is_problem(client().ask("GET", "/v1/lookups/5"), 404, "no_such")
