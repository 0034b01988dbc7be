from contextlib import nullcontext
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as settled
from hypothesis import strategies as st

from smsgwd.admission.numbers import msisdn
from smsgwd.dialects import isms_calls
from smsgwd.dialects.commands import DropContact, Funds, LookedUp, LookUp, Money, PutContacts, Send, StateOf
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import TEXT, Answer, Answered, Asked, Password, Unproven
from smsgwd.dialects.isms import Isms
from smsgwd.dialects.isms_calls import Problem, like_number, read_id, write_id
from smsgwd.model.callbacks import Callback
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.message import Coding, Failure, Message, MessageView, State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem
from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest

NOW = int(datetime(2017, 5, 10, 12, tzinfo=UTC).timestamp()) * 1000  # a Wednesday
TENANT = Tenant("isms", time_zone="Europe/Athens")
DIALECT = Isms(Options(public_url="https://sms.example"))
WHO = "username=xxx&password=yyy"


def request(path, query="", body=b"", method=None, **headers):
    return HttpRequest(
        method or ("POST" if body else "GET"),
        path,
        [],
        {name.replace("_", "-"): value for name, value in headers.items()},
        body,
        "192.0.2.1",
        query,
    )


def call(name, query="", **more):
    return request(f"/api/http/{name}.php", f"{WHO}&{query}" if query else WHO, **more)


def command_of(asked_for):
    """What a request asks for, or the text it is answered with."""
    try:
        return DIALECT.command(DIALECT.read(asked_for), TENANT, NOW)
    except Answered as answered:
        return answered.answer.body.decode()


def send(query):
    return command_of(call("send", query))


def answer_to(asked_for, result):
    """The text for a result (a function of the command, or the result itself)."""
    try:
        asked = DIALECT.read(asked_for)
        command = DIALECT.command(asked, TENANT, NOW)
        answer = DIALECT.answer(asked, command, result(command) if callable(result) else result, TENANT)
    except Answered as answered:
        answer = answered.answer
    assert (answer.status, answer.content_type) == (200, TEXT)
    return answer.body.decode()


def outcome(*codes):
    """Of a submission, an entry a code; None = taken."""
    return Outcome(
        0xABCDEF,
        [
            Entry("306912345678", error=Failure(code)) if code else Entry("306912345678", at, State.QUEUED, 1)
            for at, code in enumerate(codes, 1)
        ],
    )


# ------------------------------------------------------------------ ids
@given(st.integers(0, 2**63 - 1))
def test_ids_are_base_36_and_read_back_in_either_case(number):
    written = write_id(number)
    assert written == written.upper() and 1 <= len(written) <= 13
    assert int(written, 36) == number
    assert read_id(written) == read_id(written.lower()) == number
    assert read_id(written.rjust(13, "0")) == number


@pytest.mark.parametrize(
    "written", ["", " ", "-1", "+1", "1_0", "é", "١", "A" * 14, "ZZZZZZZZZZZZZ", "1Y2P0IJ32E8E8", "A B", "0x1F\n"]
)
def test_what_no_id_can_be(written):
    assert read_id(written) is None


def test_the_pages_own_ids_can_be_read():
    assert (read_id("I7I5R4HTAA"), read_id("0008FABD"), read_id("0adgre1")) == (
        int("I7I5R4HTAA", 36),
        int("8FABD", 36),
        int("adgre1", 36),
    )


# ------------------------------------------------------------------ send
def test_the_pages_send():
    asked = DIALECT.read(
        request(
            "/api/http/send.php",
            "username=xxx&password=xxx&from=myself&message=text+at+utf8+format&to=306912345678,306998765432",
        )
    )
    assert (asked.credential, asked.label, asked.scope) == (Password("xxx", "xxx"), "isms send", "send")
    command = DIALECT.command(asked, TENANT, NOW)
    assert isinstance(command, Send) and command.keep_refused and not command.dry
    assert [item.dest for item in command.items] == ["306912345678", "306998765432"]
    for item in command.items:
        assert (item.source, item.text, item.coding, item.flash) == ("myself", "text at utf8 format", "auto", False)
        assert (item.schedule_at, item.dlr_url, item.international) == (None, None, True)
        assert item.callback == Callback("isms", "Europe/Athens")


