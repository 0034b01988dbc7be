"""The head of a request (request line and headers), read strictly from bytes: no I/O (RFC 9112 s2 to s5).

Strict, because a head that two servers read differently smuggles a request past one of them: whatever is doubtful is
refused. A client's heads are the same from request to request, so what was read is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from smsgwd.model.refusals import Refusal

MAX_HEADER_LINES = 100
"""The request line counts too."""
CHUNKED = -1
"""`Head.length` of a body whose length its chunks say."""
MALFORMED = "the request line, a header or a chunk is malformed"

_MAX_LENGTH_DIGITS = 18  # more cannot be meant, and int() refuses thousands of digits with an exception
_ENDLESS = 10**_MAX_LENGTH_DIGITS
_MAX_QUERY_FIELDS = 100
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#: What follows the question mark may be bytes that are not ASCII, as old programs send them; the path may not.
_START = rb"(" + _TOKEN + rb") ([!->@-~]+)"
_LINE = re.compile(_START + rb"(\?[!-~\x80-\xff]*)? HTTP/1\.([01])")
_BEGUN = re.compile(_START + rb"[? \r]")
_FIELDS = re.compile(rb"(?:\r\n" + _TOKEN + rb":[^\x00-\x08\x0a-\x1f\x7f]*)*")
_LINE_START = re.compile(_TOKEN + rb"|\r")
#: Whoever repeats these means two things at once.
_ONCE = frozenset({"host", "content-length", "transfer-encoding"})

_KEPT_SIZE = 2048  # bytes of the longest head that is remembered
_KEPT = (
    1024  # heads; a few MiB, at most some 40 when clients invent heads of nothing but short headers and query fields
)


class HeadError(ValueError):
    """This head is refused; `refusal` is why, the text what is wrong, without the client's bytes."""

    def __init__(self, refusal: Refusal, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal


class Head(msgspec.Struct, frozen=True, gc=False):
    """One head. `query` and `headers` are shared by all requests with this head: nobody changes them."""

    method: str
    path: str  #: as sent: percent-encoded, without query
    raw_query: str  #: as sent, a character a byte, without its question mark
    query: list[tuple[str, str]]
    headers: Mapping[str, str]  #: names in lower case, repeats joined by ', '
    keep: bool  #: the connection stays open after the answer
    length: int  #: of the body in bytes, or CHUNKED
    expects: bool  #: the client waits for `100 Continue` before it sends the body
    query_fault: str = ""  #: why `query` is empty though there is one; the framing is fine, so that is for handlers


def read_head(data: bytes) -> Head:
    """A head without the empty line at its end. Raises HeadError."""
    return _remembered(data) if len(data) <= _KEPT_SIZE else _read(data)


def read_part(data: bytes, checked: int) -> int:
    """Look at as much of a head as has come, so that what is none is refused at once and not at its deadline.

    `checked` is 0 at first, then what the last call returned: where looking goes on. Raises HeadError.
    """
    if _LINE_START.match(data) is None:
        raise HeadError(Refusal.MALFORMED, "this is no HTTP request")
    end = data.rfind(b"\r\n")
    if end > checked or end == 0:
        first = checked or data.find(b"\r\n")
        if (not checked and _LINE.fullmatch(data, 0, first) is None) or _FIELDS.fullmatch(data, first, end) is None:
            raise _malformed(data)
        if data.count(b"\r\n") > MAX_HEADER_LINES:
            raise _too_many_lines()
        checked = end
    if b"\n" in data[end + 2 if end >= 0 else 0 :]:
        raise _malformed(data)
    return checked


def glimpse(data: bytes) -> tuple[str, str, dict[str, str]] | None:
    """Method, path and well-formed headers of a head that is refused, as far as it came; None where no path is seen.

    For telling the refusal in the way of whoever is at that path, never for serving the request.
    """
    begun = _BEGUN.match(data)
    if begun is None:
        return None
    headers: dict[str, str] = {}
    for line in data.split(b"\r\n", MAX_HEADER_LINES)[1:MAX_HEADER_LINES]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers.setdefault(name.lower(), value.strip(" \t"))
    return begun[1].decode("ascii"), _path(begun[2].decode("ascii")), headers


def _read(data: bytes) -> Head:
    line_end = data.find(b"\r\n")
    if line_end < 0:
        line_end = len(data)
    line = _LINE.fullmatch(data, 0, line_end)
    if line is None or _FIELDS.fullmatch(data, line_end) is None:
        raise _malformed(data)
    if data.count(b"\r\n") >= MAX_HEADER_LINES:
        raise _too_many_lines()
    modern = line[4] == b"1"
    headers: dict[str, str] = {}
    if line_end < len(data):
        for field in data[line_end + 2 :].decode("latin-1").split("\r\n"):
            name, _, value = field.partition(":")
            name, value = name.lower(), value.strip(" \t")
            if name not in headers:
                headers[name] = value
            elif name in _ONCE:
                raise HeadError(Refusal.MALFORMED, f"there is more than one {name.title()} header")
            else:
                headers[name] += ", " + value
    if modern and "host" not in headers:
        raise HeadError(Refusal.MALFORMED, "HTTP/1.1 needs exactly one Host header")
    path = _path(line[2].decode("ascii"))
    raw_query = (line[3] or b"?")[1:].decode("latin-1")
    query, query_fault = _fields(raw_query) if raw_query else ([], "")
    keep = modern and "close" not in [token.strip() for token in headers.get("connection", "").lower().split(",")]
    length = _length(headers, modern)
    expects = modern and headers.get("expect", "").lower() == "100-continue"
    method = line[1].decode("ascii")
    return Head(method, path, raw_query, query, headers, keep, length, expects, query_fault)


#: Looking up a head of 300 bytes takes 0.3 us, reading it 6.
_remembered = lru_cache(maxsize=_KEPT)(_read)


def _malformed(data: bytes) -> HeadError:
    if b"\n" in data.replace(b"\r\n", b""):
        return HeadError(Refusal.MALFORMED, "lines must end in CR LF")
    return HeadError(Refusal.MALFORMED, MALFORMED)


def _too_many_lines() -> HeadError:
    return HeadError(Refusal.HEADERS_TOO_LARGE, f"the request line and headers have more than {MAX_HEADER_LINES} lines")


def _length(headers: Mapping[str, str], modern: bool) -> int:
    """How the body ends (RFC 9112 s6.3): its length in bytes, or CHUNKED. Raises HeadError."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if not modern:
            raise HeadError(Refusal.MALFORMED, "HTTP/1.0 has no Transfer-Encoding")
        if length is not None:
            raise HeadError(Refusal.MALFORMED, "there are both Content-Length and Transfer-Encoding")
        if coding.lower() != "chunked":
            raise HeadError(Refusal.MALFORMED, "the only Transfer-Encoding taken is chunked")
        return CHUNKED
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit()):
        raise HeadError(Refusal.MALFORMED, "Content-Length is not a number")
    return int(length) if len(length) <= _MAX_LENGTH_DIGITS else _ENDLESS


def _path(target: str) -> str:
    """The path of a request's target without query."""
    if target[:7].lower() == "http://" or target[:8].lower() == "https://":  # RFC 9112 s3.2.2: servers must take it
        slash = target.find("/", 8)
        return target[slash:] if slash > 0 else "/"
    return target


def _fields(query: str) -> tuple[list[tuple[str, str]], str]:
    """The fields of a query, and what is wrong with it."""
    if not query.isascii():
        return [], "the query is not percent-encoded"
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS), ""
    except UnicodeDecodeError:
        return [], "the query is not UTF-8"
    except ValueError:
        return [], f"the query has more than {_MAX_QUERY_FIELDS} fields"
