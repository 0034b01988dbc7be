"""SMS Club's XML gateway, and what hostile documents come to."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from smsgwd.dialects.commands import States
from smsgwd.dialects.http import XML, Answered, Password
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal, Refused
from tests.dialects.smsclub_requests import CLUB, TENANT, answered, bad, command, good, posted, refusal, view

LOGIN = "<username><![CDATA[u]]></username><password><![CDATA[p]]></password>"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def document(inside, root="request_sendsms", login=LOGIN):
    text = f"<?xml version='1.0' encoding='utf-8'?><{root}>{login}{inside}</{root}>"
    return posted(
        "/xml/" if root == "request_sendsms" else "/xml/state.php", text.encode(), {"content-type": "text/xml"}
    )


def individual(inside):
    request = document("<from>S</from>" + inside)
    request.path = "/xml/individual.php"
    return request


def status(answer):
    """Status and text of an answer, which has to be XML."""
    assert answer.content_type == XML
    root = etree.fromstring(answer.body)
    assert root.tag == "response"
    return root.findtext("status"), root.findtext("text")


SENDING = (
    "<from><![CDATA[S]]></from><to><![CDATA[380989361131;380989361132]]></to><text><![CDATA[Привіт <b> & ]]></text>"
)


def test_sending():
    request = document(SENDING + "<lifetime>60</lifetime>")
    assert CLUB.read(request).credential == Password("u", "p")
    wanted = command(request)
    assert wanted.duplicate_s == 0
    assert [(one.source, one.dest, one.text, one.validity_s) for one in wanted.items] == [
        ("S", "380989361131", "Привіт <b> & ", 3600),
        ("S", "380989361132", "Привіт <b> & ", 3600),
    ]
    assert answered(request, [good(1), good(2)]).body == (
        b"<response><status>OK</status><text/><ids><mess>1</mess><mess>2</mess></ids></response>"
    )


def test_the_place_of_a_refused_recipient_stays_empty():
    request = document("<from>S</from><to>1;&lt;b&gt;;3</to><text>x</text>")
    answer = answered(request, [good(1), bad(Refusal.INVALID_RECIPIENT), good(3)])
    assert status(answer) == ("OK", "Invalid recipients: <b>")
    assert [each.text for each in etree.fromstring(answer.body).iter("mess")] == ["1", None, "3"]


def test_a_text_for_each_recipient():
    wanted = command(individual("<to>1</to><text>a</text><to>2;3</to><text>b</text>"))
    assert [(item.dest, item.text) for item in wanted.items] == [("1", "a"), ("2", "b"), ("3", "b")]


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("", "Invalid recipients"),
        ("<to>1</to>", "Invalid text"),
        ("<text>a</text>", "Invalid recipients"),
        ("<to/><text>a</text>", "Invalid recipients"),
        ("<to>1</to><to>2</to><text>a</text>", "Invalid text"),
        ("<to>1</to><text>a</text><text>b</text>", "Invalid recipients"),
    ],
)
def test_pairs_that_are_none(inside, sentence):
    assert status(refusal(individual(inside))) == ("ERROR", sentence)


def test_states():
    request = document("<smscid>106;107</smscid>", "request_getstate")
    assert command(request) == States((106, 107))
    assert answered(request, {106: view(106, State.DELIVERED)}).body == (
        b"<response><status>OK</status><text/>"
        b"<entries><entry><smscid>106</smscid><state>delivrd</state></entry></entries></response>"
    )


@pytest.mark.parametrize(
    ("path", "old", "root", "inside"),
    [
        ("/xml/", "/hfw_smpp_addon/xmlsendsmspost.php", "request_sendsms", SENDING),
        ("/xml/state.php", "/hfw_smpp_addon/xmlgetsmsstatepost.php", "request_getstate", "<smscid>1</smscid>"),
    ],
)
def test_the_older_paths_take_the_document_in_a_form(path, old, root, inside):
    plain = document(inside, root)
    assert plain.path == path
    form = posted(old, f"xmlrequest={quote(plain.body)}".encode(), FORM)
    parts = b'--b\r\nContent-Disposition: form-data; name="xmlrequest"\r\n\r\n' + plain.body + b"\r\n--b--\r\n"
    for request in (form, posted(old, parts, {"content-type": "multipart/form-data; boundary=b"})):
        assert command(request) == command(plain)
    for body in (b"", plain.body, b"xmlrequest=", b"xmlrequest=<a/>&xmlrequest=<a/>", b"xmlrequest=%zz"):
        assert status(refusal(posted(old, body, FORM))) == ("ERROR", "Malformed request")


BOMB = "<!DOCTYPE r [<!ENTITY a '{}'>{}]>".format(
    "ha" * 10, "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
)
BODY = f"<request_sendsms>{LOGIN}<from>S</from><to>1</to><text>&i;</text></request_sendsms>"
MALFORMED = {
    "empty": b"",
    "text": b"hello",
    "json": b'{"phone": []}',
    "cut": BODY.encode()[:40],
    "bomb": f"{BOMB}{BODY}".encode(),
    "bomb behind others": f"<?xml version='1.0'?><!-- <x --><?pi <?><!-- > -->\n{BOMB}{BODY}".encode(),
    "dtd": b"<!DOCTYPE r SYSTEM 'http://127.0.0.1:1/x.dtd'>" + BODY.replace("&i;", "x").encode(),
    "external": b"<!DOCTYPE r [<!ENTITY i SYSTEM 'file:///etc/hostname'>]>" + BODY.encode(),
    "parameter": b"<!DOCTYPE r [<!ENTITY % i SYSTEM 'file:///etc/hostname'> %i;]>" + BODY.replace("&i;", "x").encode(),
    "no such entity": BODY.encode(),
    "deep": b"<request_sendsms>" * 40_000,
    "deep and closed": b"<a>" * 100_000 + b"</a>" * 100_000,
    "deep inside": f"<request_sendsms>{LOGIN}{'<a>' * 50}{'</a>' * 50}</request_sendsms>".encode(),
    "utf-16": BODY.replace("&i;", "x").encode("utf-16"),
    "windows-1251": BODY.replace("&i;", "Привіт").encode("cp1251"),
    "another document": b"<request_getstate/>",
    "many elements": b"<request_sendsms>" + b"<a/>" * 6000 + b"</request_sendsms>",
    "inclusion": b"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/hostname' parse='text'/>",
    "nul": b"<request_sendsms>\x00</request_sendsms>",
}


@pytest.mark.parametrize("which", MALFORMED)
def test_hostile_documents(which):
    assert status(refusal(posted("/xml/", MALFORMED[which]))) == ("ERROR", "Malformed request")
    assert status(refusal(posted("/xml/individual.php", MALFORMED[which]))) == ("ERROR", "Malformed request")


def test_a_document_too_large():
    large = BODY.replace("&i;", "x" * 1024 * 1024).encode()
    answer = refusal(posted("/xml/", large))
    assert answer.status == 413 and status(answer) == ("ERROR", "Request is too large")


@pytest.mark.parametrize("text", ["<!DOCTYPE r>", "<!-- a -->", "a<?b?>c"])
def test_texts_that_look_like_markup(text):
    wanted = command(document(f"<from>S</from><to>1</to><text><![CDATA[{text}]]></text>"))
    assert wanted.items[0].text == text


def test_comments_namespaces_and_a_byte_order_mark():
    text = f"\ufeff<!-- x --><n:request_sendsms xmlns:n='urn:x' a='b'>{LOGIN}<from>S</from>"
    wanted = command(posted("/xml/", f"{text}<to>1</to><text>a<!-- b -->c</text><other/></n:request_sendsms>".encode()))
    assert wanted.items[0].text == "ac"


@pytest.mark.parametrize(
    "login", ["", "<username>u</username>", "<password>p</password>", LOGIN * 2, "<username/><password/>"]
)
def test_missing_credentials(login):
    answer = refusal(document(SENDING, login=login))
    assert answer.status == 200 and status(answer) == ("ERROR", "Authentication error")


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("<to>1</to><text>x</text>", "Invalid sender"),
        ("<from>S</from><from>S</from><to>1</to><text>x</text>", "Invalid sender"),
        ("<from>S</from><to/><text>x</text>", "Invalid recipients"),
        ("<from>S</from><to>1</to><to>2</to><text>x</text>", "Invalid recipients"),
        ("<from>S</from><to>1</to><text>x</text><text>y</text>", "Invalid text"),
        ("<from>S</from><to>1</to><text>x</text><lifetime>1</lifetime><lifetime>1</lifetime>", "Invalid lifetime"),
    ],
)
def test_wrong_elements(inside, sentence):
    assert status(refusal(document(inside))) == ("ERROR", sentence)


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("<from>S</from><to>1</to><text/>", "Invalid text"),
        ("<from>S</from><to>1</to>", "Invalid text"),
        (f"<from>S</from><to>1</to><text>{'ж' * 470}</text>", "Text is too long"),
        ("<from>S</from><to>1</to><text>x</text><lifetime>soon</lifetime>", "Invalid lifetime"),
    ],
)
def test_wrong_texts(inside, sentence):
    assert command(document(inside)).dry
    assert status(answered(document(inside), [{"parts": 1}])) == ("ERROR", sentence)
    assert status(answered(document(inside), [bad(Refusal.SENDER_NOT_ALLOWED)])) == ("ERROR", "Invalid sender")


def test_nothing_taken_is_an_error():
    assert status(answered(document(SENDING), [bad(Refusal.NO_CREDIT)] * 2)) == ("ERROR", "Insufficient funds")


def test_methods_and_paths():
    request = document(SENDING)
    request.method = "GET"
    answer = refusal(request)
    assert answer.status == 405 and answer.headers == (("Allow", "POST"),)
    assert status(answer) == ("ERROR", "Method not allowed")
    for path in ("/xml/none.php", "/XML/", "/hfw_smpp_addon/"):
        assert status(refusal(posted(path))) == ("ERROR", "Not found")
    assert status(refusal(document("<smscid/>", "request_getstate"))) == ("ERROR", "Invalid ids")


PIECES = st.sampled_from(
    [
        "<request_sendsms>",
        "</request_sendsms>",
        LOGIN,
        "<to>",
        "</to>",
        "<text/>",
        "<!--",
        "-->",
        "<!DOCTYPE a>",
        "&a;",
        "]]>",
    ]
)


@given(st.sampled_from(["/xml/", "/xml/individual.php", "/xml/state.php"]), st.lists(PIECES | st.text(max_size=3)))
def test_nothing_else_is_raised(path, pieces):
    request = posted(path, "".join(pieces).encode("utf-8", "surrogatepass"))
    known = None
    try:
        known = CLUB.read(request)
        CLUB.command(known, TENANT, 0)
    except Answered as ended:
        assert status(ended.answer)[0] == "ERROR"
    except Refused as refused:
        assert status(CLUB.refused(request, known, refused))[0] == "ERROR"
