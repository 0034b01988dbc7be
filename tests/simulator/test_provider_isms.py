"""The simulated iSMS.gr: each example and each error of its page."""

import pytest

from smsgwd.simulator.provider_isms import ERRORS, GREEK_OK
from tests.simulator.provider_calls import HOOK, Bench

LOGIN = {"username": "user", "password": "password"}
SEND = {**LOGIN, "from": "myself", "to": "306912345678", "message": "text at utf8 format"}


def send(bench, **changes):
    return bench.get("/api/http/send.php", **(SEND | changes))


def query(bench, mid, mobile="306912345678"):
    return bench.get("/api/http/query.php", **LOGIN, mid=mid, mobile=mobile)


def test_one_id_for_all_recipients_of_a_call():
    bench = Bench("isms")
    said = send(bench, to="306912345678,306998765432")
    assert said.startswith("ID:") and len(said) == 13 and said.isupper()
    assert [(row["id"], row["to"], row["text"]) for row in bench.sim.messages()] == [
        (said[3:], "306912345678", SEND["message"]),
        (said[3:], "306998765432", SEND["message"]),
    ]


def test_ids_have_both_forms_of_the_page():
    bench = Bench("isms")
    first, second = send(bench)[3:], send(bench)[3:]
    assert len(first) == 10 and len(second) == 8 and second.startswith("000")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("auth", {"password": "wrong"}),
        ("recipients", {"to": ""}),
        ("recipients", {"to": "12,+306912345678, 306912345678"}),
        ("sender", {"from": ""}),
        ("sender", {"from": "more than eleven"}),
        ("schedule", {"schedule": "whenever"}),
    ],
)
def test_errors_of_a_send_by_input(name, changes):
    bench = Bench("isms")
    assert send(bench, **changes) == ERRORS[name].says
    assert bench.sim.messages() == [] and bench.sim.stats()["errors"] == {name: 1}


def test_without_credits():
    assert send(Bench("isms", credits=0)) == "Error: Insufficient credits."
    bench = Bench("isms", credits=1, price=0.6)
    assert send(bench).startswith("ID:")
    assert send(bench) == "Error: Insufficient credits."
    assert bench.get("/api/http/credits.php", **LOGIN) == "Credits:0.40"


def test_credits_of_the_page():
    assert Bench("isms").get("/api/http/credits.php", **LOGIN) == "Credits:3948.47"
    assert Bench("isms").get("/api/http/credits.php") == "Error: Authentication error."


def test_every_error_of_the_page_can_be_asked_for():
    for name, error in ERRORS.items():
        bench = Bench("isms")
        assert bench.control("next", {"answers": [{"error": name}]}) == (200, {"ok": True})
        assert send(bench) == error.says and not bench.sim.messages()
        assert send(bench).startswith("ID:")


@pytest.mark.parametrize(
    "schedule",
    ["2017-07-17", "2017-05-11 14:40", "2017-04-22 17:47:55", "11 June 2017 11:00:00", "+1 day", " 1 day", "+1 week",
     "+1 week 2 days 4 hours 2 seconds", "next Thursday", "last Monday"],
)  # fmt: skip
def test_schedules_of_the_page(schedule):
    bench = Bench("isms")
    assert send(bench, schedule=schedule).startswith("ID:")


def test_a_text_in_gsm_loses_what_gsm_lacks():
    bench = Bench("isms")
    send(bench, message="\u0436\u0394")
    send(bench, message="\u0436\u0394", coding="UTF-8", flash="1")
    assert [(row["text"], row["flash"]) for row in bench.sim.messages()] == [
        ("?\u0394", False),
        ("\u0436\u0394", True),
    ]


def test_states_over_time():
    bench = Bench("isms", final_after_ms=1000, numbers={"78": "Failed"})
    mid = send(bench, to="306912345678,306998765432")[3:]
    assert query(bench, mid) == "Status: Queued"
    bench.clock.advance(0.5)
    assert query(bench, mid) == "Status: Pending"
    bench.clock.advance(0.5)
    assert query(bench, mid) == "Status: Failed"
    assert query(bench, mid, "306998765432") == "Status: Delivered"


