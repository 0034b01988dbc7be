"""Cookies: read from a request, written into an answer (RFC 6265)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

LANGUAGE: Final = "smsgwd-language"
THEME: Final = "smsgwd-theme"
NOTICE: Final = "smsgwd-notice"  #: what the next page tells of what was just done

_YEAR_S: Final = 365 * 24 * 3600
_NOTICE_S: Final = 60
_MOST_NOTICE: Final = 600  # characters


def read_cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """Cookies by name; of several with a name the first, which has the longest path."""
    found: dict[str, str] = {}
    for part in headers.get("cookie", "").replace(", ", "; ").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name not in found:
            found[name] = value.strip('"')
    return found


def session_name(face: str, *, secure: bool) -> str:
    """The cookie of who is logged in at a face: browsers keep cookies by host alone, and both faces may be on one.

    With `__Host-` a browser takes it only over TLS, for this host alone.
    """
    return f"__Host-smsgwd-{face}" if secure else f"smsgwd-{face}"


def session_cookie(face: str, value: str, *, secure: bool) -> tuple[str, str]:
    """The header that keeps a session, or ends it where `value` is ''."""
    name = session_name(face, secure=secure)
    rest = "; Secure" if secure else ""
    age = "" if value else "; Max-Age=0"
    return ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{rest}{age}")


def choice_cookie(name: str, value: str) -> tuple[str, str]:
    """The header that keeps a person's choice (language, theme)."""
    return ("Set-Cookie", f"{name}={value}; Path=/; Max-Age={_YEAR_S}; HttpOnly; SameSite=Lax")


def notice_cookie(kind: str, text: str) -> tuple[str, str]:
    """The header that keeps a notice for the next page; `kind` is ok or alert. An empty text forgets it."""
    if not text:
        return ("Set-Cookie", f"{NOTICE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    written = base64.urlsafe_b64encode(f"{kind}:{text[:_MOST_NOTICE]}".encode()).decode()
    return ("Set-Cookie", f"{NOTICE}={written}; Path=/; Max-Age={_NOTICE_S}; HttpOnly; SameSite=Lax")


def read_notice(value: str) -> tuple[str, str]:
    """Kind and text of a notice; ('', '') for what is none."""
    try:
        kind, _, text = base64.b64decode(value.encode("ascii"), altchars=b"-_", validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (kind, text) if kind in ("ok", "alert") else ("", "")
