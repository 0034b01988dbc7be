"""Kannel's sendsms, as values; its table runs against the daemon (test_conformance)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.commands import Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import Answer, Answered, Asked, Password
from smsgwd.dialects.kannel import Kannel
from smsgwd.dialects.kannel_fields import Fields, Problem, decoded, number
from smsgwd.model.callbacks import TELL_INTERMEDIATE, TELL_SENT, Callback, tell
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import SENT
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest
from tests.dialects.test_kannel_escapes import item

DIALECT = Kannel(Options())
TENANT = Tenant("kannel")
NOW = 1_795_332_313_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
WHO = "username=kannel&password=secret&from=Me&to=306912345678"


def request(query="", body=b"", method=None, path="/cgi-bin/sendsms", headers=None):
    kind = method or ("POST" if body else "GET")
    return HttpRequest(kind, path, [], headers or {}, body, "192.0.2.1", query)


def command_of(query, tenant=TENANT):
    """The command, or the answer that ends it."""
    try:
        found = DIALECT.command(DIALECT.read(request(f"{WHO}&{query}")), tenant, NOW)
    except Answered as answered:
        return answered.answer.body.decode()
    assert isinstance(found, Send)
    return found


def item_of(query, tenant=TENANT):
    (found,) = command_of(query, tenant).items
    return found


def test_who_asks():
    """By either name."""
    for query in ("username=a&password=b&to=1", "user=a&pass=b&to=1"):
        asked = DIALECT.read(request(query))
        assert (asked.credential, asked.label, asked.scope) == (Password("a", "b"), "kannel sendsms", "send")
        assert asked.label in DIALECT.labels


def test_a_message():
    """What is not said is not there, and nobody is told."""
    found = item_of("text=hi")
    assert (found.source, found.dest, found.text, found.coding) == ("Me", "306912345678", "hi", "auto")
    assert (found.dlr_url, found.asks, found.callback, found.wire, found.data) == ("", 0, None, None, None)
    assert (found.schedule_at, found.validity_s, found.priority, found.flash) == (None, None, 1, False)


def test_times_and_priority():
    """Minutes become seconds, and milliseconds since 1970."""
    found = item_of("text=x&validity=10&deferred=5&priority=3&pid=64")
    assert (found.validity_s, found.schedule_at, found.priority) == (600, NOW + 300_000, 3)
    assert found.wire is not None and found.wire.protocol_id == 64 and not found.wire.raw


@pytest.mark.parametrize(
    ("mask", "asks"),
    [
        ("1", tell(State.DELIVERED)),
        ("4", TELL_INTERMEDIATE),
        ("8", TELL_SENT),
        ("9", TELL_SENT | tell(State.DELIVERED)),
        ("16", tell(State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)),
        ("2", tell(State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED, State.UNKNOWN)),
    ],
)
def test_masks(mask, asks):
    """Which states a mask asks for."""
    found = item_of(f"text=x&dlr-mask={mask}&dlr-url=http://h/%25d")
    assert found.asks == asks
    assert found.dlr_url == "http://h/%d"
    assert found.callback == Callback("kannel", level=int(mask))


@pytest.mark.parametrize("mask", ["0", "-1", "32", "64", "x"])
def test_a_mask_that_asks_for_nothing(mask):
    """Nobody is told, whatever URL there is."""
    found = item_of(f"text=x&dlr-mask={mask}&dlr-url=http://h/", Tenant("kannel", dlr_url="http://t/"))
    assert (found.dlr_url, found.asks, found.callback) == ("", 0, None)


def test_the_tenants_url():
    """In Kannel's way where it has escapes, else in ours."""
    kannel = item_of("text=x&dlr-mask=1", Tenant("kannel", dlr_url="http://t/?d=%d&n=%n"))
    assert (kannel.dlr_url, kannel.callback) == (None, Callback("kannel", level=1, fields={"n": "kannel"}))
    native = item_of("text=x&dlr-mask=1", Tenant("kannel", dlr_url="http://t/"))
    assert (native.dlr_url, native.callback, native.asks) == (None, None, tell(State.DELIVERED))


def test_odd_urls():
    """What no URL can hold is percent-encoded."""
    found = item_of("text=x&dlr-mask=1&dlr-url=http://h/%3Fa%3Db%20%c3%a9")
    assert found.dlr_url == "http://h/?a=b%20%C3%A9"
    for bad in ("http://user:pw@h/", "http://h/%23x", "http://h:0/", "http://[/", "HTTP:/h"):
        assert command_of(f"text=x&dlr-mask=1&dlr-url={bad}") == "DLR-URL field misformed, rejected"


def test_parts_have_one_receipt():
    """The first one's, and all are taken or none."""
    found = command_of("mclass=1&dlr-mask=1&dlr-url=http://h/&text=" + "x" * 200)
    assert found.whole
    assert [(part.dlr_url, part.asks > 0) for part in found.items] == [("http://h/", True), ("", False)]


@pytest.mark.parametrize(
    ("item_", "level", "url"),
    [
        (item(), 1, "http://h/dlr?x=1"),
        (item(), 30, None),
        (item(kind=SENT), 8, "http://h/dlr?x=8"),
        (item(kind=SENT), 7, None),
        (item(State.UNDELIVERED), 2, "http://h/dlr?x=2"),
        (item(State.UNDELIVERED), 16, None),
        (item(State.REJECTED, smsc_id=None), 16, "http://h/dlr?x=16"),
        (item(State.REJECTED, smsc_id=None), 2, "http://h/dlr?x=16"),
        (item(State.REJECTED, smsc_id=None), 1, None),
    ],
)
def test_receipts(item_, level, url):
    """By GET, where the mask asks for it."""
    push = DIALECT.receipt(item_, Callback("kannel", level=level))
    assert (None if push is None else (push.method, push.url)) == (None if url is None else ("GET", url))


