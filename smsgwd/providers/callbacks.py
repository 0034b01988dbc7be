"""A provider's request to us, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from smsgwd.providers.reports import Event


class CallbackRefused(Exception):  # noqa: N818 -- what is raised is an answer
    """The request is not what this provider sends: answered `status`, with `reason` as plain text. Nothing is kept."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class CallbackRequest(msgspec.Struct, frozen=True, gc=False):
    """One GET or POST to the connector's address; its token and where it comes from were checked."""

    method: str
    query: tuple[tuple[str, str], ...] = ()  #: decoded, in order
    headers: Mapping[str, str] = {}  #: names in lower case
    body: bytes = b""
    message_id: str = ""  #: ours, where the address was `Outbound.callback_url`

    def fields(self) -> dict[str, str]:
        """Query and form fields by name, the last of equal names. Raises CallbackRefused for a form that is none."""
        found = dict(self.query)
        if self.body and "form-urlencoded" in self.headers.get("content-type", ""):
            try:
                found |= parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
            except ValueError:
                raise CallbackRefused("the form cannot be read") from None
        return found

    def json(self) -> Any:
        """The body as JSON. Raises CallbackRefused for a body that is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise CallbackRefused("the body is no JSON") from None


class Callback(msgspec.Struct, frozen=True, gc=False):
    """What a request said, and its answer, which goes out when all of `events` is durable."""

    events: Sequence[Event] = ()
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