def test_what_is_no_number_has_failed():
    bench = Bench("isms")
    mid = send(bench, to="306912345678,12")[3:]
    assert query(bench, mid, "12") == "Status: Failed" and len(bench.sim.messages()) == 1


def test_errors_of_query():
    bench = Bench("isms")
    mid = send(bench)[3:]
    assert query(bench, "") == "Error: No message ID defined."
    assert query(bench, mid, "") == "Error: No mobile defined."
    assert query(bench, mid.lower()) == query(bench, mid, "306900000000") == "Error: No such message or recipient."
    assert bench.get("/api/http/query.php", mid=mid) == "Error: Authentication error."


def test_hlr():
    bench = Bench("isms", final_after_ms=1000)
    said = bench.get("/api/http/hlr.php", **LOGIN, mobiles="306949876543,306931234500")
    assert said.startswith("ID:0") and said[3:].islower() and len(said) == 10

    def result(mobile, mid=said[3:]):
        return bench.get("/api/http/hlrquery.php", **LOGIN, mid=mid, mobile=mobile)

    assert result("306949876543") == "Queued"
    bench.clock.advance(0.5)
    assert result("306949876543") == "Pending"
    bench.clock.advance(0.5)
    fields = result("306949876543").split(";")
    assert fields[:3] == ["Delivered", "GR", "Vodafone"] and len(fields) == 6 and len(fields[3]) == 15
    assert result("306931234500").startswith("Failed;GR;") and result("306931234500").endswith(";1")
    assert result("306900000000") == result("306949876543", "nope") == "Error: No such message ID or mobile."
    assert result("306949876543", "") == "Error: No message ID defined."
    assert result("") == "Error: No mobile defined."
    assert bench.get("/api/http/hlr.php", **LOGIN, mobiles="") == "Error: No recipients."
    bench.sim.set(credits=0)
    assert bench.get("/api/http/hlr.php", **LOGIN, mobiles="306949876543") == "Error: Insufficient credits."


def test_contacts():
    bench = Bench("isms")
    person = {**LOGIN, "surname": "S", "name": "N", "mobile": "306912345678", "comments": ""}
    save = "/api/http/savecontact.php"
    assert bench.get(save, **person) == GREEK_OK != "OK"
    assert bench.get(save, **(person | {"mobile": ""})) == "Error: Mobile number is empty."
    assert bench.get(save, **(person | {"mobile": "x"})) == "Error: Invalid mobile number."
    assert bench.get(save, **(person | {"name": ""})) == "FAILED"
    for path in ("/api/http/deletecontact.php", "/api/http/api/http/deletecontact.php"):
        assert bench.get(path, **LOGIN, mobile="306912345678") == GREEK_OK
        assert bench.get(path, **LOGIN, mobile="") == "Error: Mobile number is empty."


def test_the_dlr_url_has_its_escapes_filled_in():
    bench = Bench("isms", final_after_ms=1000, numbers={"32": "Failed"})
    url = HOOK + "?a=%41&s=%d&i=%I&to=%p&from=%P&at=%t&x=%%"
    mid = send(bench, to="306912345678,306998765432", **{"dlr-url": url})[3:]
    bench.clock.advance(0.9)
    assert bench.hooks.sent == []
    bench.clock.advance(0.1)
    assert bench.hooks.queries() == [
        {"a": "A", "s": state, "i": mid, "to": to, "from": "myself", "at": "2026-11-22 12:00:01", "x": "%"}
        for state, to in (("1", "306912345678"), ("2", "306998765432"))
    ]
    assert bench.sim.stats()["callbacks"] == 2


def test_a_dlr_url_without_escapes_gets_parameters():
    bench = Bench("isms")
    mid = send(bench, **{"dlr-url": HOOK + "?token=x%20y"})[3:]
    bench.clock.advance(0)
    assert bench.hooks.queries() == [
        {"token": "x y", "mid": mid, "mobile": "306912345678", "status": "Delivered", "date": "2026-11-22 12:00:00",
         "err": "000"}
    ]  # fmt: skip


def test_what_is_no_call():
    bench = Bench("isms")
    assert bench.ask("GET", "/api/http/other.php").status == 404
    assert bench.ask("PUT", "/api/http/send.php").status == 405
    assert bench.form("/api/http/send.php", SEND).body.startswith(b"ID:")
