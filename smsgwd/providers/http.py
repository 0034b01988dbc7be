"""HTTP as a plugin speaks it: `await host.request(Request(...))`.

A request is sent once. What goes wrong is one of two things: it was not sent (`NotSent`: the provider knows nothing of
it), or it was and no answer came (`NoAnswer`: it may have been done). Left uncaught they are the right verdicts
already: temporary and unknown.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec


class NotSent(Exception):  # noqa: N818 -- says what is the case
    """The request did not leave: no name, no connection, no TLS. The text says why, without secrets."""


class NoAnswer(Exception):  # noqa: N818 -- says what is the case
    """The request was written, at least in part, and no usable answer came: a time-out, a cut, garbage."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request. `timeout_s` None = the connector's `timeout_s`, which is also the most."""

    method: str
    url: str  #: http or https, with or without a query
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_s: float | None = None

    @classmethod
    def get(cls, url: str, query: Mapping[str, str] | Iterable[tuple[str, str]] = (), **headers: str) -> Request:
        """A GET with an encoded query; names of headers with `_` for `-`."""
        return cls("GET", with_query(url, query), _named(headers))

    @classmethod
    def form(
        cls,
        url: str,
        fields: Mapping[str, str] | Iterable[tuple[str, str]],
        *,
        charset: str = "utf-8",
        headers: Mapping[str, str] = {},
    ) -> Request:
        """A POST of a form. Raises UnicodeEncodeError for text that `charset` lacks."""
        body = urlencode(
            list(fields.items() if isinstance(fields, Mapping) else fields), encoding=charset, errors="strict"
        )
        return cls("POST", url, {"Content-Type": "application/x-www-form-urlencoded", **headers}, body.encode("ascii"))

    @classmethod
    def json(cls, url: str, value: Any, *, headers: Mapping[str, str] = {}) -> Request:
        """A POST of JSON."""
        return cls("POST", url, {"Content-Type": "application/json", **headers}, msgspec.json.encode(value))


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The answer, whatever its status; redirects are not followed. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def text(self, charset: str = "utf-8") -> str:
        """The body as text; octets that do not fit are replaced."""
        return self.body.decode(charset, "replace")

    def json(self) -> Any:
        """The body as JSON. Raises NoAnswer for one that is none: what became of the request is not known then."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise NoAnswer(f"answered {self.status} with what is no JSON") from None

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of a Retry-After header; None where there is none (a date counts as none)."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else None


def with_query(url: str, query: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """`url` with an encoded query added to it."""
    added = urlencode(list(query.items() if isinstance(query, Mapping) else query))
    if not added:
        return url
    return f"{url}{'&' if '?' in url else '?'}{added}"


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
