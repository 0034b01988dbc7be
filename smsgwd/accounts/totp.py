"""Codes of six digits from a phone (TOTP, RFC 6238): SHA-1, 30 s, what every authenticator knows.

A secret is 20 octets, shown once and sealed at rest. Who verifies keeps the last step that was good, so that a code
works once, whoever saw it being typed.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
_SLACK: Final = 1  # steps either way: clocks of phones are a little off, and people type slowly


def new_secret(random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """A fresh secret; `random` gives as many random octets as it is asked for."""
    return random(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as people type it into a phone: base32 in upper case, without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, who: str, issuer: str) -> str:
    """The `otpauth://` URI of a secret, for a QR code or a link; `who` and `issuer` are what the phone shows."""
    return _totp(secret).get_provisioning_uri(who, issuer)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step (whole spans of `STEP_S` since 1970)."""
    return _totp(secret).generate(step * STEP_S).decode()


def verify(secret: bytes, code: str, now_ms: int, last_step: int) -> int | None:
    """The step whose code this is, one step either way of `now_ms` (since 1970) and newer than `last_step` (-1 = none
    yet); None when it fits no such step. Blanks in the code do not count. The caller keeps the step."""
    written = "".join(code.split())
    if not (len(written) == DIGITS and written.isascii() and written.isdigit()):
        return None
    now = now_ms // 1000 // STEP_S
    for step in range(max(now - _SLACK, last_step + 1, 0), now + _SLACK + 1):
        if hmac.compare_digest(code_at(secret, step), written):
            return step
    return None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303 -- RFC 6238: what phones know; HMAC needs no collisions
