"""Forms in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.form import FormError
from smsgwd.dialects.multipart import is_multipart, parse

KIND = "multipart/form-data; boundary=----curl1"
BODY = (
    b"------curl1\r\n"
    b'Content-Disposition: form-data; name="user"\r\n\r\nkey\r\n'
    b"------curl1\r\n"
    b'Content-Disposition: form-data; name="data"; filename="a.json"\r\nContent-Type: application/json\r\n\r\n'
    b'{"a":\r\n\r\n1}\r\n'
    b"------curl1--\r\n"
)


def test_each_field_as_it_was_sent():
    assert parse(KIND, BODY).values == {"user": [b"key"], "data": [b'{"a":\r\n\r\n1}']}
    assert parse('multipart/form-data; charset=utf-8; boundary="----curl1"', BODY).first("user") == b"key"


def test_repeats_are_kept_and_an_empty_form_has_no_fields():
    part = b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\n%d\r\n'
    body = b"".join(part % at for at in range(3)) + b"--x--\r\n"
    assert parse("multipart/form-data; boundary=x", body).values == {"to": [b"0", b"1", b"2"]}
    assert parse("multipart/form-data; boundary=x", b"--x--").values == {}


def test_names_that_are_no_utf_8_are_nobodys():
    body = b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--x--'
    assert parse("multipart/form-data; boundary=x", body).values == {}


@pytest.mark.parametrize(
    ("kind", "body", "fault"),
    [
        ("multipart/form-data", BODY, "names no boundary"),
        ("multipart/form-data; boundary=\u20ac", BODY, "no text of headers"),
        (KIND, BODY[:-6], "has no end"),
        (KIND, b"", "has no end"),
        (KIND, b"something else", "has no end"),
        (KIND, BODY.replace(b'name="user"', b"user"), "has no name"),
        (KIND, BODY.replace(b'"user"\r\n\r\n', b'"user"\r\n'), "has no name"),
        ("multipart/form-data; boundary=x", b"--x" * 1003, "more than 1000 fields"),
    ],
)
def test_what_is_no_form(kind, body, fault):
    with pytest.raises(FormError, match=fault):
        parse(kind, body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_none(body):
    try:
        parse("multipart/form-data; boundary=x", b"--x\r\n" + body + b"\r\n--x--")
    except FormError as error:
        assert str(error)


def test_which_types_are_in_parts():
    assert is_multipart("Multipart/Form-Data; boundary=x")
    assert not is_multipart("application/x-www-form-urlencoded")
    assert not is_multipart("")