def test_one_id_for_all_recipients():
    assert answer_to(call("send", "from=a&to=306912345678&message=x"), outcome(None)) == "ID:6PBSF"
    taken = outcome(None, "invalid_recipient")
    assert answer_to(call("send", "from=a&to=306912345678,1&message=x"), taken) == "ID:" + write_id(0xABCDEF)


def test_a_form_does_as_well_and_what_it_says_goes_before_the_query():
    form = request(
        "/api/http/send.php",
        "from=query&to=306912345678",
        f"{WHO}&from=form&message=%CE%93%CE%B5%CE%B9%CE%B1".encode(),
        content_type="application/x-www-form-urlencoded; charset=utf-8",
    )
    (item,) = command_of(form).items
    assert (item.source, item.text) == ("form", "Γεια")


def test_a_form_in_parts():
    parts = {"username": "u", "password": "p", "from": "myself", "to": "306912345678", "message": "Γειά & 100%"}
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
    )
    kind = "multipart/form-data; boundary=b"
    asked_for = request("/api/http/send.php", "", f"{body}--b--\r\n".encode(), content_type=kind)
    assert DIALECT.read(asked_for).credential == Password("u", "p")
    assert command_of(asked_for).items[0].text == "Γειά & 100%"
    with pytest.raises(Refused) as caught:
        DIALECT.read(request("/api/http/send.php", "", body.encode(), content_type=kind))
    assert caught.value.refusal is Refusal.MALFORMED


@pytest.mark.parametrize(
    ("written", "is_one"),
    [
        ("306912345678", True), ("+30 691-234 5678", True), ("00306912345678", True), ("1 (212) 555.0100", True),
        ("2101234567890", False), ("+21 01234567890", False), ("12", False), ("0306912345678", False), ("abc", False),
    ],
)  # fmt: skip
def test_numbers_are_those_that_admission_takes(written, is_one):
    assert like_number(written) is is_one
    with nullcontext() if is_one else pytest.raises(Refused):
        msisdn(written, international=True)


def test_a_number_written_in_several_ways_is_one_recipient():
    asked_for = call("send", "from=a&to=306912345678,%2B306912345678,12,00306912345678,30+691-2345678,%2B12&message=x")
    assert [item.dest for item in command_of(asked_for).items] == ["306912345678", "12", "+12"]


def test_the_rehearsal_of_a_bad_date_has_the_text_since_credits_go_before_dates():
    (item,) = command_of(call("send", "from=a&to=306912345678&message=xyz&schedule=tomorow")).items
    assert item.text == "xyz"


def test_a_body_of_another_type_is_refused():
    with pytest.raises(Refused) as caught:
        DIALECT.read(request("/api/http/send.php", WHO, b"{}", content_type="application/json"))
    assert caught.value.refusal is Refusal.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("from=a&to=306912345678", ""),
        ("from=a&to=306912345678&message=", ""),
        ("from=a&to=306912345678&message=one&message=two", "two"),
        ("from=a&to=306912345678&message=50% off%", "50% off%"),
        ("from=a&to=306912345678&message=%CE%93%CE%B5%CE%B9%CE%B1+%D9%85%D8%B1&coding=UTF-8", "Γεια مر"),
        ("from=a&to=306912345678&message=a%2Bb+c%26d&coding=GSM", "a+b c&d"),
        ("from=a&to=306912345678&message=x&coding=utf8&unknown=1", "x"),
        ("from=a&to=306912345678&message=x&coding=", "x"),
    ],
)
def test_texts(query, text):
    (item,) = send(query).items
    assert (item.text, item.coding, item.may_be_empty) == (text, "auto", True)


@pytest.mark.parametrize(
    ("flash", "is_flash"), [("", False), ("&flash=", False), ("&flash=0", False), ("&flash=1", True)]
)
def test_flash(flash, is_flash):
    (item,) = send("from=a&to=306912345678&message=x" + flash).items
    assert item.flash is is_flash


