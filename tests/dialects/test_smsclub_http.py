"""SMS Club's HTTP and token gateways."""

import base64
from urllib.parse import quote_from_bytes

import pytest

from smsgwd.dialects.commands import Funds, States
from smsgwd.dialects.http import HTML, Password, Token
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal
from smsgwd.model.submission import Entry, Outcome
from tests.dialects.smsclub_requests import (
    CLUB,
    ENCODED,
    Sent,
    answered,
    asked,
    bad,
    command,
    good,
    posted,
    refusal,
    view,
)

# HTTP and token gateways


def test_one_recipient_by_http():
    request = asked("from=VashZakaz&to=380989361131&text=test+text")
    assert CLUB.read(request).credential == Password("u", "p")
    wanted = command(request)
    assert wanted.duplicate_s == 0
    assert [(one.source, one.dest, one.text, one.international) for one in wanted.items] == [
        ("VashZakaz", "380989361131", "test text", True)
    ]
    answer = answered(request, [good(2)])
    assert (answer.status, answer.content_type, answer.body) == (200, HTML, b"=IDS START=<br/>2<br/>=IDS END=<br/>")


def test_ids_are_in_the_order_of_the_recipients_whichever_are_refused():
    request = asked("from=S&to=380989361131;<b>;380501112233&text=x")
    answer = answered(request, [good(2), bad(Refusal.INVALID_RECIPIENT), good(3)])
    assert answer.body == b"=IDS START=<br/>2<br/>Invalid recipients: &lt;b&gt;<br/>3<br/>=IDS END=<br/>"


def test_a_token_with_and_without_its_user():
    assert CLUB.read(Sent("GET", "/token/", "username=u&token=t")).credential == Token("t", "u")
    assert CLUB.read(Sent("GET", "/token/", "token=t")).credential == Token("t")


def test_a_form_and_a_form_in_parts():
    body = b"username=u&password=p&from=S&to=380989361131&text=x"
    assert command(posted("/http/", body, {"content-type": "application/x-www-form-urlencoded"})).items[0].text == "x"
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("username", "u"), ("password", "p"), ("from", "S"), ("to", "380989361131"), ("text", "y"))
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert command(posted("/http/", parts.encode() + b"--b--\r\n", headers)).items[0].text == "y"


@pytest.mark.parametrize("text", ["Привіт, світе", "test", "Ціна: 5 €"])
def test_texts_in_either_encoding(text):
    for encoding in ("cp1251", "utf-8"):
        wanted = command(asked(f"from=S&to=1&text={quote_from_bytes(text.encode(encoding))}"))
        assert wanted.items[0].text == text


def test_base64_is_read_only_for_a_tenant_set_to_it():
    written = base64.b64encode("Привіт>>>".encode("cp1251"))
    assert b"+" in written
    for query in (quote_from_bytes(written, safe=""), written.decode()):
        assert command(asked(f"from=S&to=1&text={query}"), ENCODED).items[0].text == "Привіт>>>"
    assert command(asked(f"from=S&to=1&text={quote_from_bytes(written, safe='')}")).items[0].text == written.decode()


@pytest.mark.parametrize("text", ["a", "abc=d", "%cf%f0", "", "mA%3d%3d"])
def test_bad_base64(text):
    request = asked(f"from=S&to=1&text={text}")
    known = CLUB.read(request)
    wanted = CLUB.command(known, ENCODED, 0)
    assert wanted.dry
    assert CLUB.answer(known, wanted, Outcome(1, [Entry("1", parts=1)]), ENCODED).body == b"Invalid text"


def test_the_lifetime_by_http():
    assert command(asked("from=S&to=1&text=x&lifetime=60")).items[0].validity_s == 3600
    assert command(asked("from=S&to=1&text=x&lifetime=")).items[0].validity_s is None


@pytest.mark.parametrize("lifetime", ["0", "000", "-1", "1.5", "x", "9" * 10, "%d9%a1"])
def test_a_wrong_lifetime(lifetime):
    answer = answered(asked(f"from=S&to=1&text=x&lifetime={lifetime}"), [good(1)])
    assert answer.body == b"Invalid lifetime"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 1071, True),
        ("a" * 1072, False),
        ("ж" * 469, True),
        ("ж" * 470, False),
        ("a" * 469 + "ж", False),
        ("line\r\n" * 100, True),
    ],
)
def test_how_long_a_text_may_be(text, fits):
    request = asked(f"from=S&to=380989361131&text={quote_from_bytes(text.encode())}")
    wanted = command(request)
    assert wanted.dry is not fits
    answer = answered(request, [{"parts": 7, "id": 1}])
    assert (answer.body == b"Text is too long") is not fits


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (bad(Refusal.SENDER_NOT_ALLOWED), b"Invalid sender"),
        (bad(Refusal.INVALID_RECIPIENT), b"Invalid recipients"),
        (bad(Refusal.CONTENT_REFUSED), b"Text is too long"),
        (bad(Refusal.NO_CREDIT), b"Text is too long"),
        ({"parts": 1}, b"Text is too long"),
    ],
)
def test_a_long_text_comes_after_sender_and_recipients(result, sentence):
    request = asked(f"from=S&to=1&text={'a' * 1072}")
    assert command(request).dry
    assert answered(request, [result]).body == sentence


