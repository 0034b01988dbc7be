"""The Ardary style."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from smsgwd.dialects.ardary import IncomingSms, callback


def test_an_incoming_sms():
    at = datetime(2026, 5, 28, 23, 4, 5, tzinfo=ZoneInfo("Europe/Athens"))
    found = callback(IncomingSms("+306912345678", 'Ναι, "1"&2', at))
    assert found.parameter == "sms"
    assert json.loads(found.json) == {
        "title": "incoming sms",
        "from": "+306912345678",
        "message": 'Ναι, "1"&2',
        "date": "2026-05-28 23:04:05",
    }