@pytest.mark.parametrize(
    ("phrase", "local"),
    [
        ("2017-07-17", (2017, 7, 17)),
        ("2017-05-11 14:40", (2017, 5, 11, 14, 40)),
        ("2017-05-11+14:40", (2017, 5, 11, 14, 40)),
        ("2017-05-22%2017:47:55", (2017, 5, 22, 17, 47, 55)),
        ("11 June 2017 11:00:00", (2017, 6, 11, 11)),
        ("+1 day", (2017, 5, 11, 15)),
        ("%2B1+day", (2017, 5, 11, 15)),
        ("+1 week", (2017, 5, 17, 15)),
        ("+1 week 2 days 4 hours 2 seconds", (2017, 5, 19, 19, 0, 2)),
        ("next Thursday", (2017, 5, 11)),
        ("2017-04-22 17:47:55", None),
        ("last Monday", None),
        ("", None),
    ],
)
def test_schedules_are_the_tenants_local_time_and_the_past_is_now(phrase, local):
    (item,) = send(f"from=a&to=306912345678&message=x&schedule={phrase}").items
    if local is None:
        assert item.schedule_at is None
    else:
        assert item.schedule_at == datetime(*local, tzinfo=ZoneInfo("Europe/Athens")).timestamp() * 1000


@pytest.mark.parametrize("phrase", ["tomorow", "%FF", "2017-13-45", "x" * 300, "%2B99999999999999 years", "%00"])
def test_an_unreadable_date(phrase):
    asked_for = call("send", f"from=a&to=306912345678&message=x&schedule={phrase}")
    assert command_of(asked_for).dry
    assert answer_to(asked_for, outcome(None)) == "Error: Invalid scheduling date."


def test_recipients_are_sent_to_once_and_empty_ones_left_out():
    command = send("from=a&message=x&to=,306912345678, 306912345678,,+306998765432,abc,")
    assert [item.dest for item in command.items] == ["306912345678", "306998765432", "abc"]


def test_as_many_recipients_as_one_submission_holds():
    numbers = [str(306900000000 + each) for each in range(4096)]
    assert len(send("from=a&to=" + ",".join(numbers[:4095])).items) == 4095
    assert send("from=a&to=" + ",".join(numbers)) == "Error: Too many recipients."


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "Error: No recipients."),
        ("from=a&message=x", "Error: No recipients."),
        ("from=a&to=&message=x", "Error: No recipients."),
        ("from=a&to=,,&message=x", "Error: No recipients."),
        ("from=a&to=abc,123,%FF&message=x", "Error: No recipients."),
        ("from=a&to=3069123456789012345&message=x", "Error: No recipients."),
        ("to=abc&schedule=nonsense", "Error: No recipients."),
        ("to=306912345678&message=x", "Error: Invalid sender identity."),
        ("from=&to=306912345678&message=x", "Error: Invalid sender identity."),
        ("from=+&to=306912345678&message=x&schedule=nonsense", "Error: Invalid sender identity."),
    ],
)
def test_errors_before_anybody_is_asked(query, told):
    assert send(query) == told


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("schedule=nonsense", "Error: Invalid scheduling date."),
        ("schedule=nonsense&message=%FF", "Error: Invalid scheduling date."),
        ("message=%FF%FE", "Error: Invalid message."),
        ("message=%ED%A0%80", "Error: Invalid message."),
        ("message=x&coding=EBCDIC", "Error: Invalid coding."),
        ("message=x&flash=2", "Error: Invalid flash."),
        ("message=x&flash=true", "Error: Invalid flash."),
        ("message=x&dlr-url=ftp://a.example/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=%20http://a.example/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http:///x", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://me:word@a.example/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://%P.a.example/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://a..example/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://a.example%5Ca/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://a.example/%23x", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://[::1/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://a.example:99999/", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=%CE%93", "Error: Invalid dlr-url."),
        ("message=x&dlr-url=http://a.example/" + "x" * 2048, "Error: Invalid dlr-url."),
    ],
)
def test_errors_that_sender_and_credits_go_before(query, told):
    asked_for = call("send", "from=a&to=306912345678&" + query)
    command = command_of(asked_for)
    assert isinstance(command, Send) and command.dry
    assert answer_to(asked_for, outcome(None)) == told
    assert answer_to(asked_for, outcome(None, "no_credit")) == told
    assert answer_to(asked_for, outcome("invalid_text")) == told
    assert answer_to(asked_for, outcome("sender_not_allowed")) == "Error: Invalid sender identity."
    assert answer_to(asked_for, outcome("no_credit")) == "Error: Insufficient credits."
    assert answer_to(asked_for, outcome("invalid_recipient")) == "Error: No recipients."


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["invalid_recipient"], "No recipients."),
        (["opted_out", "blacklisted", "no_route", "destination_barred", "flood", "quiet_hours"], "No recipients."),
        (["invalid_sender"], "Invalid sender identity."),
        (["sender_not_allowed", "invalid_recipient"], "Invalid sender identity."),
        (["no_credit"], "Insufficient credits."),
        (["invalid_recipient", "no_credit"], "Insufficient credits."),
        (["invalid_schedule"], "Invalid scheduling date."),
        (["too_many_parts"], "Invalid message."),
        (["invalid_text"], "Invalid message."),
        (["content_refused"], "Invalid message."),
        (["duplicate"], "Invalid message."),
        (["invalid_dlr_url"], "Invalid dlr-url."),
        (["something_new"], "No recipients."),
        ([], "No recipients."),
    ],
)
def test_when_nobody_got_it(codes, told):
    assert answer_to(call("send", "from=a&to=306912345678&message=x"), outcome(*codes)) == "Error: " + told


