"""Redaction: phone numbers cut to their first five digits, texts and secrets dropped, queries of URLs taken out.

A processor of the log pipeline, pure. It works on field names first (a `to` is a number, a `password` is a secret),
then on the look of free text. Message ids (`id`, `..._id`) stay whole: they are what an operator searches for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

_SECRET = frozenset(
    (
        "password",
        "passwd",
        "secret",
        "token",
        "authorization",
        "secret_key",
        "api_key",
        "apikey",
        "credential",
        "cookie",
    )
)
_TEXT = frozenset(("text", "body", "short_message", "message_payload", "content", "payload"))
_NUMBER = frozenset(
    (
        *("to", "from", "sender", "recipient", "recipients", "source", "destination", "msisdn", "number", "numbers"),
        *("source_addr", "destination_addr", "dest", "from_number", "to_number"),
    )
)
_URL = frozenset(("url", "uri", "target"))
_SECRET_END = tuple(f"_{word}" for word in sorted(_SECRET))
_MAX_DEPTH = 4
_MAX_TEXT = 2000
"""Longest string logged, in characters."""
_MAX_TRACE = 8000
"""Longest traceback logged, in characters; its end says most."""
_KEPT = 5

_DIGITS = re.compile(r"\+?\d{6,}")
_FREE_NUMBER = re.compile(r"(?<![\w.:-])(?:\+\d{8,15}|(?:00)?\d{10,15})(?![\w.:-]*\w)")
_URL_PARTS = re.compile(r"^([a-z][a-z0-9+.-]*://)(?:[^/@?#]*@)?([^?#]*)([?#].*)?$", re.IGNORECASE | re.DOTALL)


def mask_number(text: str) -> str:
    """`text` with every run of six digits or more cut to its first five: '+306912345678' is '+30691***'."""
    return _DIGITS.sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    keep = _KEPT + found[0].startswith("+")
    return found[0][:keep] + "***"


def mask_url(text: str) -> str:
    """`text` without user, query and fragment of a URL, before which there may be a name."""
    name, space, url = ("", "", text) if _URL_PARTS.match(text) else text.rpartition(" ")
    parts = _URL_PARTS.match(url)
    if parts is None or "://" in name:
        return "***" if "://" in text else text
    return f"{name}{space}{parts[1]}{parts[2]}{'?***' if parts[3] else ''}"


class Redact:
    """The structlog processor."""

    def __init__(self, show_numbers: bool = False, show_text: bool = False) -> None:
        self._show_numbers = show_numbers
        self._dropped = _SECRET if show_text else _SECRET | _TEXT

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event with its fields redacted; `event`, `level` and `time` are left as they are."""
        for key in [key for key in event if key not in ("event", "level", "time", "component")]:
            if self._is_dropped(key):
                del event[key]
            else:
                event[key] = self._value(key.lower(), event[key], 0)
        return event

    def _is_dropped(self, key: str) -> bool:
        key = key.lower().replace("-", "_")
        return key in self._dropped or key.endswith(_SECRET_END)

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return "..."
        if isinstance(value, str):
            return self._string(key, value)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"{len(value)} bytes"
        if isinstance(value, int) and not isinstance(value, bool):
            return self._string(key, str(value)) if key in _NUMBER and not self._show_numbers else value
        if isinstance(value, Mapping):
            return {
                str(name): self._value(str(name).lower(), item, depth + 1)
                for name, item in value.items()
                if not self._is_dropped(str(name))
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(key, item, depth + 1) for item in value]
        if isinstance(value, BaseException):
            return self._string(key, f"{type(value).__name__}: {value}")
        return value

    def _string(self, key: str, text: str) -> str:
        if len(text) > _MAX_TEXT:
            text = "..." + text[-_MAX_TRACE:] if key in ("exception", "traceback") else text[:_MAX_TEXT] + "..."
        if key in _URL or key.endswith("_url"):
            text = mask_url(text)
        if self._show_numbers or key == "id" or key.endswith("_id"):
            return text
        return mask_number(text) if key in _NUMBER else _FREE_NUMBER.sub(_cut, text)
