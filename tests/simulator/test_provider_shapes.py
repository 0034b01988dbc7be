"""The simulated APIs of Twilio's, Vonage's and Infobip's shape."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from smsgwd.simulator import provider_infobip, provider_twilio, provider_vonage
from tests.simulator.provider_calls import HOOK, Bench

BASIC = {"authorization": "Basic " + base64.b64encode(b"user:token").decode()}
ACCOUNT = "/2010-04-01/Accounts/user/"
SMS = {"To": "+15558675310", "From": "+15017122661", "Body": "Hi there"}
KEYS = {"api_key": "user", "api_secret": "password"}
NEXMO = {**KEYS, "from": "Acme", "to": "447700900000", "text": "Hello"}
APP = {"authorization": "App token"}


# -- Twilio ------------------------------------------------------------------------------------------------------------


def tweet(bench, **changes):
    answer = bench.form(ACCOUNT + "Messages.json", SMS | changes, **BASIC)
    return answer.status, json.loads(answer.body)


def test_twilio_takes_a_form_and_tells_by_signed_forms():
    bench = Bench("twilio", final_after_ms=1000, numbers={"1": "undelivered"})
    status, said = tweet(bench, StatusCallback=HOOK + "?a=b")
    assert status == 201 and said["status"] == "queued" and len(said["sid"]) == 34 and said["sid"].startswith("SM")
    bench.clock.advance(0.5)
    bench.clock.advance(0.5)
    forms = [dict(parse_qsl(body.decode())) for _, _, _, body in bench.hooks.sent]
    assert [(form["MessageSid"], form["MessageStatus"]) for form in forms] == [
        (said["sid"], "sent"),
        (said["sid"], "delivered"),
    ]
    assert "ErrorCode" not in forms[1]
    signed = provider_twilio.signature("token", HOOK + "?a=b", forms[1])
    assert bench.hooks.sent[1][2]["X-Twilio-Signature"] == signed
    one = bench.ask("GET", f"{ACCOUNT}Messages/{said['sid']}.json", headers=BASIC)
    assert json.loads(one.body)["status"] == "delivered"
    tweet(bench, To="+15558675311", StatusCallback=HOOK)
    bench.clock.advance(0.5)
    bench.clock.advance(0.5)
    assert b"ErrorCode=30005" in bench.hooks.sent[-1][3] and b"undelivered" in bench.hooks.sent[-1][3]


def test_twilio_signs_as_its_page_says():
    """The worked example of Twilio's own security page."""
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
              "To": "+18005551212"}  # fmt: skip
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert provider_twilio.signature("12345", url, fields) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (21604, {"To": ""}),
        (21211, {"To": "5558675310"}),
        (21212, {"From": ""}),
        (21602, {"Body": ""}),
        (21617, {"Body": "x" * 1601}),
        (21609, {"StatusCallback": "x"}),
    ],
)
def test_twilio_refuses(code, changes):
    status, said = tweet(Bench("twilio"), **changes)
    assert (status, said["code"], said["status"]) == (400, code, 400)


def test_twilio_knows_its_accounts():
    bench = Bench("twilio", credits=10)
    assert bench.form(ACCOUNT + "Messages.json", SMS).status == 401
    assert bench.form("/2010-04-01/Accounts/other/Messages.json", SMS, **BASIC).status == 404
    assert bench.ask("GET", ACCOUNT + "Messages/SM1.json", headers=BASIC).status == 404
    assert json.loads(bench.ask("GET", ACCOUNT + "Balance.json", headers=BASIC).body)["balance"] == "10.00"


# -- Vonage ------------------------------------------------------------------------------------------------------------


def nexmo(bench, **changes):
    return json.loads(bench.form("/sms/json", NEXMO | changes).body)["messages"][0]


def test_vonage_takes_fields_and_tells_by_query():
    bench = Bench("vonage", final_after_ms=1000)
    said = nexmo(bench, callback=HOOK, **{"client-ref": "77"})
    assert (said["status"], said["to"], said["client-ref"]) == ("0", "447700900000", "77")
    assert bench.json("/sms/json", NEXMO)[1]["messages"][0]["status"] == "0"
    bench.clock.advance(1)
    (query,) = bench.hooks.queries()
    assert (query["messageId"], query["status"], query["err-code"]) == (said["message-id"], "delivered", "0")
    assert query["client-ref"] == "77" and query["msisdn"] == "447700900000"


