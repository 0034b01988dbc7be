from typing import Any

import pytest
from pydantic import SecretStr

from smsgwd.telemetry.redact import Redact, mask_number, mask_url


def redacted(**fields: Any) -> dict[str, Any]:
    return dict(Redact()(None, "info", fields))


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+306912345678", "+30691***"),
        ("306912345678", "30691***"),
        ("00306912345678", "00306***"),
        ("54321", "54321"),
        ("iSMS", "iSMS"),
        ("x+306912345678,+447700900123", "x+30691***,+44770***"),
        ("9" * 2000, "99999***"),
    ],
)
def test_numbers_keep_five_digits(number: str, masked: str) -> None:
    assert mask_number(number) == masked
    assert redacted(to=number)["to"] == masked


def test_numbers_in_lists_ints_and_free_text() -> None:
    event = redacted(
        recipients=["+306912345678", 447700900123], reason="no route to +306912345678 or 306912345678, code 1234567"
    )
    assert event["recipients"] == ["+30691***", "44770***"]
    assert event["reason"] == "no route to +30691*** or 30691***, code 1234567"


def test_ids_counts_times_and_addresses_stay_whole() -> None:
    fields = {
        "id": "123456789012",
        "message_id": "12345678901234",
        "count": 123456789012,
        "address": "192.168.100.200:2775",
        "when": "2026-11-21T15:30:42.123456Z",
        "status": "0x00000058",
        "uuid": "0b8e1234-1234567890-12345678901",
    }
    assert redacted(**fields) == fields


@pytest.mark.parametrize(
    "key",
    ["text", "body", "password", "secret", "token", "authorization", "Authorization", "short_message", "api-key",
     "webhook_secret", "smpp_password", "access_token"],
)  # fmt: skip
def test_texts_and_secrets_are_dropped_at_any_depth(key: str) -> None:
    event = redacted(**{key: "hush", "deep": {key: "hush", "list": [{key: "hush", "n": 1}]}})
    assert "hush" not in repr(event)
    assert event == {"deep": {"list": [{"n": 1}]}}


def test_what_is_asked_for_is_shown_but_never_secrets() -> None:
    shown = Redact(show_numbers=True, show_text=True)
    event = shown(None, "info", {"to": "+306912345678", "text": "hello", "password": "hush", "reason": "306912345678"})
    assert event == {"to": "+306912345678", "text": "hello", "reason": "306912345678"}


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://user:pw@host:8080/path?token=x#f", "https://host:8080/path?***"),
        ("http://host/path", "http://host/path"),
        ("not a url", "not a url"),
        ("shop https://user:pw@shop.example/dlr?key=1", "shop https://shop.example/dlr?***"),
        ("1x://user:pw@host", "***"),
    ],
)
def test_urls_lose_user_and_query(url: str, masked: str) -> None:
    assert mask_url(url) == masked
    assert redacted(dlr_url=url)["dlr_url"] == masked


def test_bytes_exceptions_long_and_deep_values() -> None:
    deep: dict[str, Any] = {"a": 1}
    for _ in range(10):
        deep = {"a": deep}
    event = redacted(raw=b"secret bytes", failure=ValueError("bad +306912345678"), reason="x" * 5000, deep=deep)
    assert event["raw"] == "12 bytes"
    assert event["failure"] == "ValueError: bad +30691***"
    assert event["reason"] == "x" * 2000 + "..."
    assert event["deep"] == {"a": {"a": {"a": {"a": {"a": "..."}}}}}


def test_the_end_of_a_traceback_is_kept() -> None:
    assert redacted(exception="a" * 9000 + "\nValueError: end")["exception"].endswith("ValueError: end")


def test_a_secret_str_stays_stars() -> None:
    assert "hush" not in repr(redacted(value=SecretStr("hush")))
