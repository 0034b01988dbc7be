from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from smsgwd.config.types import (
    Address,
    BaseUrl,
    HttpUrl,
    NumberPattern,
    SenderPattern,
    StatusCode,
    parse_address,
    parse_money,
)


@pytest.mark.parametrize(
    ("text", "address", "written"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("[::]:0", Address("::", 0), "[::]:0"),
        ("[2001:db8::1]:65535", Address("2001:db8::1", 65535), "[2001:db8::1]:65535"),
    ],
)
def test_addresses(text: str, address: Address, written: str) -> None:
    assert parse_address(text) == address
    assert str(address) == written
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:80", "::1:80", "[::1]",
             "a:80", "127.0.0.1: 80", "*:80", 8080, None, ["127.0.0.1:80"]]
)  # fmt: skip
def test_what_is_no_address(text: Any) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def test_money_is_exact_to_the_micro_unit() -> None:
    assert [parse_money(text) for text in ("0", "0.04", "1000.0000", "0.000001", "12.5")] == [
        0, 40_000, 1_000_000_000, 1, 12_500_000,
    ]  # fmt: skip


def accepts(kind: Any, value: object) -> object:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return None


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (NumberPattern, ["*", "30*", "+30*", "+306912345678", "5"], ["", "**", "30*1", "a", "+", "3-1", "٣", "1" * 21]),
        (SenderPattern, ["*", "iSMS", "Shop*", "+3069", "Ωμέγα", "a b"], ["", "a*b", "**", "x" * 22, "a\nb"]),
        (HttpUrl, ["http://h", "https://h:1/p?q", "http://[::1]:80/"],
         ["", "h", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://h\n", "http://h/" + "a" * 3000,
          "http://[::1", "javascript:x"]),
        (BaseUrl, ["http://h/a"], ["http://h?x", "http://h/#f"]),
    ],
)  # fmt: skip
def test_patterns_and_urls(kind: Any, good: list[str], bad: list[str]) -> None:
    assert [accepts(kind, text) for text in good] == good
    assert [accepts(kind, text) for text in bad] == [None] * len(bad)


def test_a_base_url_loses_its_last_slash() -> None:
    assert accepts(BaseUrl, "http://h/a/") == "http://h/a"


def test_status_codes() -> None:
    assert [accepts(StatusCode, text) for text in ("0x58", "0X58", "88", "0xFFFFFFFF")] == [88, 88, 88, 0xFFFFFFFF]
    assert [accepts(StatusCode, text) for text in ("0", "0x0", "-1", "0x", "0x100000000", "x", "4294967296")] == [
        None
    ] * 7
