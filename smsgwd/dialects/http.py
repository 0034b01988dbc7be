"""What a dialect sees of HTTP: a request, an answer, who asks, and an answer that ends everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from smsgwd.model.refusals import Refusal, Refused

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
XML: Final = "text/xml; charset=utf-8"


class Request(Protocol):
    """One request, whole; `net.http_message.HttpRequest` is one."""

    @property
    def method(self) -> str:
        """As sent: GET, POST, HEAD, ..."""
        ...

    @property
    def path(self) -> str:
        """As sent, percent-encoded, without query; where the dialect is mounted below a prefix, without that."""
        ...

    @property
    def raw_query(self) -> str:
        """What stands behind the question mark, as sent; '' without one. See `form.fields`."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case, repeats joined by ', '."""
        ...

    @property
    def body(self) -> bytes:
        """The body."""
        ...


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One answer."""

    status: int
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


class Answered(Exception):  # noqa: N818 -- it carries an answer, not an error of ours
    """Raised by a dialect where a request ends: in an error of its own, or in what nobody has to be asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


class Password(msgspec.Struct, frozen=True, gc=False):
    """A user name and a password, API key or access key: a `password` credential."""

    name: str
    secret: str


class Token(msgspec.Struct, frozen=True, gc=False):
    """A `token` credential. `name`, where sent, must be its tenant's id or a user name of its tenant."""

    secret: str
    name: str | None = None


class Asked(msgspec.Struct, gc=False):
    """A request, read: who says to ask, and for what."""

    credential: Password | Token
    label: str  #: of the endpoint, for metrics: 'isms send'; one of the dialect's `labels`
    scope: str = ""  #: what the credential must be good for (`model.tenant.SCOPES`)
    what: Any = None  #: the dialect's own


class Unproven(Refused):
    """The credentials are no good; `name_known` tells whether there is such a user (for answers that may say so)."""

    def __init__(self, name_known: bool) -> None:
        super().__init__(Refusal.UNAUTHENTICATED)
        self.name_known = name_known


class Push(msgspec.Struct, frozen=True, gc=False):
    """A callback, ready to be sent: `url` whole and percent-encoded; without `content_type` there is no body."""

    method: str  #: GET or POST
    url: str
    body: bytes = b""
    content_type: str = ""
