"""Credentials in a request: HTTP Basic (RFC 7617, UTF-8) or a Bearer token (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from smsgwd.model.refusals import Refusal, Refused

#: What a 401 carries: both schemes, so that a client knows what it may use.
CHALLENGES = (
    ("WWW-Authenticate", 'Basic realm="smsgwd", charset="UTF-8"'),
    ("WWW-Authenticate", 'Bearer realm="smsgwd"'),
)


class BasicPair(msgspec.Struct, frozen=True, gc=False):
    """A user name and a password."""

    name: str
    secret: str


class BearerToken(msgspec.Struct, frozen=True, gc=False):
    """A token."""

    secret: str


def credentials(headers: Mapping[str, str]) -> BasicPair | BearerToken:
    """What the Authorization header says. Raises Refused(UNAUTHENTICATED) saying what is missing or malformed."""
    header = headers.get("authorization")
    if header is None:
        raise _refused("the Authorization header is missing: use Basic or Bearer")
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        if not value or " " in value or "," in value:
            raise _refused("the Bearer token is malformed")
        return BearerToken(value)
    if scheme.lower() != "basic":
        raise _refused("the Authorization scheme is neither Basic nor Bearer")
    try:
        pair = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise _refused("the Basic credentials are not base64 of UTF-8") from None
    name, colon, secret = pair.partition(":")
    if not colon or not name:
        raise _refused("the Basic credentials lack a user name or a colon")
    return BasicPair(name, secret)


def _refused(detail: str) -> Refused:
    return Refused(Refusal.UNAUTHENTICATED, detail)