def test_vonage_needs_the_type_for_other_alphabets():
    bench = Bench("vonage")
    nexmo(bench, text="\u0436")
    nexmo(bench, text="\u0436", type="unicode")
    assert [row["text"] for row in bench.sim.messages()] == ["?", "\u0436"]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("2", {"to": ""}),
        ("4", {"api_secret": "other"}),
        ("3", {"to": "+447700900000"}),
        ("3", {"callback": "x"}),
        ("15", {"from": "twelve chars"}),
        ("6", {"text": ""}),
    ],
)
def test_vonage_refuses(code, changes):
    assert nexmo(Bench("vonage"), **changes) == {"status": code, "error-text": provider_vonage.ERRORS[code].says}


def test_the_balance_and_the_quota_of_vonage():
    bench = Bench("vonage", credits=0)
    assert nexmo(bench)["status"] == "9"
    assert json.loads(bench.get("/account/get-balance", **KEYS))["value"] == 0
    assert bench.ask("GET", "/account/get-balance").status == 401


# -- Infobip -----------------------------------------------------------------------------------------------------------


def infobip(bench, *destinations, **changes):
    message = {"from": "InfoSMS", "destinations": list(destinations or ({"to": "41793026727"},)), "text": "Hello"}
    return bench.json("/sms/2/text/advanced", {"messages": [message | changes]}, **APP)


def test_infobip_answers_each_destination_and_tells_as_json():
    bench = Bench("infobip", final_after_ms=1000)
    status, said = infobip(
        bench, {"to": "41793026727", "messageId": "mine"}, {"to": "12"}, {"to": "41793026834"}, notifyUrl=HOOK
    )
    assert status == 200
    assert [row["status"]["groupName"] for row in said["messages"]] == ["PENDING", "REJECTED", "PENDING"]
    assert said["messages"][0]["messageId"] == "mine" and "messageId" not in said["messages"][1]
    bench.clock.advance(1)
    (result,) = bench.hooks.bodies()[0]["results"]
    assert (result["messageId"], result["status"]["groupName"], result["error"]["name"]) == (
        "mine",
        "DELIVERED",
        "NO_ERROR",
    )


def test_infobip_reports_once():
    bench = Bench("infobip", fail_pct=100)
    made = infobip(bench)[1]["messages"][0]["messageId"]
    assert bench.json("/sms/1/reports", None, method="GET", **APP)[1] == {"results": []}
    bench.clock.advance(0)
    (result,) = bench.json("/sms/1/reports", None, method="GET", **APP)[1]["results"]
    assert result["messageId"] == made and result["status"]["groupName"] in ("UNDELIVERABLE", "EXPIRED", "REJECTED")
    assert bench.json("/sms/1/reports", None, method="GET", **APP)[1] == {"results": []}


@pytest.mark.parametrize(
    "changes", [{"text": ""}, {"destinations": []}, {"destinations": [{}]}, {"notifyUrl": "x"}, {"from": 7}]
)
def test_infobip_refuses_requests(changes):
    bench = Bench("infobip")
    status, said = infobip(bench, **changes)
    assert status == 400 and said["requestError"]["serviceException"]["messageId"] == "BAD_REQUEST"


def test_infobip_rejects_senders_and_the_poor():
    assert (
        infobip(Bench("infobip"), **{"from": "twelve chars"})[1]["messages"][0]["status"]["name"] == "REJECTED_SENDER"
    )
    poor = Bench("infobip", credits=0)
    assert infobip(poor)[1]["messages"][0]["status"]["name"] == "REJECTED_NOT_ENOUGH_CREDITS"
    assert poor.json("/account/1/balance", None, method="GET", **APP)[1] == {"balance": 0, "currency": "EUR"}
    assert poor.json("/sms/2/text/advanced", {}, authorization="App other")[0] == 401


# -- all of them -------------------------------------------------------------------------------------------------------

SENDS = {
    "twilio": (provider_twilio.ERRORS, lambda bench: tweet(bench)),
    "vonage": (provider_vonage.ERRORS, lambda bench: (200, nexmo(bench))),
    "infobip": (provider_infobip.ERRORS, lambda bench: infobip(bench)),
}


@pytest.mark.parametrize(("provider", "name"), [(one, name) for one, (errors, _) in SENDS.items() for name in errors])
def test_every_error_can_be_asked_for(provider, name):
    errors, send = SENDS[provider]
    bench = Bench(provider)
    bench.sim.script([{"error": name}])
    status, said = send(bench)
    assert status == errors[name].status and errors[name].says in json.dumps(said).replace("\\u0027", "'")
    assert not bench.sim.messages()
    send(bench)
    assert len(bench.sim.messages()) == 1