@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        (Refusal.INVALID_SENDER, b"Invalid sender"),
        (Refusal.SENDER_NOT_ALLOWED, b"Invalid sender"),
        (Refusal.INVALID_RECIPIENT, b"Invalid recipients"),
        (Refusal.NO_ROUTE, b"Invalid recipients"),
        (Refusal.OPTED_OUT, b"Invalid recipients"),
        (Refusal.TOO_MANY_PARTS, b"Text is too long"),
        (Refusal.NO_CREDIT, b"Insufficient funds"),
        (Refusal.DUPLICATE, b"Duplicate message"),
        (Refusal.QUIET_HOURS, b"Message rejected"),
    ],
)
def test_each_sentence(which, sentence):
    answer = answered(asked("from=S&to=1&text=x"), [bad(which)])
    assert (answer.status, answer.body) == (200, sentence)


def test_of_several_reasons_the_one_that_came_furthest_is_told():
    answer = answered(asked("from=S&to=1;2&text=x"), [bad(Refusal.NO_CREDIT), bad(Refusal.INVALID_RECIPIENT)])
    assert answer.body == b"Insufficient funds"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("to=1&text=x", b"Invalid sender"),
        ("from=&to=1&text=x", b"Invalid sender"),
        ("from=S&from=T&to=1&text=x", b"Invalid sender"),
        ("from=S&text=x", b"Invalid recipients"),
        ("from=S&to=&text=x", b"Invalid recipients"),
        ("from=S&to=1&to=2&text=x", b"Invalid recipients"),
        ("from=S&to=" + "1;" * 1001 + "&text=x", b"Invalid recipients"),
        ("from=S&to=1&text=x&text=y", b"Invalid text"),
        ("from=S&to=1&text=x&lifetime=1&lifetime=2", b"Invalid lifetime"),
    ],
)
def test_wrong_parameters(query, sentence):
    assert refusal(asked(query)).body == sentence


@pytest.mark.parametrize("text", ["", "&text=", "&text=%98"])
def test_no_text(text):
    assert answered(asked(f"from=S&to=1{text}"), [good(1)]).body == b"Invalid text"


@pytest.mark.parametrize(
    ("to", "found"), [("1;2", ["1", "2"]), ("1,2", ["1", "2"]), ("1;2;", ["1", "2"]), ("1;;2", ["1", "", "2"])]
)
def test_lists(to, found):
    assert [item.dest for item in command(asked(f"from=S&to={to}&text=x")).items] == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "username=u",
        "password=p",
        "username=&password=p",
        "username=u&password=",
        "password=p&password=p&username=u",
    ],
)
def test_missing_credentials_by_http(query):
    answer = refusal(Sent("GET", "/http/", query))
    assert (answer.status, answer.body) == (200, b"Authentication error")


def test_other_bodies_and_methods_by_http():
    assert refusal(posted("/http/", b"{}", {"content-type": "application/json"})).body == b"Malformed request"
    answer = refusal(Sent("PUT", "/http/", "username=u&password=p"))
    assert (answer.status, answer.body, answer.headers) == (405, b"Method not allowed", (("Allow", "GET, POST"),))
    assert refusal(Sent("GET", "/HTTP/")).status == refusal(Sent("GET", "/token/none.php")).status == 404


def test_states_by_http():
    request = asked("smscid=106;107;x", "/http/state.php")
    assert command(request) == States((106, 107))
    found = {106: view(106, State.DELIVERED)}
    assert answered(request, found).body == b"=IDS START=<br/>106: DELIVRD<br/>=IDS END=<br/>"
    for query in ("", "smscid=", "smscid=1&smscid=2", "smscid=" + "1;" * 1001):
        assert refusal(asked(query, "/http/state.php")).body == b"Invalid ids"


@pytest.mark.parametrize(
    ("funds", "body"),
    [
        (Funds(1_034_179_999, 0, 0), b"1034.17<br/>0"),
        (Funds(-1, 0, -50_000_000), b"-0.01<br/>50"),
        (Funds(5_000_000, 0, -2_500_000), b"5.00<br/>2.50"),
        (Funds(-7_000_000, 0, None), b"-7.00<br/>0"),
    ],
)
def test_balance_by_http(funds, body):
    assert answered(asked("", "/http/getbalance.php"), funds).body == body


def test_a_thousand_recipients_and_one_more():
    many = ";".join(["380989361131"] * 1000)
    for to in (many, many + ";"):
        assert len(command(asked(f"from=S&to={to}&text=x")).items) == 1000
    for to in (many + ";1", many + ";1;", many + ";1" * 100_000):
        assert refusal(asked(f"from=S&to={to}&text=x")).body == b"Invalid recipients"