def test_a_dlr_url_is_written_as_it_can_be_called():
    (item,) = send("from=a&to=306912345678&message=x&dlr-url=http://a.example/?q={%25d|%25p}").items
    assert item.dlr_url == "http://a.example/?q=%7B%d%7C%p%7D"


def test_a_dlr_url_is_kept_as_written():
    url = "http://a.example/dlr?id=%I&s=%d"
    (item,) = send("from=a&to=306912345678&message=x&dlr-url=http%3A%2F%2Fa.example%2Fdlr%3Fid%3D%25I%26s%3D%25d").items
    assert item.dlr_url == url
    (item,) = send("from=a&to=306912345678&message=x&dlr-url=").items
    assert item.dlr_url is None  # the tenant's


# ------------------------------------------------------------------ who asks
@pytest.mark.parametrize(
    "query",
    [
        "",
        "username=x",
        "password=x",
        "username=&password=x",
        "username=x&password=",
        "username=%FF&password=x",
        "username=x&password=%FF",
        "USERNAME=x&PASSWORD=y",
    ],
)
@pytest.mark.parametrize("name", ["send", "query", "credits", "hlr", "hlrquery", "savecontact", "deletecontact"])
def test_without_credentials_nothing_else_is_told(name, query):
    assert command_of(request(f"/api/http/{name}.php", query)) == "Error: Authentication error."


@pytest.mark.parametrize(
    "path",
    ["/api/http/Send.php", "/API/http/send.php", "/api/http/", "/api/http/other.php", "/api/http/send.php/", "/x", "/"],
)
def test_unknown_paths(path):
    with pytest.raises(Refused) as caught:
        DIALECT.read(request(path, WHO))
    assert caught.value.refusal is Refusal.NOT_FOUND


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get"])
def test_other_methods(method):
    with pytest.raises(Refused) as caught:
        DIALECT.read(call("send", "from=a", method=method))
    answer = DIALECT.refused(call("send", method=method), None, caught.value)
    assert (answer.status, answer.headers) == (405, (("Allow", "GET, POST"),))
    assert answer.body == b"Error: This path does not take this method."


# ------------------------------------------------------------------ queries
def view(state):
    message = Message(
        1, 2, "isms", "a", "306912345678", "306912345678", b"x", Coding.GSM7, 1, "sim", NOW, NOW + 1, state=state
    )
    return MessageView(message, None, None, None, None)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.SCHEDULED, "Queued"),
        (State.WAITING, "Queued"),
        (State.QUEUED, "Queued"),
        (State.SENT, "Pending"),
        (State.DELIVERED, "Delivered"),
        (State.UNDELIVERED, "Failed"),
        (State.EXPIRED, "Failed"),
        (State.REJECTED, "Failed"),
        (State.CANCELLED, "Failed"),
        (State.UNKNOWN, "Failed"),
    ],
)
def test_states(state, told):
    asked_for = call("query", "mid=0008FABD&mobile=306912345678")
    assert command_of(asked_for) == StateOf(int("8FABD", 36), "306912345678")
    assert answer_to(asked_for, view(state)) == f"Status: {told}"


