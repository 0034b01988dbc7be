"""Section `lookups`: sources, and what is said about those that cannot be."""

import pytest
from pydantic import ValidationError

from smsgwd.config.model.lookups import HttpSource, Lookups, PlanSource

HTTP = {"kind": "http", "name": "hlr", "url": "http://127.0.0.1:8095/hlr/{msisdn}"}


def test_sources_keep_their_order():
    section = Lookups(sources=(HTTP, {"kind": "plan"}))
    assert [type(source) for source in section.sources] == [HttpSource, PlanSource]
    assert Lookups().sources == ()


def test_headers_are_secret():
    source = HttpSource(**HTTP, headers={"Authorization": "Bearer x"})
    assert source.headers["Authorization"].get_secret_value() == "Bearer x"
    assert "Bearer x" not in repr(source) + repr(source.headers)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://h.example/"}, "must hold {msisdn} once"),
        ({"url": "http://{msisdn}.example/"}, "must hold {msisdn} once"),
        ({"url": "http://h.example/{msisdn}/{msisdn}"}, "must hold {msisdn} once"),
        ({"url": "http://h.example/#{msisdn}"}, "must hold {msisdn} once"),
        ({"url": "ftp://h.example/{msisdn}"}, "http://"),
        ({"headers": {"A b": "x"}}, "is no name of a header"),
        ({"headers": {"A": "x\r\nB: y"}}, "printable ASCII"),
        ({"name": "Two words"}, "pattern"),
        ({"timeout_s": 0}, "greater than 0"),
    ],
)
def test_sources_that_cannot_be(change, said):
    with pytest.raises(ValidationError, match=said.replace("{", "\\{")):
        Lookups(sources=({**HTTP, **change},))
