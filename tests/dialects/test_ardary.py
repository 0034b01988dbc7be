"""The Ardary style: requests, what is asked of the gateway for them, answers, and what no request can break."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.dialects.ardary import MOST_ENTRIES, Ardary, moment
from smsgwd.dialects.ardary_contacts import country_of
from smsgwd.dialects.commands import PutContacts, Send
from smsgwd.dialects.dialect import Dialect, Options
from smsgwd.dialects.http import Answer, Answered, Password
from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT, Callback
from smsgwd.model.message import Failure, State
from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import DialectSettings, Tenant

ARDARY: Dialect = Ardary(Options())
NOW = 1_600_000_000_000  # 2020-09-13T12:26:40Z
TENANT = Tenant("ardary", time_zone="Europe/Athens")
CALLED = Tenant("ardary", time_zone="Europe/Athens", callback_style="ardary", callback_url="https://shop.example/cb")
HEADER = {"login": "user@gmail.com", "accesskey": "key"}
MESSAGE = {"phone_number": "+306912345678", "message": "Hi"}
KEY_TYPES = {"content-type": "application/json"}


def request(body, path="/api/sendSms", method="POST", headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return SimpleNamespace(method=method, path=path, raw_query="", headers=headers or KEY_TYPES, body=raw)


def send(*messages, **header):
    return request({"header": {**HEADER, **header}, "messages": list(messages) or [MESSAGE]})


def contacts(*entries, path="/api/contact", **header):
    return request({"header": {**HEADER, "api": True, **header}, "contacts": list(entries)}, path)


def told(answer):
    assert isinstance(answer, Answer) and answer.content_type == "application/json"
    return json.loads(answer.body)["data"]


def carried_out(asked_for, result, tenant=TENANT):
    """The command of a request, and the answer where `result(command)` came of it."""
    asked = ARDARY.read(asked_for)
    assert asked.label in ARDARY.labels
    command = ARDARY.command(asked, tenant, NOW)
    return command, ARDARY.answer(asked, command, result(command), tenant)


def taken(*codes):
    """What comes of a Send: an entry a code, '' = taken."""

    def outcome(command):
        assert len(codes) == len(command.items)
        return Outcome(1, [
            Entry(item.dest, 100 + n, State.QUEUED, 1) if not code else Entry(item.dest, error=Failure(code))
            for n, (item, code) in enumerate(zip(command.items, codes, strict=True))
        ])  # fmt: skip

    return outcome


def items_of(asked_for, tenant=TENANT):
    command = ARDARY.command(ARDARY.read(asked_for), tenant, NOW)
    assert isinstance(command, Send)
    return command.items


def whole(asked_for):
    """Status and errors of a request that is refused before anybody is asked."""
    asked = None
    try:
        asked = ARDARY.read(asked_for)
        ARDARY.command(asked, TENANT, NOW)
    except Refused as refused:
        answer = ARDARY.refused(asked_for, asked, refused)
        said = told(answer)
        assert said["result"] == "failed"
        return answer.status, said["errors"]
    raise AssertionError("taken")


# -- sending -----------------------------------------------------------------------------------------------------------


def test_the_pages_example():
    text = "Hi Cassandra, can you confirm our appointement ? \n If you cannot come, change it here [Link]."
    body = {
        "header": [
            {"accesskey": "YOUR_ACCESS_KEY", "login": "user@gmail.com", "sender_name": "ArdarySMS", "sender_mode": "1",
             "date_to_send": "2022-05-12 14:56:13", "priority": 1, "mode": "prod"}
        ],
        "messages": [
            {"id_sms_api": "09403292039020", "date_to_send": "2020-01-02 13:34:00", "phone_number": "+306912345678",
             "message": text, "url": "https://www.my-link.com"},
            {"id_sms_api": "109O3238932832", "phone_number": "+306912345679", "message": "Your package has been sent."},
        ],
    }  # fmt: skip
    asked = ARDARY.read(request(body))
    assert asked.credential == Password("user@gmail.com", "YOUR_ACCESS_KEY") and asked.scope == "send"
    command, answer = carried_out(request(body), taken("", ""))
    first, second = command.items
    assert (first.source, first.dest, first.text, first.link) == (
        "ArdarySMS", "+306912345678", text, "https://www.my-link.com",
    )  # fmt: skip
    assert (first.client_ref, first.unique_ref, first.channel, first.priority) == ("09403292039020", True, "network", 1)
    assert first.schedule_at is None, "a past date is now"
    assert second.schedule_at == 1_652_356_573_000, "the header's, Athens being three hours ahead"
    assert first.international and not command.dry
    assert answer.status == 200 and told(answer) == {
        "sms": [
            {"id_sms_api": "09403292039020", "phone_number": "+306912345678", "result": "success"},
            {"id_sms_api": "109O3238932832", "phone_number": "+306912345679", "result": "success"},
        ]
    }


@pytest.mark.parametrize("path", ["/api/sendSms", "/api/sendSmsSolo"])
@pytest.mark.parametrize("header", [HEADER, [HEADER]])
@pytest.mark.parametrize("key", ["accesskey", "accessKey", "password"])
@pytest.mark.parametrize("phone", ["phone_number", "phonenumber"])
def test_the_pages_variants(path, header, key, phone):
    said = {"login": "user@gmail.com", key: "key"}
    body = {
        "header": [said] if isinstance(header, list) else said,
        "messages": [{phone: "+306912345678", "message": "Hi"}],
    }
    asked = ARDARY.read(request(body, path))
    assert asked.credential == Password("user@gmail.com", "key")
    assert [item.dest for item in ARDARY.command(asked, TENANT, NOW).items] == ["+306912345678"]


def test_an_id_is_made_where_none_is_given():
    command, answer = carried_out(send(MESSAGE, {**MESSAGE, "id_sms_api": "mine"}), taken("", ""))
    assert [(item.client_ref, item.unique_ref) for item in command.items] == [(None, False), ("mine", True)]
    assert [entry["id_sms_api"] for entry in told(answer)["sms"]] == ["100", "mine"]


@pytest.mark.parametrize(
    ("priority", "ours"), [({}, 1), ({"priority": 0}, 0), ({"priority": 1}, 1), ({"priority": 2}, 2)]
)
def test_priorities(priority, ours):
    assert items_of(send(**priority))[0].priority == ours


@pytest.mark.parametrize(
    ("header", "channel", "source"),
    [
        ({}, "device", None),
        ({"sender_name": "", "sender_mode": ""}, "device", None),
        ({"sender_name": None}, "device", None),
        ({"sender_name": "Shop"}, "network", "Shop"),
        ({"sender_mode": "1"}, "network", None),
        ({"sender_mode": 1}, "network", None),
    ],
)
def test_without_sender_and_mode_by_the_tenants_own_phone(header, channel, source):
    [item] = items_of(send(**header))
    assert (item.channel, item.source, item.failover) == (channel, source, channel == "device")


@pytest.mark.parametrize(
    ("text", "url", "link"),
    [
        ("See [Link]", "https://a.example/", "https://a.example/"),
        ("See [link]", "https://a.example/", "https://a.example/"),
        ("See it", "https://a.example/", None),
        ("See [Link]", None, None),
        ("See [Link]", "", None),
    ],
)
def test_links(text, url, link):
    assert items_of(send({**MESSAGE, "message": text, "url": url}))[0].link == link


def test_test_mode_sends_nothing():
    command, answer = carried_out(send(mode="test"), lambda _: Outcome(0, [Entry("+306912345678", state=State.QUEUED)]))
    assert command.dry and command.rehearsed
    assert told(answer)["sms"] == [{"id_sms_api": "", "phone_number": "+306912345678", "result": "success"}]
    assert not ARDARY.command(ARDARY.read(send(mode="prod")), TENANT, NOW).dry


@pytest.mark.parametrize(
    ("written", "zone", "expected"),
    [
        ("2020-01-02 13:34:00", "UTC", 1_577_972_040_000),
        ("2020-01-02 13:34:00", "Europe/Athens", 1_577_964_840_000),
        ("2020-07-02 13:34:00", "Europe/Athens", 1_593_686_040_000),
        ("2021-03-28 03:30:00", "Europe/Athens", 1_616_895_000_000),  # skipped: 4:30 of summer time
        ("2021-10-31 03:30:00", "Europe/Athens", 1_635_640_200_000),  # twice: the first
        ("2020-01-02 13:34:00", "No/Where", 1_577_972_040_000),
        ("2020-02-30 13:34:00", "UTC", None),
        ("2020-01-02 24:00:00", "UTC", None),
        ("2020-01-02", "UTC", None),
        ("2020-01-02T13:34:00", "UTC", None),
        ("2020-01-02 13:34:00Z", "UTC", None),
        ("tomorrow", "UTC", None),
        ("0000-01-02 13:34:00", "UTC", None),
        ("٢٠٢٠-01-02 13:34:00", "UTC", None),
    ],
)
def test_dates(written, zone, expected):
    assert moment(written, zone) == expected


def test_a_messages_date_wins_and_only_those_it_concerns_are_refused_for_a_bad_one():
    later, latest = "2021-01-02 13:34:00", "2022-01-02 13:34:00"
    [first, second] = items_of(send({**MESSAGE, "date_to_send": later}, MESSAGE, date_to_send=latest))
    assert (first.schedule_at, second.schedule_at) == (moment(later, "Europe/Athens"), moment(latest, "Europe/Athens"))
    _, answer = carried_out(send({**MESSAGE, "date_to_send": later}, MESSAGE, date_to_send="soon"), taken(""))
    assert [entry.get("errors") for entry in told(answer)["sms"]] == [None, ["#007"]]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"phone_number": ""}, ["#002"]),
        ({"phone_number": "  "}, ["#002"]),
        ({"phone_number": None}, ["#003"]),
        ({"message": ""}, ["#005"]),
        ({"message": None}, ["#005"]),
        ({"message": "a\0b"}, ["#010"]),
        ({"date_to_send": "soon"}, ["#007"]),
        ({"id_sms_api": "x" * 256}, ["#101"]),
        ({"id_sms_api": "a\nb"}, ["#101"]),
        ({"phone_number": "", "message": "", "date_to_send": "2020"}, ["#002", "#005", "#007"]),
    ],
)
def test_one_bad_entry_does_not_stop_the_others(fields, errors):
    command, answer = carried_out(send({**MESSAGE, **fields}, MESSAGE), taken(""))
    assert len(command.items) == 1 and answer.status == 200
    bad, good = told(answer)["sms"]
    assert (bad["result"], bad["errors"], good["result"]) == ("failed", errors, "success")


def test_nothing_is_asked_where_every_entry_is_bad():
    asked = ARDARY.read(send({"message": "Hi"}, {"phone_number": "+306912345678"}))
    with pytest.raises(Answered) as ended:
        ARDARY.command(asked, TENANT, NOW)
    assert ended.value.answer.status == 200
    assert [entry["errors"] for entry in told(ended.value.answer)["sms"]] == [["#003"], ["#005"]]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_recipient", "#001"),
        ("repeated_ref", "#006"),
        ("invalid_schedule", "#007"),
        ("invalid_link", "#008"),
        ("invalid_sender", "#009"),
        ("sender_not_allowed", "#009"),
        ("opted_out", "#010"),
        ("blacklisted", "#010"),
        ("too_many_parts", "#010"),
        ("no_credit", "#102"),
        ("no_route", "#103"),
        ("destination_barred", "#103"),
        ("something_new", "#010"),
    ],
)
def test_refusals_of_the_core_stand_in_their_entry(code, error):
    _, answer = carried_out(send(MESSAGE, {**MESSAGE, "phone_number": "+306912345679"}), taken(code, ""))
    bad, good = told(answer)["sms"]
    assert bad == {"id_sms_api": "", "phone_number": "+306912345678", "result": "failed", "errors": [error]}
    assert good["result"] == "success" and answer.status == 200


@pytest.mark.parametrize(("code", "status", "error"), [("no_credit", 402, "#102"), ("no_route", 400, "#103")])
def test_credit_or_route_for_none_refuses_the_request(code, status, error):
    _, answer = carried_out(send(MESSAGE, MESSAGE), taken(code, code))
    assert (answer.status, told(answer)) == (status, {"result": "failed", "errors": [error]})
    _, answer = carried_out(send(MESSAGE, MESSAGE), taken(code, "opted_out"))
    assert answer.status == 200 and [entry["errors"] for entry in told(answer)["sms"]] == [[error], ["#010"]]


# -- whom it tells of what became of them ------------------------------------------------------------------------------


def test_status_callbacks():
    [item] = items_of(send(), CALLED)
    assert item.dlr_url == "https://shop.example/cb" and item.asks == TELL_SENT | 1 << State.DELIVERED
    fields = {"user": "user@gmail.com", "parameter": "status"}
    assert item.callback == Callback("ardary", "Europe/Athens", fields=fields)


def test_failures_and_another_parameter_for_a_tenant_that_asks():
    dialects = DialectSettings(ardary_failures=True, ardary_parameters={"status": "calls"})
    tenant = Tenant("x", callback_style="ardary", callback_url="https://shop.example/cb", dialects=dialects)
    [item] = items_of(send(), tenant)
    assert item.asks == TELL_SENT | TELL_FINAL and item.callback.fields["parameter"] == "calls"


@pytest.mark.parametrize(
    ("tenant", "url"),
    [
        (Tenant("x", callback_style="ardary"), None),
        (Tenant("x", callback_url="https://shop.example/cb"), "https://shop.example/cb"),
        (Tenant("x"), None),
    ],
)
def test_receipts_are_native_where_callbacks_are_not_in_this_style(tenant, url):
    [item] = items_of(send(), tenant)
    assert (item.dlr_url, item.callback, item.asks) == (url, None, 0)


# -- contacts ----------------------------------------------------------------------------------------------------------

DOE = {
    "phone_number": "+306912345678", "first_name": "Doe", "last_name": "Joe", "adress": "contact adress",
    "email": "contact_email@gmail.com", "country_code": "+30",
}  # fmt: skip


def kept(*refusals):
    return lambda command: [None if code is None else Refused(code) for code in refusals]


def test_the_pages_contacts():
    smith = {key: value for key, value in DOE.items() if key != "country_code"} | {"first_name": "Smith"}
    body = {"header": [{"login": "user@gmail.com", "password": "YOUR_PASSWORD", "api": True}], "contacts": [DOE, smith]}
    command, answer = carried_out(request(body, "/api/contact"), kept(None, None))
    assert command == PutContacts((
        Contact("+306912345678", "Doe", "Joe", "contact_email@gmail.com", "contact adress", "GR"),
        Contact("+306912345678", "Smith", "Joe", "contact_email@gmail.com", "contact adress"),
    ))  # fmt: skip
    doe = {key: value for key, value in DOE.items() if key != "country_code"}  # the page's answer has none
    assert told(answer) == {"contact": [{**doe, "result": "success"}, {**smith, "result": "success"}]}


@pytest.mark.parametrize("path", ["/api/contact", "/api/addcontactSolo"])
def test_the_other_spelling(path):
    entry = {"phonenumber": "306912345678", "firstname": "A", "lastname": "B", "countryCode": "gr"}
    command, answer = carried_out(contacts(entry, path=path), kept(None))
    assert command == PutContacts((Contact("306912345678", "A", "B", country="GR"),))
    assert told(answer)["contact"] == [
        {"phone_number": "306912345678", "first_name": "A", "last_name": "B", "adress": "", "email": "",
         "result": "success"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"phone_number": "12"}, ["#001"]),
        ({"phone_number": "call me"}, ["#001"]),
        ({"phone_number": "1" * 50}, ["#001"]),
        ({"phone_number": ""}, ["#002"]),
        ({"phone_number": " "}, ["#002"]),
        ({"phone_number": None}, ["#003"]),
        ({"email": "not a mail"}, ["#004"]),
        ({"email": "a@b"}, ["#004"]),
        ({"email": f"a@{'b' * 300}.example"}, ["#004"]),
        ({"phone_number": "", "email": "a@"}, ["#002", "#004"]),
        ({"first_name": "x" * 256}, ["#101"]),
        ({"adress": "a\0"}, ["#101"]),
    ],
)
def test_one_bad_contact_does_not_stop_the_others(fields, errors):
    command, answer = carried_out(contacts({**DOE, **fields}, DOE), kept(None))
    assert len(command.contacts) == 1
    bad, good = told(answer)["contact"]
    assert (bad["result"], bad["errors"], good["result"]) == ("failed", errors, "success")


def test_no_phone_number_at_all():
    with pytest.raises(Answered) as ended:
        ARDARY.command(ARDARY.read(contacts({"first_name": "A"})), TENANT, NOW)
    assert told(ended.value.answer)["contact"] == [
        {"phone_number": "", "first_name": "A", "last_name": "", "adress": "", "email": "", "result": "failed",
         "errors": ["#003"]}
    ]  # fmt: skip


def test_what_the_address_book_refuses():
    _, answer = carried_out(contacts(DOE, DOE, DOE), kept(Refusal.INVALID_RECIPIENT, None, Refusal.INVALID))
    assert [entry.get("errors") for entry in told(answer)["contact"]] == [["#001"], None, ["#101"]]


@pytest.mark.parametrize("api", [False, None, "TRUE", 1])
def test_contacts_need_api_true(api):
    assert whole(contacts(DOE, api=api)) == (400, ["#101"])


@pytest.mark.parametrize(
    ("code", "number", "country"),
    [
        ("+30", "306912345678", "GR"),
        ("+1", "+12125550123", "US"),
        ("1", "+14165550123", "CA"),
        ("+1", "nonsense", ""),
        ("GB", "", "GB"),
        ("+999", "", ""),
        ("+800", "+80012345678", ""),
        ("Greece", "", ""),
        ("", "", ""),
        ("٣٠", "", ""),
    ],
)
def test_countries(code, number, country):
    assert country_of(code, number) == country


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/sendSMS", "/API/SENDSMS", "/api/sendSms/", "/api/sendSmsX", "/api/contacts", "/api"]
)
def test_unknown_paths(path):
    assert whole(request({}, path)) == (404, ["#101"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "post", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/sendSms", "/api/contact"])
def test_other_methods(method, path):
    assert whole(request({}, path, method)) == (405, ["#101"])
    answer = ARDARY.refused(request({}, path, method), None, Refused(Refusal.METHOD_NOT_ALLOWED))
    assert answer.headers == (("allow", "POST"),)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("application/json; charset=utf-8", True),
        ("Application/JSON", True),
        ("", True),
        ("application/x-www-form-urlencoded", True),
        ("text/plain", True),
        ("text/xml", False),
        ("multipart/form-data; boundary=x", False),
        ("application/jsonx", False),
    ],
)
def test_content_types(kind, known):
    asked_for = send()
    asked_for.headers = {"content-type": kind}
    if known:
        assert ARDARY.read(asked_for)
    else:
        assert whole(asked_for) == (415, ["#101"])


@pytest.mark.parametrize(
    "header",
    [
        {}, {"login": "a"}, {"accesskey": "k"}, {"login": "", "accesskey": "k"}, {"login": "a", "accesskey": ""},
        {"login": None, "accesskey": "k"}, [{"login": "a"}], {"login": "a" * 1025, "accesskey": "k"},
        {"login": "a", "accesskey": "k" * 1025},
    ],
)  # fmt: skip
def test_missing_credentials(header):
    assert whole(request({"header": header, "messages": [MESSAGE]})) == (401, ["#100"])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"{}", b"\xff\xfe", b'{"header": {"login": "\xcf\xf0", "accesskey": "k"}}',
        b"<xml/>", b"login=a&accesskey=b", b'{"header": [], "messages": []}', b"[" * 100_000,
        b'{"header": ' + b'{"a":' * 100_000, b'{"header": {"login": "a", "accesskey": "\\ud800"}, "messages": []}',
        json.dumps({"header": [HEADER, HEADER], "messages": [MESSAGE]}).encode(),
        json.dumps({"header": "x", "messages": [MESSAGE]}).encode(),
        json.dumps({"header": {**HEADER, "login": 5}, "messages": [MESSAGE]}).encode(),
        json.dumps({"header": {**HEADER, "accesskey": ["k"]}, "messages": [MESSAGE]}).encode(),
        # The page's slips: curly quotes, comments, a comma that is missing.
        "{“header”: [{“login”: “user@gmail.com”, “password”: “YOUR_PASSWORD”, “api”: true }]}".encode(),
        b'{ "header": [ { "accesskey": "K", "login": "u", "sender_name": "A", // Not needed\n "mode":"prod" } ] }',
        b'{"header": {"login": "u", "password": "p" "api": true}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/sendSms", "/api/contact"])
def test_malformed_bodies(body, path):
    assert whole(request(body, path)) == (400, ["#101"])


@pytest.mark.parametrize(
    "messages",
    [
        None, {}, [], "x", [5], [None], [[MESSAGE]], [{**MESSAGE, "phone_number": 306912345678}],
        [{**MESSAGE, "message": 5}],
        [{**MESSAGE, "message": ["a"]}], [{**MESSAGE, "url": {}}], [{**MESSAGE, "id_sms_api": 7}],
        [{**MESSAGE, "date_to_send": 20200102}], [MESSAGE] * (MOST_ENTRIES + 1),
    ],
)  # fmt: skip
def test_messages_of_wrong_types(messages):
    assert whole(request({"header": HEADER, "messages": messages})) == (400, ["#101"])


def test_no_messages_and_no_contacts():
    assert whole(request({"header": HEADER})) == (400, ["#101"])
    assert whole(request({"header": {**HEADER, "api": True}}, "/api/contact")) == (400, ["#101"])
    assert whole(contacts()) == (400, ["#101"])
    assert whole(contacts({**DOE, "email": 5})) == (400, ["#101"])
    assert whole(contacts(*[DOE] * (MOST_ENTRIES + 1))) == (400, ["#101"])


@pytest.mark.parametrize(
    "header",
    [
        {"priority": 3}, {"priority": -1}, {"priority": "1"}, {"priority": True}, {"priority": 1.5}, {"mode": "TEST"},
        {"mode": 1}, {"sender_name": 5}, {"sender_mode": {}}, {"date_to_send": 5},
    ],
)  # fmt: skip
def test_header_fields_of_wrong_types(header):
    assert whole(send(**header)) == (400, ["#101"])


def test_nothing_else_is_looked_at_before_the_credentials():
    asked_for = request({"header": {**HEADER, "priority": "x"}, "messages": "x"})
    assert ARDARY.read(asked_for).credential == Password("user@gmail.com", "key")


@pytest.mark.parametrize("refusal", Refusal)
def test_whatever_is_refused_as_a_whole_has_this_shape(refusal):
    for asked in (None, ARDARY.read(send()), ARDARY.read(contacts(DOE))):
        answer = ARDARY.refused(send(), asked, Refused(refusal, "a secret detail"))
        said = told(answer)
        assert said["result"] == "failed" and len(said["errors"]) == 1 and said["errors"][0].startswith("#")
        assert answer.status >= 400 and b"secret" not in answer.body


@pytest.mark.parametrize(
    ("refusal", "status", "error"),
    [
        (Refusal.UNAUTHENTICATED, 401, "#100"),
        (Refusal.TOO_MANY_FAILURES, 429, "#100"),
        (Refusal.OUT_OF_SCOPE, 403, "#100"),
        (Refusal.TOO_LARGE, 413, "#101"),
        (Refusal.NO_CREDIT, 402, "#102"),
        (Refusal.NO_ROUTE, 400, "#103"),
        (Refusal.STORE_UNAVAILABLE, 503, "#104"),
        (Refusal.OVERLOADED, 503, "#104"),
        (Refusal.OVER_RATE, 429, "#104"),
        (Refusal.INTERNAL, 500, "#104"),
    ],
)
def test_errors_of_whole_requests(refusal, status, error):
    answer = ARDARY.refused(send(), None, Refused(refusal))
    assert (answer.status, told(answer)["errors"]) == (status, [error])


_leaf = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
_names = st.sampled_from(
    ["header", "messages", "contacts", "login", "accesskey", "accessKey", "password", "api", "priority", "mode",
     "date_to_send", "sender_name", "sender_mode", "phone_number", "phonenumber", "message", "url", "id_sms_api",
     "email", "first_name", "country_code"]
)  # fmt: skip
_json = st.recursive(
    _leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=6), max_leaves=20
)
_near = st.fixed_dictionaries(
    {
        "header": st.fixed_dictionaries({"login": st.just("a"), "accesskey": st.just("k"), "api": st.just(True)})
        .flatmap(lambda base: st.dictionaries(_names, _leaf, max_size=2).map(lambda more: {**more, **base})),
        "messages": st.lists(st.dictionaries(_names, _leaf, max_size=5), max_size=3),
        "contacts": st.lists(st.dictionaries(_names, _leaf, max_size=5), max_size=3),
    }
)  # fmt: skip
_bodies = (
    st.binary(max_size=200) | _json.map(lambda v: json.dumps(v).encode()) | _near.map(lambda v: json.dumps(v).encode())
)


@settings(max_examples=400, deadline=None)
@given(
    body=_bodies,
    path=st.sampled_from(["/api/sendSms", "/api/sendSmsSolo", "/api/contact", "/api/addcontactSolo", "/api/x"])
    | st.text(max_size=20),
    method=st.sampled_from(["POST", "GET"]),
    kind=st.sampled_from(["application/json", ""]) | st.text(max_size=20),
    zone=st.sampled_from(["UTC", "Europe/Athens", "Pacific/Apia", "x"]),
)
def test_any_bytes_are_answered_or_refused(body, path, method, kind, zone):
    tenant = Tenant("t", time_zone=zone)
    asked_for = request(body, path, method, {"content-type": kind})
    asked = None
    try:
        asked = ARDARY.read(asked_for)
        command = ARDARY.command(asked, tenant, NOW)
    except Answered as answered:
        answer = answered.answer
    except Refused as refused:
        answer = ARDARY.refused(asked_for, asked, refused)
    else:
        result = (
            taken(*[""] * len(command.items))(command) if isinstance(command, Send) else [None] * len(command.contacts)
        )
        answer = ARDARY.answer(asked, command, result, tenant)
    assert told(answer)


def test_long_dates_are_refused_and_not_remembered():
    known = moment.cache_info().currsize
    _, answer = carried_out(send(MESSAGE, {**MESSAGE, "date_to_send": "9" * 9999}), taken(""))
    assert told(answer)["sms"][1]["errors"] == ["#007"]
    assert moment.cache_info().currsize == known
