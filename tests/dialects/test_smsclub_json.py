"""SMS Club's JSON gateway."""

import pytest

from smsgwd.dialects.commands import AskSender, Funds, Money, Send, Sender, Senders, SenderState, States
from smsgwd.dialects.http import Token
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal
from tests.dialects.smsclub_requests import (
    CLUB,
    TENANT,
    answered,
    asked,
    bad,
    command,
    error,
    good,
    posted,
    refusal,
    told,
    view,
)

SEND = {"phone": ["380989361131"], "message": "test text", "src_addr": "VashZakaz"}


# JSON: sending


def test_the_pages_example():
    request = posted("/sms/send", SEND)
    known = CLUB.read(request)
    assert known.credential == Token("token-smsclub") and known.scope == "send" and known.label in CLUB.labels
    wanted = command(request)
    assert isinstance(wanted, Send) and wanted.duplicate_s == 120 and not wanted.dry
    item = wanted.items[0]
    assert (item.source, item.dest, item.text, item.international) == ("VashZakaz", "380989361131", "test text", True)
    assert item.validity_s is None and item.dlr_url is None and item.callback is None
    assert told(answered(request, [good(106)])) == (200, {"success_request": {"info": {"106": "380989361131"}}})


def test_a_text_for_each_number():
    body = {"src_addr": "Shop", "data_message": [{"phone": "1", "message": "a"}, {"phone": "2", "message": "b"}]}
    wanted = command(posted("/v2/sms/send", body))
    assert [(item.source, item.dest, item.text) for item in wanted.items] == [("Shop", "1", "a"), ("Shop", "2", "b")]


def test_the_lifetime_is_in_minutes_and_the_referral_id_is_taken():
    wanted = command(posted("/sms/send", SEND | {"lifetime": 90, "integration_id": 17}))
    assert wanted.items[0].validity_s == 5400
    wanted = command(posted("/sms/send", SEND | {"lifetime": None, "integration_id": "17"}))
    assert wanted.items[0].validity_s is None


def test_refused_numbers_are_beside_the_taken_ones():
    body = SEND | {"phone": ["380989361131", "12", "380501112233"]}
    answer = answered(
        posted("/sms/send", body), [good(106), bad(Refusal.INVALID_RECIPIENT, "12 is short"), bad(Refusal.NO_CREDIT)]
    )
    assert told(answer) == (
        200,
        {
            "success_request": {
                "info": {"106": "380989361131"},
                "add_info": {"12": "12 is short", "380501112233": "Not enough credit"},
            }
        },
    )


def test_nothing_taken_is_no_success_of_anybody():
    answer = answered(posted("/sms/send", SEND | {"phone": ["12"]}), [bad(Refusal.INVALID_RECIPIENT, "short")])
    assert told(answer) == (200, {"success_request": {"add_info": {"12": "short"}}})


def test_a_number_refused_twice_has_both_reasons():
    body = {"src_addr": "S", "data_message": [{"phone": "12", "message": each} for each in "abc"]}
    results = [bad(Refusal.INVALID_TEXT, "x"), bad(Refusal.DUPLICATE, "y"), bad(Refusal.INVALID_TEXT, "x")]
    assert told(answered(posted("/v2/sms/send", body), results)) == (
        200,
        {"success_request": {"add_info": {"12": "x; y"}}},
    )


@pytest.mark.parametrize("which", [Refusal.SENDER_NOT_ALLOWED, Refusal.INVALID_TEXT, Refusal.INVALID_VALIDITY])
def test_what_is_wrong_for_all_numbers_is_wrong_in_the_request(which):
    body = SEND | {"phone": ["380989361131", "380989361132"]}
    error(answered(posted("/sms/send", body), [bad(which, "so it is"), bad(which, "so it is")]), 400, "so it is")


def test_duplicates_alone_are_453():
    body = SEND | {"phone": ["380989361131", "380989361132"]}
    answer = answered(posted("/sms/send", body), [bad(Refusal.DUPLICATE), bad(Refusal.DUPLICATE)])
    error(answer, 453, "380989361131, 380989361132")


@pytest.mark.parametrize("other", [good(7), bad(Refusal.INVALID_RECIPIENT)])
def test_duplicates_among_others_are_named(other):
    body = SEND | {"phone": ["380989361131", "380989361132"]}
    status, found = told(answered(posted("/sms/send", body), [bad(Refusal.DUPLICATE), other]))
    assert status == 200 and "380989361131" in found["success_request"]["add_info"]
    assert ("info" in found["success_request"]) is ("id" in other)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "380989361131"),
        ("phone", []),
        ("phone", ["1"] * 101),
        ("phone", [380989361131]),
        ("phone", [None]),
        ("phone", None),
        ("message", ""),
        ("message", 5),
        ("message", ["a"]),
        ("src_addr", ""),
        ("src_addr", None),
        ("src_addr", {}),
        ("lifetime", 0),
        ("lifetime", -1),
        ("lifetime", "60"),
        ("lifetime", 1.5),
        ("lifetime", 10**30),
        ("integration_id", [1]),
    ],
)
def test_a_wrong_field(field, value):
    error(refusal(posted("/sms/send", SEND | {field: value})), 400, field)


