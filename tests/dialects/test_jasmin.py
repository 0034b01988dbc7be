"""Jasmin's APIs, as values; their table runs against the daemon (test_conformance)."""

import json
import uuid
from base64 import b64encode
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.commands import Funds, Money, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import Answer, Answered, Asked, Password
from smsgwd.dialects.jasmin import Jasmin
from smsgwd.dialects.jasmin_answers import Ask, uuid_of
from smsgwd.dialects.jasmin_fields import PATTERNS
from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT, Callback
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import INTERMEDIATE, SENT
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest
from tests.dialects.test_kannel_escapes import item

DIALECT = Jasmin(Options())
TENANT = Tenant("jasmin", time_zone="Europe/Athens")
NOW = 1_795_332_313_000  # 2026-11-22 07:25:13 UTC
WHO = "username=jasmin&password=secret"
BASIC = {"authorization": "Basic " + b64encode(b"jasmin:secret").decode()}


def request(path="/send", query="", body=b"", method=None, headers=None):
    kind = method or ("POST" if body else "GET")
    return HttpRequest(kind, path, [], headers or {}, body, "192.0.2.1", query)


def outcome_of(asked_for):
    """The command, or the text of the answer that ends it."""
    try:
        return DIALECT.command(DIALECT.read(asked_for), TENANT, NOW)
    except Answered as answered:
        return answered.answer.body.decode()


def items_of(query):
    found = outcome_of(request(query=f"{WHO}&to=306912345678&from=Me&{query}"))
    assert isinstance(found, Send), found
    return found.items


def test_who_asks():
    """In the arguments, or by Basic."""
    asked = DIALECT.read(request(query=f"{WHO}&to=1&content=x"))
    assert (asked.credential, asked.label, asked.scope) == (Password("jasmin", "secret"), "jasmin send", "send")
    asked = DIALECT.read(request("/secure/balance", headers=BASIC))
    assert (asked.credential, asked.label, asked.scope) == (
        Password("jasmin", "secret"),
        "jasmin secure/balance",
        "money",
    )
    assert asked.label in DIALECT.labels


def test_a_message():
    """What is not said is not there, and nobody is told."""
    (found,) = items_of("content=hi")
    assert (found.source, found.dest, found.text, found.coding) == ("Me", "306912345678", "hi", "auto")
    assert (found.dlr_url, found.asks, found.callback, found.wire, found.data) == ("", 0, None, None, None)
    assert (found.schedule_at, found.validity_s, found.priority) == (None, None, 1)


def test_times_and_priority():
    """Minutes, and SMPP's times."""
    (found,) = items_of("content=x&validity-period=10&sdt=000000010000000R&priority=2")
    assert (found.validity_s, found.schedule_at, found.priority) == (600, NOW + 3_600_000, 2)
    (found,) = items_of("content=x&sdt=261122120000008%2B")
    assert found.schedule_at == NOW + (2 * 3600 + 34 * 60 + 47) * 1000


@pytest.mark.parametrize(
    ("said", "text", "coding", "data", "data_coding"),
    [
        ("coding=0&content=%ce%b1", "α", "auto", None, None),
        ("coding=1&content=abc", "abc", "auto", None, None),
        ("coding=3&content=%e9", "é", "latin1", None, None),
        ("coding=3&content=%c3%a9", "é", "latin1", None, None),
        ("coding=3&content=%ce%b1", "α", "auto", None, None),
        ("coding=8&content=%03%b1", "α", "ucs2", None, None),
        ("coding=8&content=%ce%b1%ce%b2", "αβ", "ucs2", None, None),
        ("coding=8&content=Hi!", "Hi!", "ucs2", None, None),
        ("coding=8&content=N-", "中", "ucs2", None, None),
        ("coding=2&content=%00%ff", "", "binary", b"\x00\xff", 2),
        ("coding=4&content=%00%ff", "", "binary", b"\x00\xff", None),
        ("coding=6&content=%b0", "", "binary", b"\xb0", 6),
        ("coding=0&hex-content=4100", "A@", "gsm", None, None),
        ("coding=0&hex-content=ff", "", "binary", b"\xff", 0),
        ("coding=3&hex-content=e9", "é", "latin1", None, None),
        ("coding=8&hex-content=03b1", "α", "ucs2", None, None),
        ("coding=8&hex-content=03b103", "", "binary", b"\x03\xb1\x03", 8),
        ("coding=8&hex-content=d800", "", "binary", b"\xd8\x00", 8),
        ("hex-content=", "", "gsm", None, None),
    ],
)
def test_codings(said, text, coding, data, data_coding):
    """Text, or octets that go on as they stand."""
    (found,) = items_of(said)
    assert (found.text, found.coding, found.data) == (text, coding, data)
    assert (found.wire.data_coding if found.wire else None) == data_coding


