"""Forms as bytes."""

from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects import form


def test_names_and_values():
    fields = form.parse(b"text=%CF%F0+%2B&to=1&to=2&empty=&bare&=noname&%E2%82%AC=euro&%FF=nobody&&x=a=b")
    assert fields.first("text") == b"\xcf\xf0 +"
    assert fields.text("text", "cp1251") == "Пр +"
    assert fields.values["to"] == [b"1", b"2"] and fields.repeated("to") and not fields.repeated("text")
    assert (fields.first("empty"), fields.first("bare"), fields.first("none")) == (b"", b"", None)
    assert (fields.first(""), fields.text("€"), fields.first("x")) == (b"noname", "euro", b"a=b")
    assert "to" in fields and "none" not in fields and "\xff" not in fields
    assert fields.text("none") is None
    with pytest.raises(UnicodeDecodeError):
        fields.text("text")


@pytest.mark.parametrize("broken", [b"a=%", b"a=%4", b"a=%zz", b"%=1"])
def test_broken_percent_encoding(broken):
    with pytest.raises(form.FormError):
        form.parse(broken)


def test_so_many_fields_and_no_more():
    assert len(form.parse(b"&".join(b"a%d=" % n for n in range(form.MOST_FIELDS))).values) == form.MOST_FIELDS
    with pytest.raises(form.FormError):
        form.parse(b"a=&" * form.MOST_FIELDS)


def request(query="", body=b"", kind=None):
    return SimpleNamespace(raw_query=query, body=body, headers={} if kind is None else {"content-type": kind})


def test_the_query_goes_before_the_body():
    both = request("a=1&b=2", b"a=3&c=4", "application/x-www-form-urlencoded; charset=utf-8")
    assert form.fields(both).values == {"a": [b"1", b"3"], "b": [b"2"], "c": [b"4"]}


def test_a_body_that_is_no_form_is_none():
    assert form.fields(request("a=1", b"a=3", "text/xml")).values == {"a": [b"1"]}
    assert form.fields(request("a=1", b"a=3")).values == {"a": [b"1", b"3"]}


@given(st.lists(st.tuples(st.text(), st.text())))
def test_what_was_encoded_is_read(pairs):
    written = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    wanted = {}
    for name, value in pairs:
        wanted.setdefault(name, []).append(value.encode())
    assert form.parse(written.encode()).values == wanted


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(data):
    with suppress(form.FormError):
        form.parse(data)


PIECES = st.sampled_from(
    [b"%3D", b"%3d", b"%0A", b"=", b"=\n", b"=3D", b" ", b"\t", b"\r\n", b"_", b"%25", b"%00", b"%FF"]
)


@given(st.lists(PIECES | st.binary().map(lambda octets: octets.translate(None, b"%&"))))
def test_any_octets_are_decoded_as_others_do(pieces):
    written = b"".join(pieces)
    assert form.parse(b"a=" + written).first("a") == unquote_to_bytes(written.replace(b"+", b" "))


def test_percent_signs_that_stand_for_themselves():
    assert form.parse(form.mended(b"a=50% off&b=%41%&c=%4")).values == {"a": [b"50% off"], "b": [b"A%"], "c": [b"%4"]}
    assert form.mended(b"a=%41") == b"a=%41"


def test_of_a_great_many_percent_signs_only_some_are_mended():
    many = b"a=" + b"%" * 10_000
    assert form.parse(form.mended(many)).first("a") == b"%" * 10_000
    with pytest.raises(form.FormError):
        form.parse(form.mended(many + b"%"))


def test_what_a_request_says_is_read_as_php_reads_it():
    request = SimpleNamespace(raw_query="a=100%", body=b"b=50%+off", headers={})
    assert form.fields(request).values == {"a": [b"100%"], "b": [b"50% off"]}