def test_a_refused_recipient_failed_and_an_unknown_one_is_none():
    asked_for = call("query", "mid=0008fabd&mobile=+306912345678")
    assert command_of(asked_for) == StateOf(int("8FABD", 36), "306912345678")
    assert answer_to(asked_for, "invalid_recipient") == "Status: Failed"
    assert answer_to(asked_for, None) == "Error: No such message or recipient."


@pytest.mark.parametrize("name", ["query", "hlrquery"])
@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "Error: No message ID defined."),
        ("mid=&mobile=", "Error: No message ID defined."),
        ("mobile=306912345678", "Error: No message ID defined."),
        ("mid=1", "Error: No mobile defined."),
        ("mid=1&mobile=+", "Error: No mobile defined."),
        ("mid=%21&mobile=", "Error: No mobile defined."),
        ("mid=%21&mobile=306912345678", "Error: No such message"),
        ("mid=%FF&mobile=306912345678", "Error: No such message"),
        ("mid=ZZZZZZZZZZZZZ&mobile=306912345678", "Error: No such message"),
    ],
)
def test_queries_that_ask_for_nothing(name, query, told):
    assert command_of(call(name, query)).startswith(told)


@pytest.mark.parametrize(
    ("funds", "told"),
    [
        (Funds(3_948_470_000, 0, 0), "3948.47"),
        (Funds(3_948_479_999, 5, 0), "3948.47"),
        (Funds(0, 0, 0), "0.00"),
        (Funds(5_000_000, 0, -10_000_000), "15.00"),
        (Funds(-12_340_001, 0, None), "-12.35"),
        (Funds(-500_000, 0, None), "-0.50"),
        (Funds(0, 0, None), "0.00"),
        (Funds(-1, 0, None), "-0.01"),
        (Funds(1_234_567_890_000, 0, 0), "1234567.89"),
    ],
)
def test_credits(funds, told):
    assert command_of(call("credits")) == Money()
    assert answer_to(call("credits"), funds) == f"Credits:{told}"


# ------------------------------------------------------------------ lookups
def lookup(state, **facts):
    return Lookup(
        7, int("adgre1", 36), "isms", "306971234567", "306971234567", NOW, None, 0, LookupFacts(state, **facts)
    )


def test_the_pages_lookup():
    asked_for = call("hlr", "mobiles=306949876543,306931234567,35712548796,306949876543")
    assert command_of(asked_for) == LookUp(("306949876543", "306931234567", "35712548796"))
    assert answer_to(asked_for, [lookup(LookupState.QUEUED)]) == "ID:adgre1"
    assert command_of(call("hlrquery", "mid=0adgre1&mobile=306971234567")) == LookedUp(
        int("adgre1", 36), "306971234567"
    )


@pytest.mark.parametrize("query", ["", "mobiles=", "mobiles=,,", "mobiles=abc", "to=306949876543"])
def test_lookups_of_nobody(query):
    assert command_of(call("hlr", query)) == "Error: No recipients."


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (lookup(LookupState.QUEUED, country="GR"), "Queued"),
        (lookup(LookupState.PENDING), "Pending"),
        (
            lookup(LookupState.DELIVERED, country="GR", operator="Cosmote", imsi="202010000000001", msc="306970000000"),
            "Delivered;GR;Cosmote;202010000000001;306970000000;",
        ),
        (lookup(LookupState.UNDELIVERED, country="GR", error="27"), "Undelivered;GR;;;;27"),
        (lookup(LookupState.UNKNOWN), "Unknown;;;;;"),
        (lookup(LookupState.FAILED, operator="A;B\r\nC", error="1"), "Failed;;A B  C;;;1"),
        (None, "Error: No such message ID or mobile."),
    ],
)
def test_what_lookups_found(found, told):
    assert answer_to(call("hlrquery", "mid=1&mobile=306971234567"), found) == told


# ------------------------------------------------------------------ contacts
SAVE = "surname=SURNAME&name=NAME&mobile=306912345678&comments=COMMENTS"


