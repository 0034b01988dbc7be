"""Which provider APIs a configuration has served."""

from __future__ import annotations

from pathlib import Path

from smsgwd.app.dialects import served
from tests.config.files import good


def test_what_is_served_where(tmp_path: Path) -> None:
    text = """
        dialects:
          isms: {host: [sms.example.net, cp.example.net]}
          smsclub: {prefix: /club}
          kannel: {host: sms.example.net, prefix: /k}
          jasmin: {enabled: false}
    """
    assert served(good(tmp_path, text)) == [
        "ardary",
        "isms sms.example.net cp.example.net",
        "kannel sms.example.net/k",
        "smsadvert",
        "smspresto",
        "smsclub /club",
    ]