@pytest.mark.parametrize(
    ("said", "url", "asks", "callback"),
    [
        ("dlr=yes", None, TELL_FINAL | TELL_SENT, Callback("jasmin", method="POST", level=1)),
        ("dlr=no", "", 0, None),
        ("dlr-url=http://h/", "http://h/", TELL_FINAL | TELL_SENT, Callback("jasmin", method="POST", level=1)),
        ("dlr-level=2&dlr-method=get", None, TELL_FINAL, Callback("jasmin", method="GET", level=2)),
        ("dlr-level=3&dlr=no", None, TELL_FINAL | TELL_SENT, Callback("jasmin", method="POST", level=3)),
    ],
)
def test_receipts_asked_for(said, url, asks, callback):
    """A URL or a level asks for itself."""
    (found,) = items_of("content=x&" + said)
    assert (found.dlr_url, found.asks, found.callback) == (url, asks, callback)


def test_parts_have_one_receipt():
    """The last one's."""
    found = items_of("coding=2&dlr-url=http://h/&hex-content=" + "41" * 200)
    assert [(part.dlr_url, part.asks > 0) for part in found] == [("", False), ("http://h/", True)]


def test_tlvs():
    """Of all five types."""
    tlvs = [
        [0x1400, None, "Int1", 7],
        [0x1401, None, "Int2", "0x102"],
        [0x1402, 4, "Int4", 1],
        [0x3000, None, "OctetString", "ab"],
        [0x3FFF, None, "COctetString", "ab"],
    ]
    said = {"to": "306912345678", "content": "x", "custom_tlvs": tlvs}
    (found,) = outcome_of(request("/secure/send", body=json.dumps(said).encode(), headers=BASIC)).items
    assert found.wire is not None and not found.wire.raw
    assert found.wire.tlvs == (
        (0x1400, b"\x07"),
        (0x1401, b"\x01\x02"),
        (0x1402, b"\0\0\0\x01"),
        (0x3000, b"ab"),
        (0x3FFF, b"ab\0"),
    )


@pytest.mark.parametrize(
    "tlv",
    [
        "x",
        [1, 2, 3],
        [0x13FF, None, "Int1", 1],
        [0x4000, None, "Int1", 1],
        [True, None, "Int1", 1],
        [0x1400, None, "Int1", 256],
        [0x1400, None, "Int1", 1.5],
        [0x1400, None, "Int1", "x"],
        [0x1400, None, "Text", "x"],
        [0x1400, None, [], "x"],
        [0x1400, None, "OctetString", 1],
        [0x1400, None, "COctetString", "a\0b"],
        [0x1400, None, "OctetString", "x" * 2100],
    ],
)
def test_what_is_no_tlv(tlv):
    """An error, and no traceback."""
    said = {"to": "306912345678", "content": "x", "custom_tlvs": [tlv]}
    answer = outcome_of(request("/secure/send", body=json.dumps(said).encode(), headers=BASIC))
    assert json.loads(answer)["message"].startswith('Error "Invalid ')


def test_ids():
    """Valid UUIDs from which the number can be read."""
    for number in (1, 2**53, 2**60 - 1, 2**63 - 1):
        found = uuid.UUID(uuid_of(number))
        assert (found.version, found.variant) == (8, uuid.RFC_4122)
        assert (found.int >> 96) << 60 | found.int & (2**60 - 1) == number