def test_a_contact():
    asked_for = call("savecontact", SAVE)
    assert DIALECT.read(asked_for).scope == "contacts"
    person = Contact("306912345678", first_name="NAME", last_name="SURNAME", comments="COMMENTS")
    assert command_of(asked_for) == PutContacts((person,))
    assert answer_to(asked_for, [None]) == "OK"
    assert answer_to(asked_for, [Refused(Refusal.INVALID_RECIPIENT)]) == "Error: Invalid mobile number."
    assert answer_to(asked_for, [Refused(Refusal.INVALID)]) == "FAILED"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "Error: Mobile number is empty."),
        ("surname=A&name=B&comments=C", "Error: Mobile number is empty."),
        ("surname=A&name=B&comments=C&mobile=", "Error: Mobile number is empty."),
        ("mobile=abc", "Error: Invalid mobile number."),
        ("surname=A&name=B&comments=C&mobile=123", "Error: Invalid mobile number."),
        ("surname=A&name=B&comments=C&mobile=%FF", "Error: Invalid mobile number."),
        ("name=B&comments=C&mobile=306912345678", "FAILED"),
        ("surname=A&comments=C&mobile=306912345678", "FAILED"),
        ("surname=A&name=B&mobile=306912345678", "FAILED"),
        ("surname=%FF&name=B&comments=C&mobile=306912345678", "FAILED"),
        ("surname=A&name=%00&comments=C&mobile=306912345678", "FAILED"),
        (f"surname={'A' * 101}&name=B&comments=C&mobile=306912345678", "FAILED"),
        (f"surname=A&name=B&comments={'C' * 1001}&mobile=306912345678", "FAILED"),
    ],
)
def test_contacts_that_cannot_be_saved(query, told):
    assert command_of(call("savecontact", query)) == told


@pytest.mark.parametrize("path", ["/api/http/deletecontact.php", "/api/http/api/http/deletecontact.php"])
def test_deleting_a_contact(path):
    asked_for = request(path, WHO + "&mobile=306912345678")
    assert command_of(asked_for) == DropContact("306912345678")
    assert (answer_to(asked_for, True), answer_to(asked_for, False)) == ("OK", "FAILED")
    assert command_of(request(path, WHO)) == "Error: Mobile number is empty."
    assert command_of(request(path, WHO + "&mobile=x")) == "Error: Invalid mobile number."


# ------------------------------------------------------------------ refusals
@pytest.mark.parametrize("refusal", list(Refusal))
@pytest.mark.parametrize("path", ["/api/http/send.php", "/api/http/savecontact.php", "/elsewhere"])
@pytest.mark.parametrize("read", [True, False])
def test_every_refusal_is_a_line_of_text(refusal, path, read):
    asked_for = request(path, WHO)
    asked = DIALECT.read(asked_for) if read and path != "/elsewhere" else None
    answer = DIALECT.refused(asked_for, asked, Refused(refusal, "a detail of ours"))
    assert answer.content_type == TEXT and b"detail" not in answer.body
    assert answer.body.startswith((b"Error: ", b"FAILED")) and b"\n" not in answer.body
    assert answer.status == 200 or answer.status == refusal.http


@pytest.mark.parametrize(
    ("name", "refused", "status", "told"),
    [
        ("send", Unproven(True), 200, "Error: Authentication error."),
        ("savecontact", Unproven(False), 200, "Error: Authentication error."),
        ("send", Refused(Refusal.OUT_OF_SCOPE), 200, "Error: Authentication error."),
        ("send", Refused(Refusal.TOO_MANY_FAILURES), 429, "Error: Authentication error."),
        ("hlr", Refused(Refusal.NO_CREDIT), 200, "Error: Insufficient credits."),
        ("hlr", Refused(Refusal.INVALID_RECIPIENT), 200, "Error: No recipients."),
        ("query", Refused(Refusal.INVALID_RECIPIENT), 200, "Error: No such message or recipient."),
        ("hlrquery", Refused(Refusal.INVALID_RECIPIENT), 200, "Error: No such message ID or mobile."),
        ("deletecontact", Refused(Refusal.INVALID_RECIPIENT), 200, "Error: Invalid mobile number."),
        ("deletecontact", Refused(Refusal.STORE_UNAVAILABLE), 503, "FAILED"),
        ("send", Refused(Refusal.OVERLOADED), 503, "Error: Too much is waiting; nothing was taken."),
        ("send", Refused(Refusal.MALFORMED), 400, "Error: The request is malformed."),
        ("send", Refused(Refusal.OVER_RATE), 429, "Error: More messages or requests a second than agreed."),
    ],
)
def test_refusals_of_the_gateway(name, refused, status, told):
    answer = DIALECT.refused(call(name), DIALECT.read(call(name)), refused)
    assert (answer.status, answer.body.decode()) == (status, told)


