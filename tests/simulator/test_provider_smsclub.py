"""The simulated SMS Club: each example and each error of its page."""

import pytest

from smsgwd.simulator.provider_smsclub import ERRORS, LITERAL_BALANCE
from tests.simulator.provider_calls import Bench

BEARER = {"authorization": "Bearer token"}
SEND = {"phone": ["380989361131"], "message": "test text", "src_addr": "VashZakaz"}


def send(bench, **changes):
    return bench.json("/sms/send", SEND | changes, **BEARER)


def test_the_examples_of_the_page():
    bench = Bench("smsclub", final_after_ms=1000)
    assert send(bench) == (200, {"success_request": {"info": {"106": "380989361131"}}})
    status = ("/sms/status", {"id_sms": ["106"]})
    assert bench.json(*status, **BEARER) == (200, {"success_request": {"info": {"106": "ENROUTE"}}})
    bench.clock.advance(1)
    assert bench.json(*status, **BEARER) == (200, {"success_request": {"info": {"106": "DELIVRD"}}})


def test_originators_and_balance():
    bench = Bench("smsclub", senders=("test1", "test2"), credits=8111.17, throttle=0)
    assert bench.json("/sms/originator", None, **BEARER) == (200, {"success_request": {"info": ["test1", "test2"]}})
    info = {"money": "8111.1700", "currency": "UAH"}
    assert bench.json("/sms/balance", None, **BEARER) == (200, {"success_request": {"info": info}})
    bench.sim.set(literal=True)
    answer = bench.ask("POST", "/sms/balance", headers=BEARER)
    assert answer.body.decode() == LITERAL_BALANCE % "8111.1700" and b'["money"' in answer.body.replace(
        b" ", b""
    ).replace(b"\n", b"")


def test_a_text_each():
    bench = Bench("smsclub")
    rows = [{"phone": "380989361131", "message": "one"}, {"phone": "380989361131", "message": "two"}]
    said = bench.json("/v2/sms/send", {"src_addr": "VashZakaz", "data_message": rows}, **BEARER)
    assert said == (200, {"success_request": {"info": {"106": "380989361131", "107": "380989361131"}}})
    assert [row["text"] for row in bench.sim.messages()] == ["one", "two"]
    assert bench.json("/v2/sms/send", {"src_addr": "VashZakaz", "data_message": []}, **BEARER)[0] == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": []},
        {"phone": "380989361131"},
        {"phone": [380989361131]},
        {"phone": [f"3809893{number:05d}" for number in range(101)]},
        {"phone": ["12"]},
        {"message": ""},
        {"message": 7},
        {"message": "x" * 1072},
        {"src_addr": ""},
        {"src_addr": "twelve chars"},
        {"src_addr": None},
        {"lifetime": "60"},
        {"lifetime": 0},
    ],
)
def test_input_validation(changes):
    bench = Bench("smsclub")
    status, said = send(bench, **changes)
    assert (status, said["status"], said["name"]) == (400, 400, "Input validation error")
    assert bench.sim.messages() == []


def test_what_is_no_json_and_no_post():
    bench = Bench("smsclub")
    assert bench.ask("POST", "/sms/send", body=b"{", headers=BEARER).status == 400
    assert bench.ask("POST", "/sms/send", body=b"[]", headers=BEARER).status == 400
    assert bench.ask("GET", "/sms/send", headers=BEARER).status == 400
    assert bench.ask("POST", "/sms/nothing", headers=BEARER).status == 404


@pytest.mark.parametrize("authorization", ["token", "Bearer other", "Basic token", ""])
def test_authentication(authorization):
    status, said = Bench("smsclub").json("/sms/send", SEND, authorization=authorization)
    assert (status, said["name"]) == (401, "User authentication error")


def test_the_same_text_within_two_minutes():
    bench = Bench("smsclub")
    send(bench)
    status, said = send(bench)
    assert (status, said["name"]) == (453, ERRORS["453"].says)
    mixed = send(bench, phone=["380989361131", "380989361132", "x", "380989361132"])[1]["success_request"]
    assert mixed["info"] == {"107": "380989361132"}
    assert mixed["add_info"] == {
        "380989361131": ERRORS["453"].says,
        "380989361132": ERRORS["453"].says,
        "x": "Invalid number",
    }
    bench.clock.advance(120)
    assert send(bench)[0] == 200
    assert bench.sim.stats()["taken_twice"] == 1


def test_nine_requests_a_second():
    bench = Bench("smsclub")
    statuses = [bench.json("/sms/status", {"id_sms": [1]}, **BEARER)[0] for _ in range(10)]
    assert statuses == [200] * 9 + [429]
    assert bench.sim.stats()["most_in_a_second"] == 10 and bench.sim.stats()["throttled"] == 1
    bench.clock.advance(1)
    assert send(bench)[0] == 200


def test_states_of_many():
    bench = Bench("smsclub", numbers={"1": "EXPIRED", "2": "REJECTD", "3": "UNDELIV", "4": "none"})
    send(bench, phone=[f"38098936113{number}" for number in range(5)])
    bench.clock.advance(1)
    said = bench.json("/sms/status", {"id_sms": ["106", 107, "108", "109", "110", "999"]}, **BEARER)
    states = ["DELIVRD", "EXPIRED", "REJECTD", "UNDELIV", "ENROUTE"]
    assert said == (200, {"success_request": {"info": dict(zip(map(str, range(106, 111)), states, strict=True))}})
    for ids in ([], list(range(101)), "106", [True], None):
        assert bench.json("/sms/status", {"id_sms": ids}, **BEARER)[0] == 400


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_the_page_can_be_asked_for(name):
    bench = Bench("smsclub")
    bench.sim.script([{"error": name}])
    status, said = send(bench)
    assert (status, said["name"]) == (int(name), ERRORS[name].says)
    assert send(bench)[0] == 200
