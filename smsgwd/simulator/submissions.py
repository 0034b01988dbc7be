"""POST /v1/messages as octets: encoded once, filled in with a number for each request."""

import json

import msgspec

_MARK = "\u2020" * 8  # stands for the eight digits of the number; no text of a load contains it
DIGITS = 8


class Accepted(msgspec.Struct, gc=False):
    """One entry of the 202's `messages`."""

    id: str
    to: str
    state: str
    parts: int = 1


class Answer(msgspec.Struct, gc=False):
    """The 202's body."""

    id: str
    messages: list[Accepted]


decode_answer = msgspec.json.Decoder(Answer).decode


class Submissions:
    """Makes requests: number n goes to +30690nnnnnnnn, `{n}` in the text is the number too."""

    def __init__(self, host: str, token: str, text: str, sender: str = "bench", key_prefix: str = "") -> None:
        """With `key_prefix` each request has an Idempotency-Key made of it and the number."""
        fields = {"from": sender, "to": f"+30690{_MARK}", "text": text.replace("{n}", _MARK)}
        mark = _MARK.encode()
        body = json.dumps(fields, ensure_ascii=False).encode()
        length = len(body.replace(mark, b"0" * DIGITS))
        key = f"Idempotency-Key: {key_prefix}{_MARK}\r\n" if key_prefix else ""
        head = (
            f"POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        self._request = head.encode() + body

    def request(self, number: int) -> bytes:
        """The request of a number (0 to 99,999,999)."""
        return self._request.replace(_MARK.encode(), b"%08d" % number)


def number_of(destination: str) -> int:
    """The number in a destination made by Submissions, with or without '+'."""
    return int(destination[-DIGITS:])
