"""Cases: who may log in at the console."""

from __future__ import annotations

import base64
import time
from typing import Any

from smsgwd.accounts import totp
from tests.scenario.verbs import Case, Group, Stage, has, row


def _phone(stage: Stage, answer: Any) -> None:
    """A phone that is given the secret shows a code."""
    secret = base64.b32decode(answer["secret"])
    stage.known["code"] = totp.code_at(secret, int(time.time()) // totp.STEP_S)


GROUPS = [
    Group(
        "operators",
        [
            Case("operator", "add", "olga operate", has(name="olga", secret=lambda text: len(text) == 20)),
            Case("operator", "add", "olga admin", "there is an operator olga already", code=1),
            Case("operator", "list", "", row(name="olga", role="operate", disabled=False, totp="off")),
            Case("operator", "show", "olga", has(name="olga", role="operate", totp="off")),
            Case("operator", "set", "olga role=admin disabled=yes", has(role="admin", disabled=True)),
            Case("operator", "password", "olga secret=battery-staple", lambda answer: "secret" not in answer),
            Case("operator", "password", "olga secret=short", "8 to 1024 characters", code=1),
            Case("operator", "totp-begin", "olga", has(uri=lambda uri: uri.startswith("otpauth://")), after=_phone),
            Case("operator", "totp-confirm", "olga {code}", has(totp="on")),
            Case("operator", "totp-off", "olga", has(totp="off")),
            Case("operator", "sessions", "olga", []),
            Case("operator", "logout", "olga", {"name": "olga", "ended": 0}),
            Case("operator", "remove", "olga", {"removed": "olga", "sessions": 0}),
            Case("operator", "remove", "olga", "there is no operator olga", code=1),
        ],
    ),
]