@pytest.mark.parametrize("field", SEND)
def test_a_missing_field(field):
    error(refusal(posted("/sms/send", {name: SEND[name] for name in SEND if name != field})), 400, field)


def test_a_hundred_numbers():
    assert len(command(posted("/sms/send", SEND | {"phone": ["380989361131"] * 100})).items) == 100


MALFORMED = [
    b"",
    b"{",
    b'{"id_sms" : ["106"],}',
    b'{"success_request": {"info": ["money": "8111.1700", "currency": "UAH"]}}',
    b"\xff\xfe",
    b'{"message": "\xcf\xf0"}',
    b'{"message": "\\ud800"}',
    b"[]",
    b"null",
    b'"text"',
    b"[" * 100_000,
    b'{"phone":' * 100_000,
    b"phone=380989361131&message=test",
    b"<request_sendsms/>",
]


@pytest.mark.parametrize("path", ["/sms/send", "/v2/sms/send", "/sms/status", "/originators/stat-originators"])
@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_json_of_ours(path, body):
    error(refusal(posted(path, body)), 400)


def test_the_body_counts_only_once_the_token_is_proven():
    CLUB.read(posted("/sms/send", b"{"))
    for headers in ({}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Basic dTpw"}):
        error(refusal(posted("/sms/send", b"{", headers)), 401)
    assert CLUB.read(posted("/sms/send", b"", {"authorization": "bearer  x "})).credential == Token("x")


# JSON: the rest


def test_states():
    request = posted("/sms/status", {"id_sms": ["106", 107, "00108", "abc", "9" * 30, -1, "106", 10**25]})
    assert command(request) == States((106, 107, 108))
    found = {106: view(106, State.SENT), 108: view(108, State.DELIVERED)}
    assert told(answered(request, found)) == (
        200,
        {"success_request": {"info": {"106": "ENROUTE", "00108": "DELIVRD"}}},
    )
    assert told(answered(request, {})) == (200, {"success_request": {"info": {}}})


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (State.SCHEDULED, "ENROUTE"),
        (State.WAITING, "ENROUTE"),
        (State.QUEUED, "ENROUTE"),
        (State.SENT, "ENROUTE"),
        (State.DELIVERED, "DELIVRD"),
        (State.EXPIRED, "EXPIRED"),
        (State.UNDELIVERED, "UNDELIV"),
        (State.UNKNOWN, "UNDELIV"),
        (State.REJECTED, "REJECTD"),
        (State.CANCELLED, "REJECTD"),
    ],
)
def test_each_state(state, name):
    found = {1: view(1, state)}
    assert told(answered(posted("/sms/status", {"id_sms": [1]}), found))[1] == {
        "success_request": {"info": {"1": name}}
    }
    assert f"<br/>1: {name}<br/>".encode() in answered(asked("smscid=1", "/http/state.php"), found).body


@pytest.mark.parametrize("ids", [[], ["1"] * 101, "106", 106, [None], [True], [1.5], [[1]], {"a": 1}])
def test_wrong_ids(ids):
    error(refusal(posted("/sms/status", {"id_sms": ids})), 400, "id_sms")


def test_sender_names():
    assert command(posted("/sms/originator")) == Senders()
    known = CLUB.read(posted("/sms/originator"))
    answer = CLUB.answer(known, Senders(), ["test1", "test2"], TENANT)
    assert told(answer) == (200, {"success_request": {"info": ["test1", "test2"]}})


@pytest.mark.parametrize(
    ("micro", "money"),
    [(8_111_170_000, "8111.1700"), (0, "0.0000"), (99, "0.0000"), (-1, "-0.0001"), (-12_500_000, "-12.5000")],
)
def test_balance(micro, money):
    assert command(posted("/sms/balance")) == Money()
    answer = answered(posted("/sms/balance"), Funds(micro, 0, 0))
    assert told(answer) == (200, {"success_request": {"info": {"money": money, "currency": "UAH"}}})


def test_a_registration():
    body = {"sender_id": "Brand", "company_type": "fop", "company": "Brand Ltd", "inn": 1234567, "okpo": ""}
    request = posted("/originators/registration-originators", body)
    assert command(request) == AskSender("Brand", {"company_type": "fop", "company": "Brand Ltd", "inn": "1234567"})
    assert told(answered(request, Sender("Brand"))) == (200, {"success_request": {"info": {"ID": "Brand"}}})


@pytest.mark.parametrize(("status", "name"), [("requested", "new"), ("approved", "active"), ("refused", "refused")])
def test_how_far_a_registration_is(status, name):
    request = posted("/originators/stat-originators", {"sender_id": "Brand"})
    assert command(request) == SenderState("Brand")
    assert told(answered(request, Sender("Brand", status))) == (200, {"success_request": {"info": {"Brand": name}}})
    error(answered(request, None), 400, "sender_id")


@pytest.mark.parametrize(
    "body",
    [{}, {"sender_id": ""}, {"sender_id": 5}, {"sender_id": "B", "site": []}, {"sender_id": "B", "site": "x" * 1001}],
)
def test_a_wrong_registration(body):
    error(refusal(posted("/originators/registration-originators", body)), 400)
