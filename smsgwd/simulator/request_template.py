"""HTTP requests as octets, ours or any gateway's: encoded once, filled in with numbers for each request."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import quote_plus, urlsplit

from smsgwd.simulator.spread import ONE, SIZE
from smsgwd.simulator.submissions import DIGITS

_MARK = "\u2020" * DIGITS  # stands for the eight digits of a number; no text of a load contains it
_SENDER = "bench"
_AHEAD = "\u2021" * SIZE  # stands for the digits before those, where they differ


class RequestTemplate:
    """Requests of `size` messages each, with consecutive numbers; number n goes to 30690nnnnnnnn, or to one of
    `prefixes` and nnnnnnnn in turn."""

    def __init__(
        self,
        address: tuple[str, int],
        head: str,
        entry: str,
        size: int = 1,
        around: str = "{}",
        prefixes: Sequence[str] = ONE,
    ) -> None:
        """`entry` is the body's part for one message, `around` what stands around them all ('{}' is their place)."""
        before, _, after = around.partition("{}")
        body = before + ",".join([entry] * size) + after
        octets = body.encode()
        length = len(octets.replace(_MARK.encode(), b"0" * DIGITS).replace(_AHEAD.encode(), b"0" * SIZE))
        if octets or not head.startswith("GET "):
            head += f"Content-Length: {length}\r\n"
        whole = f"{head}\r\n".encode() + octets
        self.address = address  #: host, port
        self.size = size
        ahead, mark = _AHEAD.encode(), _MARK.encode()
        self._format = whole.replace(b"%", b"%%").replace(mark, b"%08d").replace(ahead, b"%b")
        marks = [found == ahead for found in re.findall(ahead + b"|" + mark, whole)]
        if len(marks) % size:
            raise ValueError("a batch needs its numbers in the messages only")
        self._each = len(marks) // size  # marks of a message
        self._marks = marks[: self._each] if any(marks) else []  # True where a prefix stands
        self._prefixes = [prefix.encode() for prefix in prefixes]

    @classmethod
    def native(cls, port: int, token: str, text: str, size: int = 0, prefixes: Sequence[str] = ONE) -> RequestTemplate:
        """POST /v1/messages of a gateway of ours on this host, or /v1/messages/batch of so many. `{n}` in the text is
        the number."""
        ahead = prefixes[0] if len(prefixes) == 1 else _AHEAD
        fields = {"from": _SENDER, "to": f"+{ahead}{_MARK}", "text": text.replace("{n}", _MARK)}
        path = "/v1/messages/batch" if size else "/v1/messages"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\n"
        )
        entry = json.dumps(fields, ensure_ascii=False)
        return cls(("127.0.0.1", port), head, entry, size or 1, '{"messages":[{}]}' if size else "{}", prefixes)

    @classmethod
    def other(
        cls, url: str, method: str, headers: tuple[str, ...], body: str, text: str, each: str = "", size: int = 1
    ) -> RequestTemplate:
        """Of another gateway. In URL and body `{dest}` is the number (without '+'), `{n}` its last eight digits,
        `{text}` the text, encoded as its place needs it. Requests of `size` messages have that many of `each`, with
        commas between, in the place of the body's `{each}`; their text has no number in it.

        Raises ValueError for what is no http URL or header.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("--target must be an http:// URL")
        try:
            port = parts.port or 80
        except ValueError:
            raise ValueError("--target has a port that is none") from None
        for header in headers:
            if ":" not in header:
                raise ValueError(f"--header {header!r} has no ':'")
        filled = text.replace("{n}", _MARK)
        quoted = _MARK.join(quote_plus(piece) for piece in text.split("{n}"))
        is_json = body.lstrip().startswith(("{", "["))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path = path.replace("{text}", quoted).replace("{dest}", ONE[0] + _MARK).replace("{n}", _MARK)
        shown = json.dumps(filled, ensure_ascii=False)[1:-1] if is_json else quoted
        if each:
            shown = shown.replace(_MARK, "0" * DIGITS)
        entry = (each or body).replace("{text}", shown).replace("{dest}", ONE[0] + _MARK).replace("{n}", _MARK)
        around = body.replace("{text}", shown).replace("{each}", "{}") if each else "{}"
        head = f"{method.upper()} {path} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
        head += "".join(f"{header}\r\n" for header in headers)
        if body and not any(header.lower().startswith("content-type:") for header in headers):
            head += f"Content-Type: {'application/json' if is_json else 'application/x-www-form-urlencoded'}\r\n"
        return cls((parts.hostname, port), head, entry, size, around)

    def request(self, first: int) -> bytes:
        """The request of the numbers from `first` on (0 to 99,999,999)."""
        each = self._each
        if self._marks:
            return self._format % self._spread(first)
        if self.size == 1:
            return self._format % ((first,) * each)
        return self._format % tuple(number for number in range(first, first + self.size) for _ in range(each))

    def _spread(self, first: int) -> tuple[int | bytes, ...]:
        """What is filled in where prefixes differ."""
        prefixes, marks = self._prefixes, self._marks
        return tuple(
            prefixes[number % len(prefixes)] if ahead else number
            for number in range(first, first + self.size)
            for ahead in marks
        )