def test_balance_and_rate():
    """ND without a limit; what a part costs."""
    asked = DIALECT.read(request("/balance", WHO))
    assert DIALECT.command(asked, TENANT, NOW) == Money()
    told = [
        DIALECT.answer(asked, Money(), funds, TENANT).body for funds in (Funds(5, 0, None), Funds(10_230_000, 0, 0))
    ]
    assert told == [b'{"balance":"ND","sms_count":"ND"}', b'{"balance":10.23,"sms_count":"ND"}']
    asked = DIALECT.read(request("/rate", WHO + "&to=306912345678"))
    command = DIALECT.command(asked, TENANT, NOW)
    assert isinstance(command, Send) and command.dry and command.items[0].dlr_url == ""
    entry = Entry("306912345678", 5, State.QUEUED, 2, price=80_000)
    assert DIALECT.answer(asked, command, Outcome(1, [entry]), TENANT).body == b'{"unit_rate":0.04,"submit_sm_count":2}'


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("no_route", 412, "No route found"),
        ("no_credit", 403, "Cannot charge submit_sm, check RouterPB log file for details"),
        ("over_rate", 403, "User throughput exceeded"),
        ("opted_out", 400, "Value filter failed for user [jasmin] (destination_address filter mismatch)."),
        ("content_refused", 400, "Value filter failed for user [jasmin] (content filter mismatch)."),
        ("invalid_recipient", 400, "Argument [to] has an invalid value: [12]."),
        ("duplicate", 400, "The same message was sent a moment ago"),
        ("no_such_code", 500, "Cannot send submit_sm, check SMPPClientManagerPB log file for details"),
    ],
)
def test_refused_messages(code, status, text):
    """Never success, whichever API."""
    result = Outcome(1, [Entry("12", error=Failure(code))])
    old = DIALECT.read(request(query=f"{WHO}&to=12&content=x"))
    found = DIALECT.answer(old, DIALECT.command(old, TENANT, NOW), result, TENANT)
    assert (found.status, found.body.decode()) == (status, f'Error "{text}"')
    rest = DIALECT.read(request("/secure/send", body=b'{"to": 12, "content": "x"}', headers=BASIC))
    found = DIALECT.answer(rest, DIALECT.command(rest, TENANT, NOW), result, TENANT)
    assert (found.status, json.loads(found.body)) == (status, {"message": f'Error "{text}'})


FIRST = {"id": uuid_of(77), "level": "1", "message_status": "ESME_ROK", "connector": "sim"}
LAST = {
    "id": uuid_of(77),
    "level": "2",
    "message_status": "DELIVRD",
    "connector": "sim",
    "id_smsc": "10001",
    "sub": "001",
    "dlvrd": "001",
    "subdate": "2611220724",
    "donedate": "2611220725",
    "err": "000",
    "text": "",
}
REFUSED = item(State.REJECTED, error=Failure("smsc_rejected", "ESME_RINVDSTADR", 11), smsc_id=None)
LOST = item(State.UNDELIVERED, error=Failure("undelivered", "UNDELIV 069"))


@pytest.mark.parametrize(
    ("item_", "level", "told"),
    [
        (item(kind=SENT), 1, FIRST),
        (item(kind=SENT), 2, None),
        (item(kind=SENT), 3, FIRST),
        (item(kind=INTERMEDIATE), 3, None),
        (item(), 1, None),
        (item(), 2, LAST),
        (item(), 3, LAST),
        (LOST, 2, LAST | {"message_status": "UNDELIV", "dlvrd": "000", "err": "069"}),
        (REFUSED, 1, FIRST | {"message_status": "ESME_RINVDSTADR"}),
        (REFUSED, 2, LAST | {"message_status": "REJECTD", "dlvrd": "000", "err": "011", "id_smsc": ""}),
        (REFUSED, 3, FIRST | {"message_status": "ESME_RINVDSTADR"}),
        (item(State.EXPIRED, smsc_id=None), 1, FIRST | {"message_status": "ESME_RDELIVERYFAILURE"}),
    ],
)
def test_receipts(item_, level, told):
    """Level 1 is the SMSC's answer, level 2 the end; by GET or POST."""
    push = DIALECT.receipt(item_, Callback("jasmin", method="POST", level=level))
    assert told == (None if push is None else dict(parse_qsl(push.body.decode(), keep_blank_values=True)))
    push = DIALECT.receipt(item_, Callback("jasmin", method="GET", level=level))
    if push is not None:
        assert (push.method, push.body) == ("GET", b"")
        before, _, query = push.url.partition("&")
        assert before == "http://h/dlr?x=%d"
        assert told == dict(parse_qsl(query, keep_blank_values=True))


