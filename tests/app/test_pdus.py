"""Messages encoded again for operators."""

import json

import pytest

from smsgwd.app.pdus import EncodedAgain
from smsgwd.model.message import Coding
from smsgwd.southbound.settings import Settings
from tests.app.made import message


def settings(connector):
    if connector != "a":
        raise ValueError(f"there is no connector {connector}")
    return Settings("a", "host", 2775, b"gw", b"secret", "a")


AGAIN = EncodedAgain(settings)


def test_numbers_and_octets_are_shown_only_where_wanted():
    [pdu] = AGAIN.pdus(message(1), numbers=False, text=False)
    assert (pdu["source"], pdu["destination"], pdu["short_message"]) == ("5/0 Shop", "1/1 30691***", "*** (5 octets)")
    assert "secret" not in json.dumps(pdu)
    [pdu] = AGAIN.pdus(message(1), numbers=True, text=True)
    assert (pdu["destination"], bytes.fromhex(pdu["short_message"])) == ("1/1 306912345678", b"Hello")


def test_one_row_a_part():
    rows = AGAIN.pdus(message(1, body=b"x" * 200, parts=2), numbers=False, text=False)
    assert [row["esm_class"] for row in rows] == ["0x40", "0x40"]


def test_what_cannot_be_told_says_why():
    with pytest.raises(ValueError, match="no connector b"):
        AGAIN.pdus(message(1, connector="b"), numbers=False, text=False)
    with pytest.raises(ValueError, match="erased"):
        AGAIN.pdus(message(1, msisdn=""), numbers=False, text=False)
    with pytest.raises(ValueError):
        AGAIN.pdus(message(1, coding=Coding.BINARY, wire=b"\xc1", body=b"x"), numbers=False, text=False)
