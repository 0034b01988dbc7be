"""Whatever a client sends, a simulated provider answers as its page does: none of its own faults is taken for one."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.simulator.provider_registry import APIS
from tests.simulator.provider_calls import Bench

KEYS = ["phone", "message", "src_addr", "lifetime", "data_message", "id_sms", "shortTextMessage", "sendAsShort",
        "startDate", "endDate", "failover", "callback", "header", "messages", "contacts", "login", "accesskey", "mode",
        "priority", "date_to_send", "sender_name", "id_sms_api", "phone_number", "url", "user", "pass", "action", "to",
        "from", "recipient", "dateFrom", "dateTo", "api_key", "api_secret", "text", "destinations", "messageId",
        "notifyUrl", "api", "password", "email"]  # fmt: skip
LEAVES = st.sampled_from(
    ["", "user", "password", "token", "+306912345678", "306912345678", "x", "sendsms", "list-archive", "2026-11-22",
     "http://a.b/", "http://[", "prod", "\u0436", 0, 1, -1, 2**62, 0.5, True, None, [], {}]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8) | VALUES
PATHS = {
    "isms": ["/api/http/send.php", "/api/http/query.php", "/api/http/hlr.php", "/api/http/hlrquery.php",
             "/api/http/savecontact.php"],
    "smsclub": ["/sms/send", "/v2/sms/send", "/sms/status", "/sms/balance"],
    "smspresto": ["/console/api/"],
    "smsadvert": ["/api/sms/"],
    "ardary": ["/api/sendSms", "/api/contact"],
    "twilio": ["/2010-04-01/Accounts/user/Messages.json"],
    "vonage": ["/sms/json"],
    "infobip": ["/sms/2/text/advanced", "/sms/1/reports"],
}  # fmt: skip
AUTHORIZATION = {
    "smsclub": "Bearer token",
    "smsadvert": "token",
    "twilio": "Basic dXNlcjp0b2tlbg==",
    "infobip": "App token",
}
LOGIN = {
    "isms": {"username": "user", "password": "password"},
    "smspresto": {"user": "user", "pass": "password"},
    "vonage": {"api_key": "user", "api_secret": "password"},
    "ardary": {"header": {"login": "user", "accesskey": "token", "password": "password", "api": True}},
}


@pytest.mark.parametrize("name", APIS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_request_breaks_it(name, data):
    bench = Bench(name, throttle=0)
    path, body = data.draw(st.sampled_from(PATHS[name])), data.draw(BODIES)
    if isinstance(body, dict) and data.draw(st.booleans()):
        body |= LOGIN.get(name, {})
    headers = {"authorization": AUTHORIZATION.get(name, "")}
    error = data.draw(st.sampled_from(["", *APIS[name].ERRORS]))
    if error:
        bench.sim.script([{"error": error}])
    if data.draw(st.booleans()):
        headers["content-type"] = "application/json"
        octets = json.dumps(body).encode()
    else:
        headers["content-type"] = "application/x-www-form-urlencoded"
        fields = {key: str(value) for key, value in body.items()} if isinstance(body, dict) else {}
        octets = urlencode({"data": json.dumps(body)} if name == "smspresto" else fields).encode()
    answer = bench.ask(data.draw(st.sampled_from(["POST", "GET"])), path, body=octets, headers=headers)
    assert answer.status < 500 or answer.status in {error.status for error in APIS[name].ERRORS.values()}
    bench.clock.advance(1)
    assert all(row["state"] in ("queued", "sent", "delivered", "failed") for row in bench.sim.messages())
