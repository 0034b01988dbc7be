"""URLs of callbacks, as clients write them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsgwd.dialects.callback_url import LONGEST, callable_url
from smsgwd.net.targets import parse_target


@pytest.mark.parametrize(
    ("written", "called"),
    [
        (b"http://a.example/%P?%d", "http://a.example/%P?%d"),
        (b"HTTPS://A.example:8080", "HTTPS://A.example:8080"),
        (b"http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        (b"http://a.example/\xce\x93 x", "http://a.example/%CE%93%20x"),
        (b"http://a.example/?q={x|y}<z>^`\\", "http://a.example/?q=%7Bx%7Cy%7D%3Cz%3E%5E%60%5C"),
        (b"http://a.example/\r\nHost: b", "http://a.example/%0D%0AHost:%20b"),
    ],
)
def test_what_can_be_called(written, called):
    assert callable_url(written) == called


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"ftp://a.example/",
        b"//a.example/",
        b"http:///x",
        b"http://me:word@a.example/",
        b"http://a.example\\@b.example/",
        b"http://%P.a.example/",
        b"http://%41.example/",
        b"http://a.example\\b/",
        b"http://a..example/",
        b"http://a b/",
        b"http://a.example:0/",
        b"http://a.example:99999/",
        b"http://[::1/",
        b"http://a.example/#x",
        b"http://a.example/" + b"x" * LONGEST,
    ],
)
def test_what_cannot(written):
    assert callable_url(written) is None


@given(st.binary(max_size=40))
@example(b"\x00\xff{}|^\\`<>\"'")
def test_whatever_stands_behind_the_host_is_no_reason_that_it_could_never_be_called(rest):
    called = callable_url(b"http://a.example/" + rest.replace(b"#", b""))
    assert called is not None and parse_target(called).host == "a.example"
