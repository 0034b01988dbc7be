"""Kannel's escapes in dlr-urls, compared with what smsbox 1.4.5 makes of them."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.kannel_escapes import escape_values, fill, has_escapes, letters, outcome
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem

AT = 1_795_332_313_000  # 2026-11-22 07:25:13 UTC


def item(state=State.DELIVERED, kind="", error=None, smsc_id="10001", dest="306900000001", source="Abc", done=AT):
    return OutboxItem(
        id=1,
        tenant="kannel",
        target="kannel http://h",
        url="http://h/dlr?x=%d",
        type=kind or f"message.{state.public}",
        created_at=AT,
        due_at=AT,
        attempts=0,
        message_id=77,
        dest=dest,
        source=source,
        client_ref=None,
        state=state,
        error=error,
        submitted_at=AT - 60_000,
        done_at=done,
        parts=1,
        submission=76,
        connector="sim",
        smsc_id=smsc_id,
    )


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("http://h/x", "http://h/x"),
        ("http://h/x?d=%d&a=1", "http://h/x?d=1&a=1"),
        ("http://h/x?d=%d", "http://h/x?d=1"),
        ("http://h/x?d=%d1", "http://h/x?d=%d1"),  # a byte
        ("http://h/x?d=%A&p=%41", "http://h/x?d=id%3A1+sub%3A2+a%2Ab&p=%41"),
        ("http://h/x?k=%k&s=%s&S=%S&r=%r", "http://h/x?k=id%3A1&s=sub%3A2&S=a~b&r="),
        ("http://h/x?r=%r&a=%a&b=%b&", "http://h/x?r=sub%3A2+a%2Ab&a=id%3A1+sub%3A2+a%2Ab&b=id%3A1+sub%3A2+a%2Ab&"),
        ("http://h/x?s=%s&s=%s&s=%s&", "http://h/x?s=sub%3A2&s=a%2Ab&s=&"),
        ("http://h/x?z=%z", "http://h/x?z=%25z"),
        ("http://h/x?p=%%", "http://h/x?p=%25"),
        ("http://h/x?p=%%41", "http://h/x?p=%41"),
        ("http://h/x?p=%", "http://h/x?p=%25"),
        ("http://h/x?o=%o&", "http://h/x?o=&"),
        ("http://h/x?t=%t", "http://h/x?t=2026-11-22+07:25:13"),
        ("http://h/x?u=%u", "http://h/x?u=%06%FF"),
    ],
)
def test_filled(url, filled):
    """What is no escape stays; a value is percent-encoded."""
    values = {"d": "1", "A": "id:1 sub:2 a*b", "t": "2026-11-22+07:25:13", "u": b"\x06\xff"}
    assert fill(url, values) == filled


def test_which_are_escapes():
    """Neither encoded bytes nor unknown letters nor the percent sign."""
    assert letters("http://h/?a=%d&b=%A&c=%41%z%%") == {"d", "A"}
    assert not has_escapes("http://h/?a=%20%dd%AB%%&b=%z%")
    assert has_escapes("http://h/?a=%F")


@pytest.mark.parametrize(
    ("given_item", "number", "text"),
    [
        (item(kind=SENT), 8, "ACK/"),
        (
            item(),
            1,
            "id:10001 sub:001 dlvrd:001 submit date:2611220724 done date:2611220725 stat:DELIVRD err:000 text:",
        ),
        (
            item(State.UNDELIVERED, error=Failure("undelivered", "UNDELIV 069")),
            2,
            "id:10001 sub:001 dlvrd:000 submit date:2611220724 done date:2611220725 stat:UNDELIV err:069 text:",
        ),
        (
            item(State.UNKNOWN, error=Failure("receipt_timeout", "no receipt came"), smsc_id=None),
            2,
            "id:77 sub:001 dlvrd:000 submit date:2611220724 done date:2611220725 stat:UNKNOWN err:000 text:",
        ),
        (
            item(State.QUEUED, kind=INTERMEDIATE, done=None),
            4,
            "id:10001 sub:001 dlvrd:000 submit date:2611220724 done date:2611220725 stat:ENROUTE err:000 text:",
        ),
        (
            item(State.REJECTED, error=Failure("smsc_rejected", "ESME_RINVDSTADR", 11), smsc_id=None),
            16,
            "NACK/0x0000000b/Invalid Destination Address",
        ),
        (
            item(State.REJECTED, error=Failure("smsc_rejected", "0x0410", 0x410), smsc_id=None),
            16,
            "NACK/0x00000410/Vendor-specific error, please refer to your SMPP provider",
        ),
        (
            item(State.REJECTED, error=Failure("smsc_rejected", "0x0099", 0x99), smsc_id=None),
            16,
            "NACK/0x00000099/Unknown/Reserved",
        ),
        (item(State.EXPIRED, error=Failure("expired", "late"), smsc_id=None), 16, "NACK/expired"),
        (item(State.CANCELLED, smsc_id=None), 16, "NACK/"),
    ],
)
def test_outcomes(given_item, number, text):
    """The number, and the SMSC's words."""
    values = escape_values(given_item, Callback("kannel"))
    assert outcome(given_item) == number
    assert values["d"] == str(number)
    assert values["A"] == text


def test_values():
    """Of the item, and single letters of the callback."""
    found = escape_values(
        item(dest="00306900000001", source="0012"), Callback("kannel", fields={"n": "me", "u": "\xff", "account": "x"})
    )
    assert found | {"A": ""} == {
        "d": "1",
        "A": "",
        "I": "77",
        "F": "10001",
        "i": "sim",
        "p": "00306900000001",
        "P": "0012",
        "q": "+306900000001",
        "Q": "+12",
        "t": "2026-11-22+07:25:13",
        "T": "1795332313",
        "R": "http://h/dlr?x=%d",
        "n": "me",
        "u": b"\xff",
    }


@given(st.text(alphabet="%dAkFsz0a&=", max_size=30), st.text(max_size=20))
def test_whatever_is_filled_is_a_query(query, text):
    """No value breaks out of its field, and no percent sign is left by itself."""
    url = fill("http://h/x?" + query, {"A": text, "d": "1", "k": text})
    assert urlsplit(url).path == "/x"
    assert url.isascii() and url.isprintable() and " " not in url
    parse_qs(urlsplit(url).query, strict_parsing=False)
    assert all(len(rest) >= 2 and all(c in "0123456789abcdefABCDEF" for c in rest[:2]) for rest in url.split("%")[1:])