def answer_to(query, *entries):
    asked = DIALECT.read(request(query))
    command = DIALECT.command(asked, TENANT, NOW)
    return DIALECT.answer(asked, command, Outcome(1, list(entries)), TENANT)


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("invalid_recipient", 400, "Number(s) has/have been denied by white- and/or black-lists."),
        ("opted_out", 400, "Number(s) has/have been denied by white- and/or black-lists."),
        ("no_route", 403, "Not routable. Do not try again."),
        ("invalid_sender", 400, "Sender missing and no global set, rejected"),
        ("too_many_parts", 400, "Charset or body misformed, rejected"),
        ("no_such_code", 503, "Temporal failure, try again later."),
    ],
)
def test_refused_messages(code, status, text):
    """Never success."""
    found = answer_to(WHO + "&text=x", Entry("306912345678", error=Failure(code)))
    assert (found.status, found.body.decode()) == (status, text)


def test_some_refused():
    """They are named, numbers that look like none are not repeated."""
    query = "username=a&password=b&from=Me&to=306912345678+306912345679+%3Cb%3E&text=x"
    well, bad = Entry("306912345678", 5, State.QUEUED, 1), Entry("306912345679", error=Failure("opted_out"))
    assert answer_to(query, well, bad).body == b"0: Accepted for delivery. Denied receivers are: ? 306912345679"
    later = Entry("306912345678", 5, State.SCHEDULED, 1)
    assert answer_to(query, later, bad).body == b"3: Queued for later delivery. Denied receivers are: ? 306912345679"
    deferred = answer_to(f"{query}&deferred=5", later, bad).body
    assert deferred == b"0: Accepted for delivery. Denied receivers are: ? 306912345679"


def test_numbers():
    """As sscanf reads them."""
    values = [b"7", b" -1", b"+2", b"3x", b"x", b"", None, b"99999999999999", b"-99999999999"]
    assert [number(value) for value in values] == [7, -1, 2, 3, -1, -1, -1, 10**9, 10**9]


@pytest.mark.parametrize("charset", ["zlib", "hex", "rot13", "unicode_escape", "utf-7", "idna", "../x", "é", "os"])
def test_what_is_no_charset(charset):
    """Codecs that are none of texts, or cost more than a text should, are not taken."""
    with pytest.raises(Problem):
        decoded(b"x", charset.encode(), "utf-8")


@pytest.mark.parametrize(
    "charset", ["UTF-8", "windows-1253", "ISO-8859-7", "ascii", "koi8-r", "KOI8-U", "cp437", "GBK"]
)
def test_charsets(charset):
    """Whatever Python has."""
    assert decoded(b"x", charset.encode(), "utf-16-be") == "x"


PIECES = st.text(alphabet="&=%+" + string.printable[:20] + "\x00\xff", max_size=20)
NAMES = st.sampled_from([name.replace("_", "-") for name in Fields.__struct_fields__[:16]] + ["from", "text", "user"])
FIELDS = st.lists(st.tuples(NAMES, PIECES), max_size=12).map(lambda pairs: "&".join(f"{n}={v}" for n, v in pairs))


@given(
    FIELDS | st.text(max_size=60),
    st.binary(max_size=60) | FIELDS.map(lambda text: text.encode("latin-1")),
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(
        ["", "text/plain", "application/octet-stream; charset=x", "text/xml", "a;b", "text/plain;charset=gbk"]
    ),
    st.dictionaries(
        st.sampled_from(["to", "from", "udh", "coding", "dlr-url", "username", "password"]).map(
            lambda n: "x-kannel-" + n
        ),
        st.text(max_size=10),
    ),
    st.booleans(),
)
def test_nothing_but_answers(query, body, method, kind, headers, known):
    """Whatever comes, it is a command, an answer or a refusal."""
    asked_for = request((WHO + "&" if known else "") + query, body, method, headers={"content-type": kind, **headers})
    asked = None
    try:
        asked = DIALECT.read(asked_for)
        assert isinstance(DIALECT.command(asked, TENANT, NOW), Send)
    except Answered as answered:
        assert isinstance(answered.answer, Answer)
    except Refused as refused:
        assert DIALECT.refused(asked_for, asked, refused).status >= 400


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal(refusal):
    """Read or not, below a path of ours or not."""
    for path in ("/cgi-bin/sendsms", "/cgi-bin/x"):
        for asked in (None, Asked(Password("a", "b"), "kannel sendsms", "send")):
            found = DIALECT.refused(request(path=path), asked, Refused(refusal))
            assert found.status >= 400
            assert found.body
            assert ("X-Smsgwd-Error", refusal.code) in found.headers


def test_a_long_sender_is_there_once_however_many_recipients_there_are():
    body = (
        b"username=a&password=b&text=x&from=" + b"x" * 9999 + b"&to=" + b"+".join(b"3069%08d" % at for at in range(99))
    )
    found = DIALECT.command(DIALECT.read(request(body=body, headers=FORM)), TENANT, NOW)
    assert len({id(one.source) for one in found.items}) == 1


def test_recipients_and_parts_together_are_no_more_than_one_submission_holds():
    query = "coding=1&mclass=1&text=" + "a" * 1300 + "&to=" + "+".join(f"3069{at:08d}" for at in range(409))
    body = f"username=a&password=b&from=Me&{query}".encode()
    assert len(DIALECT.command(DIALECT.read(request(body=body, headers=FORM)), TENANT, NOW).items) == 4090
    with pytest.raises(Refused) as found:
        DIALECT.command(DIALECT.read(request(body=body + b"+306900000500", headers=FORM)), TENANT, NOW)
    assert found.value.refusal is Refusal.TOO_LARGE
