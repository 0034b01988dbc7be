"""The JSON body, exactly as the contract writes it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.message import Failure, State
from smsgwd.notify.payload import body_of
from smsgwd.timespec.rfc3339 import format_epoch_ms
from tests.notify.fakes import item


def test_delivered():
    body = body_of(
        item(5, message_id=4_611_686_018_427_387_904, submitted_at=1_780_000_000_007, done_at=1_780_000_001_250)
    )
    assert json.loads(body) == {
        "type": "message.delivered",
        "id": "4611686018427387904",
        "to": "+306912345678",
        "from": "iSMS",
        "client_ref": None,
        "state": "delivered",
        "error": None,
        "submitted_at": "2026-05-28T20:26:40.007Z",
        "done_at": "2026-05-28T20:26:41.250Z",
        "parts": 1,
    }


def test_error_with_and_without_the_status_of_the_carrier():
    failed = {"type": "message.rejected", "state": State.REJECTED, "client_ref": "η-1", "done_at": None}
    body = json.loads(body_of(item(1, error=Failure("smsc_rejected", "refused", 0x0B), **failed)))
    assert body["error"] == {"code": "smsc_rejected", "detail": "refused", "smpp_status": 11}
    assert (body["state"], body["client_ref"], body["done_at"]) == ("rejected", "η-1", None)
    body = json.loads(body_of(item(1, error=Failure("expired"), **failed)))
    assert body["error"] == {"code": "expired", "detail": ""}


@given(st.integers(0, 4_000_000_000_000))
def test_times_are_those_of_the_catalogue_of_formats(moment):
    assert json.loads(body_of(item(1, submitted_at=moment)))["submitted_at"] == format_epoch_ms(moment)