# ------------------------------------------------------------------ receipts
def owed(url, state=State.DELIVERED, kind="message.delivered", error=None, submission=0xABCDEF):
    return OutboxItem(
        1, "isms", "t", url, kind, NOW, NOW, 0, 9, "306912345678", "myself", None, state, error, NOW - 5000, NOW, 1,
        submission=submission, smsc_id="s1",
    )  # fmt: skip


ATHENS = Callback("isms", "Europe/Athens")


@pytest.mark.parametrize(
    ("url", "begin"),
    [
        ("http://a.example/dlr", "http://a.example/dlr?"),
        ("http://a.example/dlr?x=1", "http://a.example/dlr?x=1&"),
        ("http://a.example/?x=%41", "http://a.example/?x=%41&"),
    ],
)
def test_a_receipt_without_escapes(url, begin):
    push = DIALECT.receipt(owed(url), ATHENS)
    assert (push.method, push.body, push.content_type) == ("GET", b"", "")
    told = f"mid={write_id(0xABCDEF)}&mobile=306912345678&status=Delivered&date=2017-05-10+15%3A00%3A00&err="
    assert push.url == begin + told
    error = Failure("undelivered", "UNDELIV 069")
    push = DIALECT.receipt(owed(url, State.UNDELIVERED, "message.undelivered", error), ATHENS)
    assert "status=Failed&" in push.url and push.url.endswith("&err=undelivered")


def test_a_receipt_with_escapes():
    url = "http://a.example/?s=%d&id=%I&to=%p&from=%P&t=%t&x=%41&a=%A"
    push = DIALECT.receipt(owed(url), ATHENS)
    begin = f"http://a.example/?s=1&id={write_id(0xABCDEF)}&to=306912345678&from=myself&t=2017-05-10+12:00:00&x=%41&a="
    assert push.url.startswith(begin) and "stat%3ADELIVRD" in push.url
    failed = owed(url, State.EXPIRED, "message.expired", Failure("expired"))
    assert DIALECT.receipt(failed, ATHENS).url.startswith("http://a.example/?s=2&")


@pytest.mark.parametrize("kind", [SENT, INTERMEDIATE])
def test_only_receipts_are_told(kind):
    assert DIALECT.receipt(owed("http://a.example/", State.SENT, kind), ATHENS) is None
    assert DIALECT.event("call", b"{}", ATHENS, "http://a.example/", NOW) is None


# ------------------------------------------------------------------ whatever comes
NAMES = ("username", "password", "from", "to", "message", "coding", "flash", "schedule", "dlr-url", "mid", "mobile",
         "mobiles", "surname", "name", "comments")  # fmt: skip
queries = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=200),
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.text(st.characters(max_codepoint=255), max_size=30)), max_size=12
    ).map(lambda pairs: "&".join([WHO, *(f"{name}={value}" for name, value in pairs)])),
)


@given(
    st.sampled_from(
        [f"/api/http/{name}.php" for name in ("send", "query", "credits", "hlr", "hlrquery", "savecontact")] + ["/api/"]
    ),
    queries,
    st.binary(max_size=100),
    st.sampled_from(["GET", "POST", "HEAD", "X"]),
    st.sampled_from(["", "application/x-www-form-urlencoded", "text/xml", "\xff;"]),
)
@settled(max_examples=400, deadline=None)
def test_whatever_comes_is_answered(path, query, body, method, kind):
    asked_for = request(path, query, body, method, content_type=kind)
    asked = None
    try:
        asked = DIALECT.read(asked_for)
        assert isinstance(asked, Asked) and asked.label in DIALECT.labels
        DIALECT.command(asked, TENANT, NOW)
    except Answered as answered:
        assert isinstance(answered.answer, Answer) and answered.answer.body
    except Refused as refused:
        assert DIALECT.refused(asked_for, asked, refused).body


def test_too_many_fields_are_refused():
    with pytest.raises(Refused) as caught:
        DIALECT.read(call("send", "&".join("x" * 1001)))
    assert caught.value.refusal is Refusal.MALFORMED


def test_sentences_are_told_without_their_carrier():
    with pytest.raises(Problem, match=r"^No recipients\.$"):
        isms_calls.numbers_of([])
