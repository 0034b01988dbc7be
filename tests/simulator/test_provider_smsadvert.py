"""The simulated SMSAdvert: each example and each error of its page."""

import pytest

from smsgwd.simulator.provider_smsadvert import ERRORS, SUCCESS
from tests.simulator.provider_calls import HOOK, NOON, Bench

SEND = {"phone": "+40740123456", "shortTextMessage": "This is the content of the SMS message", "sendAsShort": True}
NOW_MS = int(NOON) * 1000


def send(bench, **changes):
    return bench.json("/api/sms/", SEND | changes, authorization="token")


def test_the_example_of_the_page():
    bench = Bench("smsadvert")
    status, said = send(bench)
    assert (status, said) == (200, {"successMessage": SUCCESS, "msgId": bench.sim.messages()[0]["id"]})
    assert bench.sim.messages()[0]["channel"] == "short"
    assert bench.json("/api/sms", SEND, authorization="token")[0] == 200


def test_the_error_of_the_page_names_all_wrong_fields():
    assert send(Bench("smsadvert"), phone="0740123456", shortTextMessage="ab") == (
        400,
        {
            "errors": {
                "phone": "Numéro de téléphone invalide!",
                "shortTextMessage": "Saisissez un minimum de caractères 3!",
            }
        },
    )


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("phone", {"phone": ""}),
        ("phone", {"phone": 40740123456}),
        ("phone", {"phone": "+40740123456,"}),
        ("phone", {"phone": "40740123456"}),
        ("phone", {"phone": ",".join(f"+4074{number:07d}" for number in range(1001))}),
        ("shortTextMessage", {"shortTextMessage": None}),
        ("too_long", {"shortTextMessage": "x" * 481}),
        ("sendAsShort", {"sendAsShort": "true"}),
        ("startDate", {"startDate": "now"}),
        ("endDate", {"endDate": NOW_MS - 1}),
        ("endDate", {"startDate": NOW_MS + 2000, "endDate": NOW_MS + 1000}),
        ("failover", {"failover": "long"}),
        ("callback", {"callback": "not a url"}),
    ],
)
def test_errors_by_input(name, changes):
    bench = Bench("smsadvert")
    field = "shortTextMessage" if name == "too_long" else name
    assert send(bench, **changes) == (400, {"errors": {field: ERRORS[name].says}})
    assert bench.sim.messages() == []


def test_errors_of_the_whole_request():
    bench = Bench("smsadvert", credits=0)
    assert send(bench) == (402, {"errorMessage": "Insufficient credit!"})
    for wrong in ("", "other", "Bearer token"):
        assert bench.json("/api/sms/", SEND, authorization=wrong)[0] == 401
    assert bench.ask("POST", "/api/sms/", body=b"{}", headers={"authorization": "token"}).status == 400
    assert bench.json("/api/sms/", [], authorization="token") == (400, {"errorMessage": "Invalid request!"})
    assert bench.ask("GET", "/api/sms/").status == 405


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_can_be_asked_for(name):
    bench = Bench("smsadvert")
    bench.sim.script([{"error": name}])
    status, said = send(bench)
    assert status == ERRORS[name].status and ERRORS[name].says in str(said)
    assert send(bench)[0] == 200


def test_own_devices_and_failover():
    bench = Bench("smsadvert", devices=0)
    assert send(bench, sendAsShort=False) == (503, {"errorMessage": "No connected device!"})
    assert send(bench, sendAsShort=False, failover="short")[0] == 200
    bench.sim.set(devices=1)
    assert send(bench, sendAsShort=False, failover="short")[0] == 200
    assert [row["channel"] for row in bench.sim.messages()] == ["short", "device"]


def test_the_callback():
    bench = Bench("smsadvert", final_after_ms=1000)
    made = send(bench, callback=HOOK)[1]["msgId"]
    bench.clock.advance(0.9)
    assert not bench.hooks.sent
    bench.clock.advance(0.1)
    assert bench.hooks.sent[0][:2] == ("POST", HOOK)
    assert bench.hooks.bodies() == [{"status": "delivered", "msgId": made}]


def test_one_callback_a_number():
    bench = Bench("smsadvert", numbers={"7": "failed"})
    made = send(bench, callback=HOOK, phone="+40740123456,+40740123457,+40740123456")[1]["msgId"]
    bench.clock.advance(0)
    assert bench.hooks.bodies() == [
        {"status": "delivered", "msgId": made, "phone": "+40740123456"},
        {"status": "failed", "msgId": made, "phone": "+40740123457"},
    ]


def test_the_window():
    bench = Bench("smsadvert", final_after_ms=1000)
    assert send(bench, callback=HOOK, startDate=NOW_MS + 60_000, endDate=NOW_MS + 120_000)[0] == 200
    bench.clock.advance(60.9)
    assert not bench.hooks.sent
    bench.clock.advance(0.2)
    assert len(bench.hooks.sent) == 1