NAMES = st.sampled_from([*PATTERNS["send"], "hex_content", "other"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
JSON = st.dictionaries(NAMES, VALUES, max_size=8)
BATCHES = st.fixed_dictionaries(
    {},
    optional={"messages": VALUES | st.lists(JSON, max_size=3), "globals": VALUES | JSON, "batch_config": VALUES | JSON},
)
QUERY = st.lists(st.tuples(NAMES, st.text(alphabet="&=%+0123456789aZ\x00\xff:/", max_size=18)), max_size=8).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)


@given(
    st.sampled_from(
        ["/send", "/rate", "/balance", "/secure/send", "/secure/sendbatch", "/secure/rate", "/secure/x", "/x"]
    ),
    QUERY | st.text(max_size=40),
    st.binary(max_size=40) | (JSON | BATCHES | VALUES).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["application/json", "", "application/x-www-form-urlencoded", "text/xml"]),
    st.none() | st.text(max_size=20) | st.just(BASIC["authorization"]),
    st.booleans(),
)
def test_nothing_but_answers(path, query, body, method, kind, authorization, known):
    """Whatever comes, it is a command, an answer or a refusal."""
    headers = {"content-type": kind} | ({} if authorization is None else {"authorization": authorization})
    whole = f"{WHO}&to=306912345678&content=x&{query}" if known else query
    asked_for = request(path, whole, body, method, headers)
    asked = None
    try:
        asked = DIALECT.read(asked_for)
        command = DIALECT.command(asked, TENANT, NOW)
        assert isinstance(command, (Send, Money))
        if isinstance(command, Send):
            entries = [Entry(each.dest, 5, State.QUEUED, 1) for each in command.items]
            assert DIALECT.answer(asked, command, Outcome(4, entries), TENANT).status == 200
    except Answered as answered:
        assert isinstance(answered.answer, Answer)
    except Refused as refused:
        assert DIALECT.refused(asked_for, asked, refused).status >= 400


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal(refusal):
    """Read or not, whichever API."""
    ask = Asked(Password("a", "b"), "jasmin send", "send", Ask("send", {}, "a"))
    for path in ("/send", "/rate", "/SEND", "/secure/send", "/secure/sendbatch", "/Secure/x"):
        for asked in (None, ask):
            found = DIALECT.refused(request(path), asked, Refused(refusal))
            assert found.status >= 400
            assert found.body


def _batch(common, messages):
    body = json.dumps({"globals": common, "messages": messages}).encode()
    return outcome_of(request("/secure/sendbatch", body=body, headers=BASIC))


@pytest.mark.parametrize(
    ("common", "messages"),
    [
        ({"content": "a", "to": "1"}, [{}] * 5000),
        ({"content": "a"}, [{}] * 5000),
        ({"content": "a"}, [{"to": [""] * 5000}]),
        ({"content": "a", "to": [""] * 1000}, [{}] * 10),
        ({str(at): 1 for at in range(1000)}, [{}] * 500),
        ({"content": "a", "to": "x" * 10_000}, [{}] * 500),
        ({"content": "x" * 10_000, "to": "306912345678"}, [{}] * 500),
        ({"content": "a"}, [{"content": "x" * 10_000, "to": ["306912345678"] * 500}]),
        ({"content": "a", "to": "306912345678", "custom_tlvs": [[5120, 1, "Int1", 1]] * 200}, [{}] * 500),
        ({"content": "a", "to": "306912345678", "custom_tlvs": [[5120, 1, "OctetString", "x" * 9999]]}, [{}] * 500),
    ],
)
def test_a_batch_is_no_more_than_its_messages_written_out_may_be(common, messages):
    with pytest.raises(Refused) as found:
        _batch(common, messages)
    assert found.value.refusal is Refusal.TOO_LARGE


def test_a_batch_of_as_many_messages_as_there_may_be():
    numbers = [f"3069{at:08d}" for at in range(4000)]
    found = _batch({"content": "x" * 700}, [{"to": numbers}])
    assert isinstance(found, Send) and [one.dest for one in found.items] == numbers
