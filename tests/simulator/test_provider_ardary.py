"""The simulated Ardary: each example and each error of its page."""

import json

import pytest

from smsgwd.simulator.provider_ardary import ERRORS
from tests.simulator.provider_calls import HOOK, Bench

HEADER = {"accesskey": "token", "login": "user", "sender_name": "ArdarySMS", "sender_mode": "1", "priority": 1,
          "mode": "prod"}  # fmt: skip
MESSAGE = {"id_sms_api": "09403292039020", "phone_number": "+306912345678", "message": "Hi [Link].",
           "url": "https://www.my-link.com"}  # fmt: skip
CONTACT = {"phone_number": "+306912345678", "first_name": "Doe", "last_name": "Joe", "adress": "contact adress",
           "email": "contact_email@gmail.com"}  # fmt: skip


def send(bench, *messages, **header):
    return bench.json("/api/sendSms", {"header": [HEADER | header], "messages": list(messages or (MESSAGE,))})


def entries(bench, *messages, **header):
    status, said = send(bench, *messages, **header)
    assert status == 200
    return said["data"]["sms"]


def contacts(bench, *found, **header):
    login = {"login": "user", "password": "password", "api": True}
    return bench.json("/api/contact", {"header": [login | header], "contacts": list(found or (CONTACT,))})


def test_the_example_of_the_page():
    bench = Bench("ardary")
    other = {"id_sms_api": "109O3238932832", "phonenumber": "+306912345679", "message": "Dear customer"}
    assert entries(bench, MESSAGE, other, date_to_send="2020-01-02 13:34:00") == [
        {"id_sms_api": "09403292039020", "phone_number": "+306912345678", "result": "success"},
        {"id_sms_api": "109O3238932832", "phone_number": "+306912345679", "result": "success"},
    ]
    assert [row["own_id"] for row in bench.sim.messages()] == ["09403292039020", "109O3238932832"]
    assert bench.json("/api/sendSmsSolo", {"header": HEADER, "messages": [MESSAGE | {"id_sms_api": "3"}]})[0] == 200


def test_an_id_is_made_where_none_is_given_and_a_test_sends_nothing():
    bench = Bench("ardary")
    (entry,) = entries(bench, {"phone_number": "+306912345678", "message": "x"})
    assert entry["id_sms_api"].isdigit() and bench.sim.messages()[0]["id"] == entry["id_sms_api"]
    assert entries(bench, mode="test")[0]["result"] == "success" and len(bench.sim.messages()) == 1


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        ("#001", {"phone_number": "0691234"}),
        ("#001", {"phone_number": 306912345678}),
        ("#002", {"phone_number": ""}),
        ("#003", {"phone_number": None}),
        ("#005", {"message": ""}),
        ("#006", {"id_sms_api": "taken"}),
        ("#007", {"date_to_send": "tomorrow"}),
        ("#008", {"url": "ftp://x"}),
    ],
)
def test_errors_of_an_entry(error, changes):
    bench = Bench("ardary")
    entries(bench, MESSAGE | {"id_sms_api": "taken"})
    bad, good = entries(bench, MESSAGE | changes, MESSAGE | {"id_sms_api": "other"})
    assert (bad["result"], bad["errors"], good["result"]) == ("failed", [error], "success")
    assert len(bench.sim.messages()) == 2 and bench.sim.stats()["errors"] == {error: 1}


def test_the_same_id_twice_in_a_request_and_a_bad_sender():
    bench = Bench("ardary")
    assert [entry.get("errors") for entry in entries(bench, MESSAGE, MESSAGE)] == [None, ["#006"]]
    assert entries(bench, MESSAGE | {"id_sms_api": "2"}, sender_name="twelve chars")[0]["errors"] == ["#009"]


@pytest.mark.parametrize(
    ("status", "error", "header"),
    [
        (401, "#100", {"accesskey": "other"}),
        (401, "#100", {"login": "other"}),
        (400, "#101", {"mode": "prob"}),
        (400, "#101", {"priority": 3}),
    ],
)
def test_errors_of_a_request(status, error, header):
    bench = Bench("ardary")
    assert send(bench, **header) == (status, {"data": {"result": "failed", "errors": [error]}})
    assert bench.sim.messages() == []


def test_what_is_no_request():
    bench = Bench("ardary")
    for said in ([], {"header": [], "messages": [MESSAGE]}, {"header": HEADER}, {"header": HEADER, "messages": [7]}):
        assert bench.json("/api/sendSms", said)[0] == 400
    bench.sim.set(credits=0)
    assert send(bench) == (402, {"data": {"result": "failed", "errors": ["#102"]}})


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_can_be_asked_for(name):
    bench = Bench("ardary")
    bench.sim.script([{"error": name}])
    status, said = send(bench)
    assert status == ERRORS[name].status and name in json.dumps(said)
    if name < "#100":
        assert said["data"]["sms"][0]["id_sms_api"] == MESSAGE["id_sms_api"]
    assert entries(bench)[0]["result"] == "success"


def test_contacts():
    bench = Bench("ardary")
    found = contacts(bench, CONTACT, CONTACT | {"phone_number": "x"}, {"first_name": "Doe"}, CONTACT | {"email": "x"},
                     {"phonenumber": ""})  # fmt: skip
    assert found[0] == 200
    rows = found[1]["data"]["contact"]
    assert rows[0] == CONTACT | {"result": "success"}
    assert [row.get("errors") for row in rows] == [None, ["#001"], ["#003"], ["#004"], ["#002"]]
    assert contacts(bench, password="other")[0] == 401 and contacts(bench, api="TRUE")[0] == 400


def test_status_callbacks():
    bench = Bench("ardary", final_after_ms=1000, callback_url=HOOK, numbers={"9": "failed"})
    entries(bench, MESSAGE, MESSAGE | {"id_sms_api": "2", "phone_number": "+306912345679"})
    bench.clock.advance(0.5)
    bench.clock.advance(0.5)
    said = [json.loads(query["status"]) for query in bench.hooks.queries()]
    assert said[2] == {
        "user": "user",
        "phone_number": "+306912345678",
        "status": "received",
        "date_status": "2026-11-22T12:00:01.000Z",
        "id_sms_api": "09403292039020",
    }
    assert [(one["id_sms_api"], one["status"]) for one in said] == [
        ("09403292039020", "sent"),
        ("2", "sent"),
        ("09403292039020", "received"),
    ]


def test_failures_are_told_where_asked_for_and_flat_callbacks():
    bench = Bench("ardary", callback_url=HOOK + "?x=1", fail_pct=100, tell_failures=True, flat=True)
    entries(bench)
    bench.clock.advance(0)
    assert [(query["x"], query["status"]) for query in bench.hooks.queries()] == [("1", "sent"), ("1", "failed")]


@pytest.mark.parametrize(
    ("kind", "fields", "parameter", "expected"),
    [
        ("incoming", {"from": "+306900000001", "message": "yes"}, "sms",
         {"title": "incoming sms", "from": "+306900000001", "message": "yes", "date": "2026-11-22 12:00:00"}),
        ("click", {"id_sms_api": "7", "link": "https://a.b/"}, "link",
         {"title": "clicked link", "phonenumber": "+306912345678", "link": "https://a.b/", "id_sms_api": "7",
          "date": "2026-11-22 12:00:00"}),
        ("call", {"TITLE": "MISSED"}, "calls",
         {"TITLE": "MISSED", "PHONE_NUMBER": "+306912345678", "CALL_TIME": "2026-11-22", "DURATION": "00:01:04"}),
        ("qualified", {"source": "Interface", "qualification": "good"}, "calls",
         {"title": "Call qualification From Interface", "from": "+306912345678", "qualification": "good",
          "date": "2026-11-22 12:00:00"}),
    ],
)  # fmt: skip
def test_events(kind, fields, parameter, expected):
    bench = Bench("ardary", callback_url=HOOK)
    assert bench.control("event", {"kind": kind, **fields}) == (200, {"ok": True})
    (query,) = bench.hooks.queries()
    assert json.loads(query.pop(parameter)) == expected and query == {}


def test_events_that_there_are_not():
    bench = Bench("ardary", callback_url=HOOK)
    for wrong in ({"kind": "party"}, {"kind": "call", "TITLE": "x"}, {"kind": "click", "colour": "red"}):
        assert bench.control("event", wrong)[0] == 400
    with pytest.raises(ValueError, match="nobody to tell"):
        Bench("ardary").sim.event("incoming")
    assert not bench.hooks.sent


def test_a_date_is_waited_for():
    bench = Bench("ardary", callback_url=HOOK)
    entries(bench, MESSAGE, MESSAGE | {"id_sms_api": "later", "date_to_send": "2026-11-22 12:01:00"})
    bench.clock.advance(0)
    assert [row["state"] for row in bench.sim.messages()] == ["delivered", "queued"]
    bench.clock.advance(60)
    assert [row["state"] for row in bench.sim.messages()] == ["delivered", "delivered"]
